import { encodingName } from '../domain/encoding-name.js';
import {
  checkSuppressed,
  EVERYTHING,
  readTopic,
  SUPPRESSION_REASON_LENGTH,
  SUPPRESSION_SOURCE_LENGTH,
  type Suppression,
  type SuppressionFilter,
} from '../domain/suppression.js';
import type { ImportSuppressionsOptions } from './library-types.js';
import {
  callback,
  flag,
  pieces,
  type Reader,
  readOptions,
  refuse,
  required,
  signal,
  text,
  time,
} from './option-readers.js';

const ADDRESS_LENGTH = 998;

/** What a send, or a no, is about; empty: everything. */
export const topic: Reader<string> = (value, name) => {
  const read = value === '' ? EVERYTHING : typeof value === 'string' ? readTopic(value) : undefined;
  if (read !== undefined) return read;
  throw refuse(
    name,
    value,
    'a topic of at most 63 letters (a to z), digits, dots and hyphens, of which the first is a letter or digit',
  );
};

const domain: Reader<string> = (value, name) => {
  const check = checkSuppressed(typeof value === 'string' ? `@${value.replace(/^@/, '')}` : '');
  if (check.ok) return check.norm.slice(1);
  throw refuse(name, value, 'a domain, such as example.org');
};

const encoding: Reader<string> = (value, name) => {
  const found = typeof value === 'string' ? encodingName(value) : undefined;
  if (found !== undefined) return found;
  throw refuse(name, value, 'the name of an encoding, such as utf-8 or windows-1252');
};

/** One address, or several; what each holds is checked by whoever takes them. */
const addresses: Reader<readonly string[]> = (value, name) => {
  const given: unknown = typeof value === 'string' ? [value] : value;
  if (Array.isArray(given) && given.every((one) => typeof one === 'string')) return given;
  throw refuse(name, value, 'an address or an array of addresses');
};

const reason = text(SUPPRESSION_REASON_LENGTH);
const source = text(SUPPRESSION_SOURCE_LENGTH);

const FILTER = { topic, source, reason, since: time, until: time, domain };

const given = (values: readonly string[]) => values.map((value) => ({ line: null, value }));

/** The options of each call as its operation takes them. All throw CampaignError BAD_SETTING, naming the option. */
export const suppressionOptions = {
  suppress: (who: unknown, options: unknown) => {
    const read = readOptions('suppress', options, { topic, reason, source, wholeProviders: flag });
    return {
      addresses: given(addresses(who, 'addresses')),
      topic: read.topic ?? EVERYTHING,
      reason: read.reason ?? 'asked not to be mailed',
      source: read.source ?? 'library',
      wholeProviders: read.wholeProviders ?? false,
    };
  },

  unsuppress: (options: unknown) => {
    const {
      addresses: who,
      dryRun,
      onRemoving,
      ...filter
    } = readOptions('unsuppress', options, {
      ...FILTER,
      addresses,
      dryRun: flag,
      onRemoving: callback<(entries: readonly Suppression[]) => Promise<void> | void>(),
    });
    const filtered = Object.values(filter).some((value) => value !== undefined);
    if (!filtered) required('unsuppress', 'addresses', who);
    return {
      addresses: who && given(who),
      filter,
      dryRun: dryRun ?? false,
      onRemoving: onRemoving && (async (entries: readonly Suppression[]) => onRemoving(entries)),
    };
  },

  check: (who: unknown, options: unknown) => ({
    addresses: given(addresses(who, 'addresses')),
    ...readOptions('checkSuppressed', options, { topic }),
  }),

  list: (options: unknown): SuppressionFilter => {
    const { signal: _, ...filter } = readOptions('suppressions', options, { ...FILTER, signal });
    return filter;
  },

  import: (options: unknown) => {
    const read = readOptions('importSuppressions', options, {
      list: (value: unknown, name: string) =>
        typeof value === 'string' ? text(4096)(value, name) : pieces(value, name),
      topic,
      reason,
      source,
      emailColumn: text(255),
      encoding,
      everybody: flag,
      wholeProviders: flag,
      signal,
      onProgress: callback<NonNullable<ImportSuppressionsOptions['onProgress']>>(),
    });
    return { ...read, list: required('importSuppressions', 'list', read.list) };
  },

  forget: (address: unknown, options: unknown) => ({
    address: text(ADDRESS_LENGTH)(address, 'address'),
    ...readOptions('forget', options, { blank: flag }),
  }),
};
