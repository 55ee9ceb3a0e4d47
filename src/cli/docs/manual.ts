import type { AnyOption, CommandDeclaration, Completion } from '../command.js';
import { argumentOf, flagOf } from '../flags.js';

/** An option of a command as documentation has it, those that follow from `prints` and `asks` too. */
export interface DocumentedOption {
  /** `--batch-size`. */
  readonly flag: string;
  /** What stands behind it; none of one that stands alone. */
  readonly placeholder?: string;
  readonly help: string;
  readonly fallback?: unknown;
  readonly completion?: Completion;
  /** Whether it may be given more than once. */
  readonly repeated?: true;
  /** Flags that it does not go with. */
  readonly conflicts: readonly string[];
}

/** All options that a user is told of, in the order of help. */
export function optionsOf(command: CommandDeclaration): DocumentedOption[] {
  const own = Object.entries(command.options ?? {}).filter(([, option]) => !option.hidden);
  return [
    ...own.map(([key, option]) => documented(key, option)),
    ...(command.asks ? [{ flag: '--yes', help: 'do not ask', conflicts: [] }] : []),
    ...(command.prints
      ? [{ flag: '--json', help: command.json ?? 'print JSON', conflicts: conflictsWithJson(own) }]
      : []),
  ];
}

function documented(key: string, option: AnyOption): DocumentedOption {
  const { help, conflicts = [] } = option;
  const base = { flag: flagOf(key), help, conflicts: conflicts.map(flagOf) };
  if (option.kind === 'flag') return base;
  const { placeholder, completion } = option;
  const fallback = option.kind === 'value' ? option.fallback : undefined;
  return {
    ...base,
    placeholder,
    ...(option.kind === 'values' ? { repeated: true } : {}),
    ...(fallback === undefined ? {} : { fallback }),
    ...(completion === undefined ? {} : { completion }),
  };
}

const conflictsWithJson = (options: readonly (readonly [string, AnyOption])[]): string[] =>
  options.filter(([, { conflicts }]) => conflicts?.includes('json')).map(([key]) => flagOf(key));

/** `pause <id>`. */
export const usageOf = ({ name, arguments: words = {} }: CommandDeclaration): string =>
  [name, ...Object.values(words).map(argumentOf)].join(' ');

/** What an option or argument means, with what holds when it is left out. */
export const helpOf = ({ help, fallback }: Pick<DocumentedOption, 'help' | 'fallback'>): string =>
  fallback === undefined ? help : `${help} (default: ${fallback})`;
