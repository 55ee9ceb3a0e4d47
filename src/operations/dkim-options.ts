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
import { type Reader, readOptions, refuse, required, secret } from './option-readers.js';

/** Nothing that is given with a key is quoted: it may be the key, in the wrong place. */
const bad = (name: string, why: string, remedy: string): CampaignError =>
  new CampaignError('BAD_SETTING', `${name} ${why}`, remedy);

const list =
  <T>(reader: Reader<T>, wanted: string): Reader<T[]> =>
  (value, name) => {
    if (Array.isArray(value)) return value.map((one, i) => reader(one, `${name}[${i}]`));
    throw bad(name, 'is no array', `give ${wanted}`);
  };

const key: Reader<DkimKey & { doubt: string | null }> = (value, name) => {
  const read = readOptions(name, value, { domain: secret, selector: secret, key: secret });
  const given = required(name, `${name}.domain`, read.domain);
  const selector = required(name, `${name}.selector`, read.selector).trim();
  const found = readDkimKey(required(name, `${name}.key`, read.key));
  const domain = readDkimDomain(given);
  if (domain === null) {
    throw bad(
      `${name}.domain`,
      'is no domain that mail can come from',
      'give the domain of your From address, such as example.org',
    );
  }
  if (!isSelector(selector, domain)) {
    throw bad(
      `${name}.selector`,
      'cannot stand in a name in DNS',
      'give letters, digits and hyphens, such as news1',
    );
  }
  if ('unfit' in found) {
    throw bad(`${name}.key`, found.unfit, 'give a private key in PEM, RSA or Ed25519');
  }
  return {
    ...found,
    doubt: found.doubt && `${name}.key ${found.doubt}`,
    domain,
    selector,
  };
};

const fieldName: Reader<string> = (value, name) => {
  const read = typeof value === 'string' ? readSkippedFields(value) : [];
  if (!Array.isArray(read) || read.length !== 1) {
    throw refuse(name, value, `one of ${SKIPPABLE}, List-…`);
  }
  return read[0] as string;
};

/** The options of `runScheduler` that say how it signs. */
export const DKIM_READERS = {
  dkim: list(key, 'an array of keys, each with domain, selector and key'),
  dkimSkipHeaders: list(fieldName, 'an array of names of header fields'),
};

/** @throws CampaignError BAD_SETTING for two keys that would have one place in DNS */
export function dkimSettings(read: {
  dkim: ReturnType<typeof DKIM_READERS.dkim> | undefined;
  dkimSkipHeaders: string[] | undefined;
}): DkimSettings {
  const keys = read.dkim ?? [];
  const same = sameInDns(keys);
  if (same) {
    throw bad('dkim', `has two keys for ${dnsNameOf(same)}`, 'give each key a selector of its own');
  }
  return {
    keys,
    skip: read.dkimSkipHeaders ?? [],
    doubts: keys.flatMap(({ doubt }) => (doubt === null ? [] : [doubt])),
  };
}
