import leven from 'leven';
import { parse, TomlDate, TomlError } from 'smol-toml';
import { CampaignError } from '../errors.js';
import type { AnyOption } from './command.js';
import { flagOf } from './flags.js';
import { Unfit } from './readers.js';

type Options = Readonly<Record<string, AnyOption>>;

/** As `flagOf`, without the hyphens. */
const nameOf = (key: string): string => flagOf(key).slice(2);

/** What is nothing of the message, or what the folder has files for. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  list: 'give --list on the command line',
  rejects: 'give --rejects on the command line',
  dryRun: 'give --dry-run on the command line',
  message: 'the folder itself is the message',
  eml: 'give --eml on the command line, without a folder',
  html: 'put it into the folder, as message.html',
  text: 'put it into the folder, as message.txt',
  markdown: 'put it into the folder, as message.md',
  attach: 'put the file into attachments/, in the folder',
};

/**
 * Reads options from a file in TOML whose keys are the names of flags.
 * @param path how errors call it
 * @throws CampaignError BAD_FILE naming line and column
 */
export async function readMessageToml(
  path: string,
  source: string,
  options: Options,
): Promise<Record<string, unknown>> {
  const table = parseToml(path, source);
  const known = Object.keys(options).filter((key) => !options[key]?.hidden && !(key in ELSEWHERE));
  const read: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(table)) {
    const bad = (what: string, remedy: string): CampaignError =>
      new CampaignError('BAD_FILE', `${path}${placeOf(source, name)}: ${what}`, remedy);
    const key = Object.keys(options).find((one) => nameOf(one) === name);
    const option = key === undefined ? undefined : options[key];
    if (key === undefined || !option || option.hidden) throw unknownKey(name, known, bad);
    const elsewhere = ELSEWHERE[key];
    if (elsewhere !== undefined) throw bad(`${name} is not given here`, elsewhere);
    read[key] = await readOption(name, option, value, bad);
  }
  refuseConflicts(Object.keys(read), options, (name, what) => {
    const place = placeOf(source, name);
    return new CampaignError('BAD_FILE', `${path}${place}: ${what}`, 'leave one of them out');
  });
  return read;
}

function parseToml(path: string, source: string): Record<string, unknown> {
  try {
    return parse(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new CampaignError(
      'BAD_FILE',
      `${path}, line ${error.line}, column ${error.column}: ${what}`,
      'write it in TOML (https://toml.io): from = "News <news@example.org>"',
      { cause: error },
    );
  }
}

/** Where a key stands, as errors have it; nothing where it cannot be told. */
function placeOf(source: string, name: string): string {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const key = new RegExp(`^[ \\t]*\\[?[ \\t]*(["']?)${escaped}\\1[ \\t]*[=.\\]]`, 'm').exec(source);
  if (!key) return '';
  const line = source.slice(0, key.index).split('\n').length;
  return `, line ${line}, column ${key[0].search(/\S/) + 1}`;
}

type Bad = (what: string, remedy: string) => CampaignError;

function unknownKey(name: string, known: readonly string[], bad: Bad): CampaignError {
  const names = known.map(nameOf);
  const plain = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('_', '-');
  const [nearest] = names
    .map((one) => ({ one, distance: leven(one, plain) }))
    .filter(({ distance }) => distance <= Math.max(1, Math.floor(plain.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return bad(
    `there is no key "${name}"${nearest ? `; did you mean ${nearest.one}?` : ''}`,
    `the keys are the names of flags: ${names.join(', ')}`,
  );
}

async function readOption(
  name: string,
  option: AnyOption,
  value: unknown,
  bad: Bad,
): Promise<unknown> {
  if (option.kind === 'flag') {
    if (typeof value === 'boolean') return value;
    throw bad(`${name} is ${JSON.stringify(value)}`, 'give true or false');
  }
  const read = async (text: string): Promise<unknown> => {
    try {
      return await option.read(text);
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      throw bad(
        `${name} ${JSON.stringify(text)} is not allowed`,
        `give ${error.wanted((number) => number.toLocaleString('en-US'))}`,
      );
    }
  };
  if (option.kind === 'values') {
    return Promise.all(textsOf(name, value, bad).map(read));
  }
  const text = textOf(value);
  if (text === undefined) throw bad(`${name} is no text`, `write it as ${name} = "…"`);
  return read(text);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return value instanceof TomlDate ? value.toISOString() : undefined;
}

/** One text, several, or a table whose keys are put before the values: `[header]`. */
function textsOf(name: string, value: unknown, bad: Bad): string[] {
  const remedy = `write it as ${name} = ["…", "…"]`;
  const entries =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
      ? Object.entries(value).map(([key, one]) => [`${key}: `, one] as const)
      : [value].flat().map((one) => ['', one] as const);
  return entries.map(([before, one]) => {
    const text = textOf(one);
    if (text === undefined) throw bad(`${name} has something that is no text`, remedy);
    return before + text;
  });
}

/** @throws what `bad` makes of two that do not go together */
function refuseConflicts(
  keys: readonly string[],
  options: Options,
  bad: (name: string, what: string) => CampaignError,
): void {
  for (const key of keys) {
    const other = options[key]?.conflicts?.find((one) => keys.includes(one));
    if (other === undefined) continue;
    throw bad(nameOf(key), `${nameOf(key)} does not go with ${nameOf(other)}`);
  }
}
