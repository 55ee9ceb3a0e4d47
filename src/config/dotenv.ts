import { parse } from 'dotenv';
import { CampaignError } from '../errors.js';
import { SETTINGS, type Setting } from './table.js';
import { readTextFile, UnreadableText } from './text-file.js';

/** What a file sets, and where: the lines of its settings, from 1. */
interface Dotenv {
  variables: Record<string, string>;
  lines: ReadonlyMap<string, number>;
}

export const NO_DOTENV: Dotenv = { variables: {}, lines: new Map() };

/**
 * The variables of a file as dotenv reads it; none where there is no such file.
 * @throws CampaignError BAD_SETTING for a file that cannot be read, and for a line that is meant for us and sets nothing
 */
export function readDotenv(file: string): Dotenv {
  let text: string;
  try {
    text = readTextFile(file);
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error;
    if (error.code === 'ENOENT') return NO_DOTENV;
    throw new CampaignError(
      'BAD_SETTING',
      `${file} cannot be read: ${error.message}`,
      'make it a file in UTF-8 that this user may read, or start the command in another folder',
    );
  }
  const variables = parse(text);
  const lines = new Map<string, number>();
  for (const [index, line] of text.split(/\r\n?|\n/).entries()) {
    const name = NAME_IN_LINE.exec(line)?.[1];
    if (name === undefined) continue;
    const fault = faultOf(name, line, variables);
    if (fault === undefined) {
      lines.set(name, index + 1);
      continue;
    }
    throw new CampaignError(
      'BAD_SETTING',
      `${file}, line ${index + 1}: ${fault}`,
      'write NAME=value with a name that the README has, the value in quotes where it holds anything special; in a URL write # as %23',
    );
  }
  return { variables, lines };
}

const PREFIX = 'CAMPAIGN_';
/** The last is the tests'. */
const NAMES: readonly string[] = [
  ...Object.values(SETTINGS).map(({ variable }) => variable),
  'CAMPAIGN_TEST_DATABASE_URL',
];
/** Settings that may have a name of their own behind them. */
const NAMED = new RegExp(
  `^(?:${Object.values<Setting>(SETTINGS)
    .flatMap(({ variable, named }) => (named ? [variable] : []))
    .join('|')})_\\w+$`,
);
const OUR_NAME = `(${PREFIX}\\w+|${NAMES.filter((name) => !name.startsWith(PREFIX)).join('|')})`;
/** `export NAME=`, `NAME: `, but also `set NAME=` of Windows, `$env:NAME =`, `NAME value`: the name before any value. */
const NAME_IN_LINE = new RegExp(`^\\s*[^=#'"\`]*?\\b${OUR_NAME}\\b`, 'i');
/** An unquoted value with a # in it that follows no blank. */
const CUT_VALUE = new RegExp(
  `^\\s*(?:export\\s+)?${OUR_NAME}\\s*[=:]\\s*[^\\s'"\`#][^#]*(?<!\\s)#`,
);

/** What keeps a line with this name from being the setting it is meant as; undefined where it is one. Never quotes a value. */
function faultOf(name: string, line: string, parsed: Record<string, string>): string | undefined {
  if (!NAMES.includes(name) && !NAMED.test(name)) return `there is no setting ${name}`;
  if (parsed[name] === undefined) return `${name} is not set by it`;
  if (CUT_VALUE.test(line)) return `the # in the value of ${name} would begin a comment`;
  return undefined;
}
