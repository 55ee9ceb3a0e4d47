import { type HeaderField, readHeaderField } from '../domain/header-fields.js';
import { PACING_LIMITS } from '../domain/pacing.js';
import { QUEUE_LENGTHS } from '../domain/queued.js';
import { readRates, readSendRate, type SendRate } from '../domain/rates.js';
import { DEFAULT_RELAY } from '../domain/relay.js';
import {
  type OperatorVerb,
  possibleVerbs,
  SEND_STATUSES,
  type SendStatus,
} from '../domain/states.js';
import { checkSuppressed, EVERYTHING, readTopic } from '../domain/suppression.js';
import { CampaignError } from '../errors.js';
import type { Argument, Completion, Flag, Repeated, ValueOption, ValuesOption } from './command.js';

/** Why the text of a value is none. */
export class Unfit extends Error {
  /**
   * @param wanted what it must be, as in `give …`; numbers are written by what it is given
   * @param sentence the same as commander would say it
   */
  constructor(
    readonly wanted: (number: (value: number) => string) => string,
    readonly sentence: string = `It must be ${wanted(String)}.`,
  ) {
    super(sentence);
  }
}

const unfit = (wanted: string, sentence?: string): Unfit => new Unfit(() => wanted, sentence);

/** What every option with a value says of itself. */
interface Spec<T> {
  readonly help: string;
  readonly placeholder?: string;
  readonly fallback?: T;
  readonly required?: true;
  readonly conflicts?: readonly string[];
  readonly hidden?: true;
  readonly completion?: Completion;
}

/** What the value of an option is when it is not given. */
type Absent<S> = S extends { fallback: unknown } | { required: true } ? never : undefined;

const option = <T, S extends Spec<T>>(
  spec: S,
  read: (text: string) => T | Promise<T>,
): ValueOption<T | Absent<S>> => {
  const value: ValueOption<T> = { kind: 'value', placeholder: 'text', ...spec, read };
  return value as ValueOption<T | Absent<S>>;
};

/** An option that may be repeated. */
const values = <T>(
  spec: Pick<Spec<T>, 'help' | 'placeholder' | 'conflicts' | 'hidden' | 'completion'>,
  read: (text: string) => T | Promise<T>,
): ValuesOption<T> => ({ kind: 'values', placeholder: 'text', ...spec, read });

export const flag = (help: string, rest: Pick<Flag, 'conflicts' | 'hidden'> = {}): Flag => ({
  kind: 'flag',
  help,
  ...rest,
});

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A whole number, bounds included. */
export const wholeNumber = <S extends Spec<number>>({ min, max, ...spec }: S & Bounds) =>
  option<number, S>({ placeholder: 'n', ...spec } as unknown as S, (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new Unfit((number) => `a whole number from ${number(min)} to ${number(max)}`);
  });

const DAY_SECONDS = 86_400;
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  min: 60,
  m: 60,
  h: 3600,
  d: DAY_SECONDS,
};

/** How long, in seconds: `90s`, `15m`, `2h`, `1d`, `1h30m`. */
export const duration = <S extends Spec<number>>({ maxDays, ...spec }: S & { maxDays: number }) =>
  option<number, S>({ placeholder: 'time', ...spec } as unknown as S, (given) => {
    const text = given.trim().toLowerCase();
    const parts = [...text.matchAll(/(\d{1,9}) ?(s|min|m|h|d) ?/g)];
    const seconds = parts.reduce(
      (sum, [, figure, unit = '']) => sum + Number(figure) * (UNIT_SECONDS[unit] ?? 0),
      0,
    );
    const isWhole = parts.map(([part]) => part).join('') === text;
    if (isWhole && seconds > 0 && seconds <= maxDays * DAY_SECONDS) return seconds;
    throw unfit(`a time such as 90s, 15m, 2h or 1d, of at most ${maxDays} days`);
  });

/** Any text, as it stands. */
export const anyText = <S extends Spec<string>>(spec: S) => option<string, S>(spec, (text) => text);

/** What something is looked for by, as it is given: nothing would fit everything. */
const sought = <S extends Spec<string>>(spec: S) =>
  option<string, S>(spec, (given) => {
    if (given.trim() === '') throw unfit('something that is not empty');
    return given;
  });

/** One line of at most `max` characters that is not empty, without the spaces around it. */
export const text = <S extends Spec<string>>({ max, ...spec }: S & { max: number }) =>
  option<string, S>(spec as unknown as S, (given) => {
    const value = given.trim();
    if (value.length < 1) throw unfit('something that is not empty');
    if (value.length > max) throw tooLong(max);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (/[\x00-\x1f\x7f]/.test(value)) {
      throw unfit('text without control characters and line breaks');
    }
    return value;
  });

const tooLong = (max: number): Unfit => new Unfit((number) => `at most ${number(max)} characters`);

/** `news@example.org`, or with a name; what it holds is checked by whoever makes a header of it. */
export const sender = <S extends Spec<string>>(spec: S) =>
  option<string, S>(spec, (given) => {
    if (given.length > QUEUE_LENGTHS.header) {
      throw unfit(`at most ${QUEUE_LENGTHS.header} characters`);
    }
    return given;
  });

/** `Name: value`; which names are allowed, and how often, is checked by whoever takes all of them. */
export const header = (spec: { help: string }) =>
  values<HeaderField>({ placeholder: 'header', ...spec }, (given) => {
    const field = readHeaderField(given);
    if (field) return field;
    throw unfit("a header as 'Name: value'");
  });

/** Paths of files. */
export const files = (spec: { help: string }) =>
  values<string>({ placeholder: 'file', completion: 'file', ...spec }, (path) => {
    if (path !== '') return path;
    throw unfit('the path of a file');
  });

/** A path; `-` where standard input will do. */
export const file = <S extends Spec<string>>(spec: S) =>
  option<string, S>({ placeholder: 'file', completion: 'file', ...spec }, (path) => {
    if (path !== '') return path;
    throw unfit('the path of a file');
  });

/**
 * One of some words.
 * @param sentence what is said of another word, other than in commander's way
 */
export const choice = <const T extends string, S extends Spec<T>>(
  words: readonly T[],
  { sentence, ...spec }: S & { sentence?: string },
) =>
  option<T, S>({ placeholder: 'status', completion: words, ...spec } as unknown as S, (given) => {
    const word = words.find((known) => known === given);
    if (word !== undefined) return word;
    const list = words.join(', ');
    throw unfit(`one of ${list}`, sentence ?? `Allowed choices are ${list}.`);
  });

const INSTANT = 'a time as in RFC 3339, such as 2030-01-31T09:00:00Z or 2030-01-31T09:00:00+01:00';
/** RFC 3339 §5.6, in capitals and without leap seconds. */
const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** A moment, with its offset from UTC. */
export const instant = <S extends Spec<Date>>(spec: S) =>
  option<Date, S>({ placeholder: 'time', ...spec }, (given) => {
    const value = new Date(isCalendarTime(given) ? given : Number.NaN);
    if (value.getUTCFullYear() >= 1970) return value;
    throw unfit(INSTANT);
  });

/** Whether it is one of RFC 3339, of a day that the month has: `Date` alone takes 30 February for 2 March. */
function isCalendarTime(given: string): boolean {
  const [, year, month, day] = (RFC_3339.exec(given) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  const midnight = new Date(Date.UTC(year, month - 1, day));
  return midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day;
}

export const timeZone = <S extends Spec<string>>(spec: S) =>
  option<string, S>({ placeholder: 'name', ...spec }, async (given) => {
    const { isTimeZone } = await import('../domain/time-zone.js');
    if (isTimeZone(given)) return given;
    throw unfit('the name of a time zone, such as Europe/Berlin, America/New_York or UTC');
  });

/** The name of an encoding, as `encodingName` has it. */
export const encoding = <S extends Spec<string>>(spec: S) =>
  option<string, S>({ placeholder: 'name', ...spec }, async (given) => {
    const { encodingName } = await import('../domain/encoding-name.js');
    const name = encodingName(given);
    if (name !== undefined) return name;
    throw unfit(
      'the name of an encoding, such as utf-8, utf-16le, windows-1252, windows-1251 or shift_jis',
    );
  });

/** What a send, or a no, is about; empty: everything. */
export const topic = <S extends Spec<string>>(spec: S) =>
  option<string, S>({ placeholder: 'topic', ...spec }, (given) => {
    const name = given === '' ? EVERYTHING : readTopic(given);
    if (name !== undefined) return name;
    throw unfit(
      'at most 63 letters (a to z), digits, dots and hyphens, of which the first is a letter or digit',
    );
  });

/** `14/s,500/h`; given more than once, all of them hold. */
export const rates = (spec: { help: string }) =>
  values<string>({ placeholder: 'rates', ...spec }, (given) => {
    const read = readRates(given);
    if ('wanted' in read) throw unfit(read.wanted);
    return given;
  });

/** A whole number, or null for `none`. */
export const numberOrNone = <S extends Spec<number | null>>({ min, max, ...spec }: S & Bounds) =>
  option<number | null, S>({ placeholder: 'n', ...spec } as unknown as S, (given) => {
    if (/^none$/i.test(given)) return null;
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new Unfit((number) => `a whole number from ${number(min)} to ${number(max)}, or none`);
  });

/** `5/s`: how one send is paced. */
export const sendRate = <S extends Spec<SendRate>>(spec: S) =>
  option<SendRate, S>({ placeholder: 'rate', ...spec }, (given) => {
    const read = readSendRate(given, PACING_LIMITS.delayMs.max);
    if ('wanted' in read) throw unfit(read.wanted);
    return read;
  });

/** Addresses that are given one by one; what they hold is checked by whoever writes to them. */
export const testers = (spec: { help: string }) =>
  values<string>({ placeholder: 'address', ...spec }, (text) => text);

/** Some of a few words, with commas between. */
export const someOf = <S extends Spec<readonly string[]>>(words: readonly string[], spec: S) =>
  option<readonly string[], S>({ placeholder: 'names', completion: words, ...spec }, (given) => {
    const names = given.split(',').map((name) => name.trim());
    if (names.every((name) => words.includes(name))) return names;
    throw unfit(`names of these, with commas between: ${words.join(', ')}`);
  });

/** What `read` makes of a text; it throws Unfit by way of `mustBe`. */
export const custom = <T, S extends Spec<T>>(spec: S, read: (text: string) => T) =>
  option<T, S>(spec, read);

/** @param wanted what it must be, as in `It must be …` */
export const mustBe = (wanted: string): Unfit => unfit(wanted);

function readSendId(given: string): number {
  const value = /^\d{1,15}$/.test(given) ? Number(given) : 0;
  if (value > 0) return value;
  throw new CampaignError(
    'USAGE',
    `"${given}" is not a send's number`,
    '`campaign list` shows them',
  );
}

/** The `<id>` argument. */
export const sendId: Argument<number> = {
  placeholder: 'id',
  help: 'number of the send',
  read: readSendId,
  completion: 'send',
};

/** The `<id>` argument of a command that only takes sends in these statuses. */
export const sendIn = (...sends: SendStatus[]): Argument<number> => ({
  ...sendId,
  completion: { sends },
});

/** The `<id>` argument of a command that moves a send. */
export const sendToMove = (verb: OperatorVerb): Argument<number> =>
  sendIn(...SEND_STATUSES.filter((status) => possibleVerbs(status).includes(verb)));

/** The `[id]` argument. */
export const optionalSendId: Argument<number | undefined> = { ...sendId, optional: true };

/** An option that names a send. */
export const sendOption = <S extends Spec<number>>(spec: S) =>
  option<number, S>({ placeholder: 'id', completion: 'send', ...spec }, readSendId);

/** The `[name]` argument of a relay. */
export const optionalRelay: Argument<string | undefined> = {
  placeholder: 'name',
  help: 'name of the relay; `default` is that of CAMPAIGN_SMTP_URL',
  read: (text) => text,
  optional: true,
  completion: [DEFAULT_RELAY],
};

/** The `<address...>` argument: addresses and `@domains`; what they hold is checked by whoever takes them. */
export const addresses: Repeated<string> = {
  placeholder: 'address',
  help: 'ann@example.org, or @example.org for all of a domain; - reads them from standard input, one a line',
  read: (text) => text,
  repeated: true,
};

/** A domain as entries have it, from `gmail.com` or `@gmail.com`. */
const domain = <S extends Spec<string>>(spec: S) =>
  option<string, S>({ placeholder: 'domain', ...spec }, (given) => {
    const check = checkSuppressed(`@${given.trim().replace(/^@/, '')}`);
    if (check.ok) return check.norm.slice(1);
    throw unfit('a domain, such as example.org');
  });

/** The options that choose among suppressions. */
export const suppressionFilter = {
  topic: topic({ help: 'only of this topic; "" for those to everything' }),
  source: sought({ placeholder: 'word', help: 'only what this wrote: smtp, import, manual …' }),
  reason: sought({ help: 'only those whose reason has these words, in this case' }),
  since: instant({ help: 'only from this time on (RFC 3339)' }),
  until: instant({ help: 'only from before this time' }),
  domain: domain({ help: 'only of this domain, its own entry too' }),
};
