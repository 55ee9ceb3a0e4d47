import { ERROR_SHAPE } from '../../../contract/shapes.js';
import type { SendStatus } from '../../../domain/states.js';
import type { Catalogue, CommandDeclaration, Completion } from '../../command.js';
import { type DocumentedOption, helpOf, optionsOf } from '../manual.js';

/** A word that may stand where the cursor is, and what it means. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What is offered: words, names of files as the shell knows them, or numbers of sends, which the database knows. */
export type Offer =
  | { readonly kind: 'words'; readonly words: readonly Candidate[] }
  | { readonly kind: 'files' }
  | {
      readonly kind: 'sends';
      /** Undefined: any. */
      readonly statuses: readonly SendStatus[] | undefined;
      /** What the word has so far, and what stands before the number (`--before=`). */
      readonly typed: string;
      readonly before: string;
    };

const NOTHING: Offer = { kind: 'words', words: [] };
const HELP: Candidate = { value: '--help', description: 'what there is to type' };

/**
 * What may stand in place of the last word.
 * @param typed the words behind the program's name, as they stand on the line; the last is what the cursor is in
 */
export function offerFor(typed: readonly string[], catalogue: Catalogue): Offer {
  const words = joinAssignments(typed);
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const asksHelp = before[0] === 'help';
  const path = asksHelp ? before.slice(1) : before;
  const name = commandAt(path, catalogue);
  const command = catalogue.commands.find((known) => known.name === name);
  if (!command) return offerNames(name, path, current, asksHelp, catalogue);
  if (asksHelp) return NOTHING;
  return offerIn(command, path.slice(command.name.split(' ').length), current, catalogue);
}

/** bash takes `--status=paused` apart into three words, and leaves only what is behind the sign to be replaced. */
function joinAssignments(typed: readonly string[]): string[] {
  const words: string[] = [];
  typed.forEach((word, i) => {
    const isSign = word === '=' && /^--[^=]+$/.test(words.at(-1) ?? '');
    // An option that awaits its value is followed by it, whether there is a sign or not.
    if (!isSign) words.push(word);
    else if (i === typed.length - 1) words.push('');
  });
  return words.length === 0 ? [''] : words;
}

/** The longest name of a command or group that the words begin with. */
function commandAt(words: readonly string[], { commands, groups }: Catalogue): string {
  const names = [...commands.map(({ name }) => name), ...Object.keys(groups)];
  let found = '';
  for (const word of words) {
    const longer = found === '' ? word : `${found} ${word}`;
    if (!names.includes(longer)) break;
    found = longer;
  }
  return found;
}

function offerNames(
  group: string,
  words: readonly string[],
  current: string,
  asksHelp: boolean,
  { commands, groups, topics }: Catalogue,
): Offer {
  const depth = group === '' ? 0 : group.split(' ').length;
  if (words.length > depth) return NOTHING;
  const prefix = group === '' ? '' : `${group} `;
  const named = new Map<string, string>();
  for (const { name, summary } of commands) {
    if (!name.startsWith(prefix)) continue;
    const [word = '', ...rest] = name.slice(prefix.length).split(' ');
    if (!named.has(word))
      named.set(word, rest.length === 0 ? summary : (groups[prefix + word] ?? ''));
  }
  if (group === '' && !asksHelp) named.set('help', 'explain a command or a topic');
  if (group === '' && asksHelp) for (const { name, summary } of topics) named.set(name, summary);
  const found = [...named].map(([value, description]) => ({ value, description }));
  return beginning(current, current.startsWith('-') ? [HELP] : found);
}

function offerIn(
  command: CommandDeclaration,
  words: readonly string[],
  current: string,
  catalogue: Catalogue,
): Offer {
  const options = optionsOf(command);
  const used = new Set<string>();
  const given: string[] = [];
  let awaiting: DocumentedOption | undefined;
  let onlyArguments = false;
  for (const word of words) {
    if (awaiting) awaiting = undefined;
    else if (onlyArguments || !word.startsWith('-') || word === '-') given.push(word);
    else if (word === '--') onlyArguments = true;
    else {
      const [flag = '', value] = word.split(/=(.*)/s);
      used.add(flag);
      const option = options.find((known) => known.flag === flag);
      if (option?.placeholder !== undefined && value === undefined) awaiting = option;
    }
  }
  if (awaiting) return offerValue(awaiting.completion, current, '', catalogue);
  const assigned = onlyArguments ? null : /^(--[^=]+)=(.*)$/s.exec(current);
  if (assigned) {
    const [, flag = '', typed = ''] = assigned;
    const option = options.find((known) => known.flag === flag && known.placeholder !== undefined);
    return offerValue(option?.completion, typed, `${flag}=`, catalogue);
  }
  const argument = Object.values(command.arguments ?? {})[given.length];
  const wantsOption = !onlyArguments && (current.startsWith('-') || (current === '' && !argument));
  if (!wantsOption) return offerValue(argument?.completion, current, '', catalogue, given);
  const fitting = options.filter(
    ({ flag, conflicts, repeated }) =>
      (repeated || !used.has(flag)) &&
      !conflicts.some((other) => used.has(other)) &&
      !options.some((other) => used.has(other.flag) && other.conflicts.includes(flag)),
  );
  const found = fitting.map((option) => ({ value: option.flag, description: helpOf(option) }));
  return beginning(current, [...found, HELP]);
}

function offerValue(
  completion: Completion | undefined,
  typed: string,
  before: string,
  { commands }: Catalogue,
  given: readonly string[] = [],
): Offer {
  if (completion === undefined) return NOTHING;
  if (completion === 'file') return { kind: 'files' };
  if (completion === 'schema') {
    const group = given.map((word) => `${word} `).join('');
    const printers = commands.filter(
      ({ name, prints }) => prints !== undefined && name.startsWith(group),
    );
    const names = new Set(printers.map(({ name }) => name.slice(group.length).replace(/ .*/, '')));
    if (group === '') names.add(ERROR_SHAPE);
    return beginning(
      typed,
      [...names].map((value) => ({ value, description: '' })),
    );
  }
  if (completion === 'send') return { kind: 'sends', statuses: undefined, typed, before };
  if ('sends' in completion) return { kind: 'sends', statuses: completion.sends, typed, before };
  return beginning(
    before + typed,
    completion.map((word) => ({ value: before + word, description: '' })),
  );
}

const beginning = (typed: string, words: readonly Candidate[]): Offer => ({
  kind: 'words',
  words: words.filter(({ value }) => value.startsWith(typed)),
});
