import { type Controls, PACING_LIMITS } from '../domain/pacing.js';
import { formatRates, readRates, readSendRate, type SendRate } from '../domain/rates.js';
import { CampaignError } from '../errors.js';

/** Reads one option that was given; `name` is what errors call it. */
export type Reader<T> = (value: unknown, name: string) => T;

type Readers = Readonly<Record<string, Reader<unknown>>>;

/** What was read: undefined where an option was left out. */
export type Read<R extends Readers> = { [Name in keyof R]: ReturnType<R[Name]> | undefined };

const SHOWN_CHARACTERS = 80;

/** @throws CampaignError BAD_SETTING naming the option, its value and what is allowed */
export const refuse = (name: string, value: unknown, wanted: string): CampaignError =>
  new CampaignError('BAD_SETTING', `${name} is ${shown(value)}`, `give ${wanted}`);

/** A value for a message. Never throws; of what is no plain value, the type alone. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_CHARACTERS));
  if (typeof value === 'symbol' || typeof value === 'function') return ofType(value);
  return typeof value === 'object' && value !== null ? ofType(value) : String(value);
}

function ofType(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value !== 'object') return `of the type ${typeof value}`;
  if (Array.isArray(value)) return 'of the type Array';
  try {
    const { name } = value.constructor;
    if (typeof name === 'string' && name !== '') return `of the type ${name}`;
  } catch {
    // It has no constructor, or one that cannot be looked at.
  }
  return 'of the type object';
}

/**
 * Reads the options of one call.
 * @param call what errors call it: `queue`
 * @throws CampaignError BAD_SETTING for an option that there is not, and whatever the readers throw
 */
export function readOptions<R extends Readers>(call: string, given: unknown, readers: R): Read<R> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    // Its type alone: where an option may hold a password, so may what was given in place of the options.
    throw new CampaignError(
      'BAD_SETTING',
      `what ${call} is given is ${ofType(given)}`,
      'give an object of options',
    );
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(readers, name)) continue;
    throw new CampaignError(
      'BAD_SETTING',
      `${call} has no option ${JSON.stringify(name)}`,
      `its options are ${Object.keys(readers).join(', ')}`,
    );
  }
  const values = given as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(readers).map(([name, read]) => [
      name,
      values[name] === undefined ? undefined : read(values[name], name),
    ]),
  ) as Read<R>;
}

/** @throws CampaignError BAD_SETTING where it was left out */
export function required<T>(call: string, name: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new CampaignError('BAD_SETTING', `${name} is missing`, `give ${call} the option ${name}`);
}

export const wholeNumber =
  ({ min, max }: { min: number; max: number }): Reader<number> =>
  (value, name) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    const [from, to] = [min, max].map((limit) => limit.toLocaleString('en-US'));
    throw refuse(name, value, `a whole number from ${from} to ${to}`);
  };

/** The number of a send. */
export const sendId = wholeNumber({ min: 1, max: 999_999_999_999_999 });

/** One line of text. */
export const text =
  (max: number): Reader<string> =>
  (value, name) => {
    const wanted = `text of 1 to ${max.toLocaleString('en-US')} characters without control characters and line breaks`;
    if (typeof value !== 'string') throw refuse(name, value, wanted);
    const trimmed = value.trim();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (trimmed === '' || trimmed.length > max || /[\x00-\x1f\x7f]/.test(trimmed)) {
      throw refuse(name, value, wanted);
    }
    return trimmed;
  };

/** Text that is never shown: it may hold a password. */
export const secret: Reader<string> = (value, name) => {
  if (typeof value === 'string') return value;
  throw new CampaignError('BAD_SETTING', `${name} is no text`, `give text as ${name}`);
};

/** `14/s,500/h` as it is kept, or null for `none`. */
export const rates: Reader<string | null> = (value, name) => {
  const read = typeof value === 'string' ? readRates(value) : { wanted: 'text such as 14/s,500/h' };
  if ('wanted' in read) throw refuse(name, value, read.wanted);
  return read.limits.length === 0 ? null : formatRates(read.limits);
};

export const orNone =
  <T>(reader: Reader<T>): Reader<T | null> =>
  (value, name) =>
    value === 'none' ? null : reader(value, name);

/** `5/s`: how one send is paced. */
export const sendRate: Reader<SendRate> = (value, name) => {
  const read =
    typeof value === 'string'
      ? readSendRate(value, PACING_LIMITS.delayMs.max)
      : { wanted: 'text such as 5/s' };
  if ('wanted' in read) throw refuse(name, value, read.wanted);
  return read;
};

type GivenPacing = { readonly [Name in keyof Controls]?: number | undefined };

/**
 * A pacing as its controls have it, where it may be given as a rate.
 * @throws CampaignError BAD_SETTING where it is given both ways
 */
export function withRate<P extends GivenPacing & { rate: SendRate | undefined }>({
  rate,
  ...pacing
}: P): Omit<P, 'rate'> {
  if (rate === undefined) return pacing;
  const other = (['delayMs', 'cooldownSeconds'] as const).find(
    (key) => (pacing as GivenPacing)[key] !== undefined,
  );
  if (other === undefined) return { ...pacing, ...rate };
  throw new CampaignError(
    'BAD_SETTING',
    `rate is given beside ${other}`,
    'give the one or the other: a rate is a delay without a cooldown',
  );
}

export const oneOf =
  <const T extends string>(values: readonly T[]): Reader<T> =>
  (value, name) => {
    const known = values.find((one) => one === value);
    if (known !== undefined) return known;
    throw refuse(name, value, `one of ${values.join(', ')}`);
  };

export const flag: Reader<boolean> = (value, name) => {
  if (typeof value === 'boolean') return value;
  throw refuse(name, value, 'true or false');
};

export const signal: Reader<AbortSignal> = (value, name) => {
  if (value instanceof AbortSignal) return value;
  throw refuse(name, value, 'the signal of an AbortController');
};

/** What a function of the caller's threw, on its way back to the caller, who gets it as it was. */
export class CallbackError extends Error {
  constructor(readonly thrown: unknown) {
    super('a function of the caller failed');
  }
}

/** A function of the caller's: what it throws comes as CallbackError, for it is no fault of ours. */
export const callback =
  <F extends (...args: never[]) => unknown>(): Reader<F> =>
  (value, name) => {
    if (typeof value !== 'function') throw refuse(name, value, 'a function');
    const fail = (error: unknown): never => {
      throw new CallbackError(error);
    };
    const called = (...args: unknown[]): unknown => {
      try {
        const result: unknown = value(...args);
        return result instanceof Promise ? result.catch(fail) : result;
      } catch (error) {
        return fail(error);
      }
    };
    return called as unknown as F;
  };

export const time: Reader<Date> = (value, name) => {
  if (value instanceof Date && value.getUTCFullYear() >= 1970) return value;
  throw refuse(name, value, 'a Date from 1970 on');
};

/** What gives pieces one by one, a text itself aside. */
export const pieces: Reader<AsyncIterable<unknown> | Iterable<unknown>> = (value, name) => {
  if (
    typeof value === 'object' &&
    value !== null &&
    (Symbol.asyncIterator in value || Symbol.iterator in value)
  ) {
    return value as AsyncIterable<unknown> | Iterable<unknown>;
  }
  throw refuse(name, value, 'a stream, or something else that gives text or bytes');
};
