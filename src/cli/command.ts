import type { ErrorCode } from '../errors.js';

/** What the shell offers for a value: names of files, ids of sends (with a status where only those make sense), or words. */
export type Completion = 'file' | 'send' | readonly string[];

/** A value on a command line: how help writes it, what it is, and how its text is read. */
export interface Value<T> {
  /** How help writes it, without brackets: `n`, `file`, `id`. */
  readonly placeholder: string;
  readonly help: string;
  /** @throws InvalidArgumentError saying what it must be; the runner adds the name of the option */
  readonly read: (text: string) => T;
  readonly completion?: Completion;
}

/** `<id>`, or `[id]` where it may be left out. */
export interface Argument<T> extends Value<T> {
  readonly optional?: true;
}

/** `--name <value>`; the name is its key in kebab-case. */
export interface ValueOption<T> extends Value<T> {
  readonly kind: 'value';
  /** What it is when it is not given, for the value and for help. */
  readonly fallback?: T;
  /** Keys of the options that it does not go with. */
  readonly conflicts?: readonly string[];
  /** Left out of help, completion, man page and README. */
  readonly hidden?: true;
}

/** `--name` alone. */
export interface Flag {
  readonly kind: 'flag';
  readonly help: string;
  readonly conflicts?: readonly string[];
  readonly hidden?: true;
}

export type AnyOption = ValueOption<unknown> | Flag;

/** A command line and what it does: `['campaign pause 42', 'and resume 42 when it is mended']`. */
export type Example = readonly [commandLine: string, what: string];

/**
 * All that is said of a command, in one place: commander's options, `--json` where it prints, `--yes` where it asks,
 * help, completion, the man page, README's tables and JSON Schemas follow from it. Loading one loads nothing heavy.
 */
export interface CommandDeclaration {
  /** `pause`, or `sandbox start`. */
  readonly name: string;
  readonly summary: string;
  /** In the order of the command line. */
  readonly arguments?: Readonly<Record<string, Argument<unknown>>>;
  readonly options?: Readonly<Record<string, AnyOption>>;
  /** Shape of `--json` in the contract, such as `progress`; none: there is no `--json`. */
  readonly prints?: string;
  /** Whether it asks before it acts: there is a `--yes`. */
  readonly asks?: true;
  /** What it may fail with beside USAGE, BAD_SETTING, INTERNAL and, of the database, DATABASE_UNREACHABLE and SCHEMA_MISMATCH. */
  readonly errors: readonly ErrorCode[];
  readonly examples: readonly Example[];
}
