import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type DkimKey,
  type DkimSettings,
  dnsNameOf,
  isSelector,
  readDkimDomain,
  readDkimKey,
  readSkippedFields,
  SKIPPABLE,
  sameInDns,
} from '../domain/dkim.js';
import { CampaignError } from '../errors.js';
import type { Variables } from './environment.js';
import { SETTINGS } from './table.js';
import { readTextFile, UnreadableText } from './text-file.js';

const CREDENTIAL = 'campaign-dkim-key';
const MAX_KEY_BYTES = 65_536;
const HELP = '`campaign help dkim` has what to type for a key and its record in DNS';

/** The settings of one key. */
interface Place {
  file: string;
  domain: string;
  selector: string;
}

const placeOf = (name: string): Place => {
  const behind = name === '' ? '' : `_${name}`;
  return {
    file: SETTINGS.dkimKeyFile.variable + behind,
    domain: SETTINGS.dkimDomain.variable + behind,
    selector: SETTINGS.dkimSelector.variable + behind,
  };
};

/**
 * The keys that messages are signed with.
 * @param credentials systemd's $CREDENTIALS_DIRECTORY, whose campaign-dkim-key… is read where no file is named
 * @throws CampaignError BAD_SETTING naming the variable; quotes no value, for each may be a key that was set in the wrong place
 */
export function readDkim(variables: Variables, credentials: string | undefined): DkimSettings {
  const doubts: string[] = [];
  const keys = ['', ...namesOf(variables)].flatMap((name) => {
    const key = readKey(name, variables, credentials, doubts);
    return key ? [key] : [];
  });
  const same = sameInDns(keys);
  if (same) {
    throw new CampaignError(
      'BAD_SETTING',
      `two DKIM keys are to stand in DNS as ${dnsNameOf(same)}`,
      'give each key a selector of its own',
    );
  }
  return { keys, skip: readSkip(variables), doubts };
}

/** The names behind the settings of further keys, in an order of their own. */
const namesOf = (variables: Variables): string[] =>
  [
    ...new Set(
      Object.values(placeOf('')).flatMap((variable) => variables.namesBehind(`${variable}_`)),
    ),
  ].sort();

/** Undefined where nothing of it is set. */
function readKey(
  name: string,
  variables: Variables,
  credentials: string | undefined,
  doubts: string[],
): DkimKey | undefined {
  const place = placeOf(name);
  const named = variables.get(place.file);
  const credential =
    credentials &&
    join(credentials, name === '' ? CREDENTIAL : `${CREDENTIAL}-${name.toLowerCase()}`);
  const file = named ?? (credential && statOf(credential) ? credential : undefined);
  const given = {
    file,
    domain: variables.get(place.domain),
    selector: variables.get(place.selector),
  };
  const parts = Object.keys(given) as (keyof Place)[];
  const set = parts.find((part) => given[part] !== undefined);
  if (set === undefined) return undefined;
  const missing = parts.find((part) => given[part] === undefined);
  if (missing !== undefined) {
    const what =
      set === 'file' && named === undefined ? `the credential ${credential}` : place[set];
    throw new CampaignError(
      'BAD_SETTING',
      `${what} is set, but ${place[missing]} is not`,
      `a DKIM key needs ${place.file}, ${place.domain} and ${place.selector}; ${HELP}`,
    );
  }
  return keyAt(place, given as Record<keyof Place, string>, named !== undefined, doubts);
}

/** @param isNamed by its setting, and so a file of the user's own making */
function keyAt(place: Place, given: Place, isNamed: boolean, doubts: string[]): DkimKey {
  const domain = readDkimDomain(given.domain);
  if (domain === null) {
    throw new CampaignError(
      'BAD_SETTING',
      `${place.domain} is no domain that mail can come from`,
      'set it to the domain of your From address, such as example.org',
    );
  }
  const selector = given.selector.trim();
  if (!isSelector(selector, domain)) {
    throw new CampaignError(
      'BAD_SETTING',
      `${place.selector} cannot stand in a name in DNS`,
      'set it to letters, digits and hyphens, such as news1',
    );
  }
  const which = isNamed ? `the file that ${place.file} names` : `the credential ${given.file}`;
  const unfit = (why: string): CampaignError =>
    new CampaignError('BAD_SETTING', `${which} ${why}`, HELP);
  const stats = statOf(given.file);
  if (stats && !stats.isFile() && !stats.isFIFO()) throw unfit('is no file');
  if (stats && stats.size > MAX_KEY_BYTES) throw unfit('is too large to be a key');
  const read = readDkimKey(textOf(given.file, unfit));
  if ('unfit' in read) throw unfit(read.unfit);
  const { doubt, ...key } = read;
  if (doubt !== null) doubts.push(`${which} ${doubt}`);
  if (isNamed && stats?.isFile() && (stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    doubts.push(`${which} can be read by others than its owner (mode ${mode}): make it 0600`);
  }
  return { ...key, domain, selector };
}

function textOf(file: string, unfit: (why: string) => CampaignError): string {
  try {
    return readTextFile(file, MAX_KEY_BYTES);
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error;
    throw unfit(`cannot be read: ${error.message}`);
  }
}

const statOf = (file: string): Stats | undefined => {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    // What is wrong with it is said by whoever reads it.
    return undefined;
  }
};

function readSkip(variables: Variables): string[] {
  const { variable } = SETTINGS.dkimSkipHeaders;
  const read = readSkippedFields(variables.get(variable) ?? '');
  if (Array.isArray(read)) return read;
  throw new CampaignError(
    'BAD_SETTING',
    `${variable} names a header field ${read.why}`,
    `set it to some of ${SKIPPABLE}, List-…, or leave it out`,
  );
}
