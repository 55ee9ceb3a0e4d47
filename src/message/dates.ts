import { minutesAhead } from '../domain/time-zone.js';

/** A point of time as clocks of a zone show it. */
export interface Moment {
  /** Its UTC fields are what the clocks show. */
  clock: Date;
  /** Minutes by which the clocks are ahead of UTC. */
  ahead: number;
  /** What `%Z` prints; empty for a zone that has no name. */
  zone: string;
}

/** A zone's name, or its minutes behind UTC, as `Date.getTimezoneOffset` counts. */
export type Zone = string | number;

const MINUTE = 60_000;

const aheadOf = (zone: Zone, at: number): number =>
  typeof zone === 'number' ? -zone : minutesAhead(zone, at);

/** An instant, in milliseconds since 1970, on the clocks of a zone: summer time is what it was then. */
function instant(at: number, zone: Zone): Moment | undefined {
  if (Number.isNaN(new Date(at).getTime())) return undefined;
  const ahead = aheadOf(zone, at);
  return {
    clock: new Date(at + ahead * MINUTE),
    ahead,
    zone: typeof zone === 'string' ? zone : '',
  };
}

/** What clocks show, wherever they hang; the zone only says how far they are ahead. */
function onTheClock(shown: number, zone: Zone): Moment | undefined {
  if (Number.isNaN(shown)) return undefined;
  const about = shown - aheadOf(zone, shown) * MINUTE;
  const ahead = aheadOf(zone, about);
  return { clock: new Date(shown), ahead, zone: typeof zone === 'string' ? zone : '' };
}

/** A time of day and the offset behind it, as RFC 3339, RFC 5322 §3.3 and `Date.toString` write it. */
const WITH_OFFSET =
  /\d:\d\d(?::\d\d(?:[.,]\d+)?)?\s*(?:[ap]m\s*)?(?:Z|(?:UTC?|GMT|[ECMP][SD]T)(?:\s*[+-]\d\d?(?::?\d\d)?)?|[+-]\d\d(?::?\d\d)?)(?:\s+\d{4})?\s*(?:\(.*\))?$/i;
/** A day alone with an offset, as XML Schema has it: a day all the same. */
const DAY_WITH_OFFSET = /^(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:?\d\d)$/i;
const ISO_TIME = /^\d{4}-\d\d-\d\dT/i;
/** ISO 8601's basic format, and MySQL's with a time, which would else be taken for a time since 1970. */
const COMPACT_DAY = /^((?:19|20|21)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/;
const COMPACT_TIME =
  /^((?:19|20|21)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])([0-5]\d)([0-5]\d)$/;
/** With dots the day comes first. */
const DOTTED_DAY = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)/;

/** No text that says a date is longer. */
const MAX_LENGTH = 100;
const NUMBER = /^[+-]?\d*[.,]?\d+$/;
const YEAR = /(?<!\d)\d{4}(?!\d)/;
const MONTH =
  /^(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)$/i;
/** What may stand in a date beside names of months: days of the week, and what goes with a time. */
const OTHER_WORD =
  /^(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?|[ap]m|t|z|utc?|gmt|[ecmp][sd]t)$/i;

/** Whether text may be handed to `Date.parse`, which also makes a day in 2001 of `Room 12`, `12.5` and `-5`. */
function saysDate(text: string): boolean {
  if (text.length > MAX_LENGTH || NUMBER.test(text)) return false;
  const words = text.replace(/\(.*\)$/, '').match(/\p{L}+/gu) ?? [];
  const hasMonth = words.some((word) => MONTH.test(word));
  return (
    (hasMonth || YEAR.test(text)) &&
    words.every((word) => MONTH.test(word) || OTHER_WORD.test(word))
  );
}

/** Seconds since 1970, or milliseconds where there are 12 to 14 digits; more are nothing that clocks count in. */
function sinceEpoch(count: number, zone: Zone): Moment | undefined {
  const size = Math.abs(count);
  if (size >= 1e14) return undefined;
  return instant(size >= 1e11 ? count : count * 1000, zone);
}

/**
 * Reads a date as Liquid's `date` takes it: `now`, `today`, seconds or milliseconds since 1970, or text. A day alone, and a time without
 * an offset, are what they say in any zone; all others are instants and shown in `zone`.
 * @param now milliseconds since 1970
 * @returns undefined when it is no date
 * @throws RangeError when there is no such zone
 */
export function readMoment(value: string | number, zone: Zone, now: number): Moment | undefined {
  if (typeof value === 'number') return sinceEpoch(value, zone);
  const text = value
    .trim()
    .replace(COMPACT_DAY, '$1-$2-$3')
    .replace(COMPACT_TIME, '$1-$2-$3T$4:$5:$6')
    .replace(DOTTED_DAY, '$3-$2-$1')
    .replace(DAY_WITH_OFFSET, '$1');
  if (text === 'now' || text === 'today') return instant(now, zone);
  if (/^\d+$/.test(text)) return sinceEpoch(Number(text), zone);
  if (!saysDate(text)) return undefined;
  if (WITH_OFFSET.test(text))
    return instant(Date.parse(text.replace(/([+-]\d\d)$/, '$1:00')), zone);
  return onTheClock(Date.parse(ISO_TIME.test(text) ? `${text}Z` : `${text} UTC`), zone);
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const dayOfYear = (clock: Date): number =>
  Math.round(
    (Date.UTC(2000, clock.getUTCMonth(), clock.getUTCDate()) - Date.UTC(2000, 0, 1)) / 86_400_000,
  ) + (clock.getUTCMonth() > 1 && !isLeap(clock.getUTCFullYear()) ? 0 : 1);

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** Weeks begun since the year's first `first` weekday (0 is Sunday); the days before it are week 0. */
const week = (clock: Date, first: number): number =>
  Math.floor((dayOfYear(clock) + 6 - ((clock.getUTCDay() - first + 7) % 7)) / 7);

const hour12 = (clock: Date): number => clock.getUTCHours() % 12 || 12;

function ordinal(day: number): string {
  if (day >= 11 && day <= 13) return 'th';
  return ['th', 'st', 'nd', 'rd'][day % 10] ?? 'th';
}

const offset = (ahead: number, colon: boolean): string => {
  const minutes = Math.abs(Math.trunc(ahead));
  const digits = (n: number): string => String(n).padStart(2, '0');
  return `${ahead < 0 ? '-' : '+'}${digits(Math.floor(minutes / 60))}${colon ? ':' : ''}${digits(minutes % 60)}`;
};

interface Conversion {
  text(moment: Moment, flags: string, width: number): string | number;
  /** Padded to so many characters, with zeros or as `pad` says. */
  width?: number;
  pad?: ' ';
}

const clockText = (method: 'toLocaleString' | 'toLocaleDateString' | 'toLocaleTimeString') => ({
  text: ({ clock }: Moment) => clock[method]('en-US', { timeZone: 'UTC' }),
});

/** Conversions of strftime(3) that Liquid's `date` knows; names are English on every host. */
const CONVERSIONS: Record<string, Conversion> = {
  a: { text: ({ clock }) => (DAYS[clock.getUTCDay()] ?? '').slice(0, 3), pad: ' ' },
  A: { text: ({ clock }) => DAYS[clock.getUTCDay()] ?? '', pad: ' ' },
  b: { text: ({ clock }) => (MONTHS[clock.getUTCMonth()] ?? '').slice(0, 3), pad: ' ' },
  B: { text: ({ clock }) => MONTHS[clock.getUTCMonth()] ?? '', pad: ' ' },
  c: { ...clockText('toLocaleString'), pad: ' ' },
  C: { text: ({ clock }) => Math.floor(clock.getUTCFullYear() / 100), width: 2 },
  d: { text: ({ clock }) => clock.getUTCDate(), width: 2 },
  e: { text: ({ clock }) => clock.getUTCDate(), width: 2, pad: ' ' },
  h: { text: ({ clock }) => (MONTHS[clock.getUTCMonth()] ?? '').slice(0, 3), pad: ' ' },
  H: { text: ({ clock }) => clock.getUTCHours(), width: 2 },
  I: { text: ({ clock }) => hour12(clock), width: 2 },
  j: { text: ({ clock }) => dayOfYear(clock), width: 3 },
  k: { text: ({ clock }) => clock.getUTCHours(), width: 2, pad: ' ' },
  l: { text: ({ clock }) => hour12(clock), width: 2, pad: ' ' },
  L: { text: ({ clock }) => clock.getUTCMilliseconds(), width: 3 },
  m: { text: ({ clock }) => clock.getUTCMonth() + 1, width: 2 },
  M: { text: ({ clock }) => clock.getUTCMinutes(), width: 2 },
  n: { text: () => '\n' },
  N: {
    text: ({ clock }, _flags, width) => {
      const digits = width || 9;
      return String(clock.getUTCMilliseconds())
        .padStart(3, '0')
        .slice(0, digits)
        .padEnd(digits, '0');
    },
  },
  p: { text: ({ clock }) => (clock.getUTCHours() < 12 ? 'AM' : 'PM'), pad: ' ' },
  P: { text: ({ clock }) => (clock.getUTCHours() < 12 ? 'am' : 'pm'), pad: ' ' },
  q: { text: ({ clock }) => ordinal(clock.getUTCDate()) },
  s: { text: ({ clock, ahead }) => Math.floor((clock.getTime() - ahead * MINUTE) / 1000) },
  S: { text: ({ clock }) => clock.getUTCSeconds(), width: 2 },
  t: { text: () => '\t' },
  u: { text: ({ clock }) => clock.getUTCDay() || 7 },
  U: { text: ({ clock }) => week(clock, 0), width: 2 },
  w: { text: ({ clock }) => clock.getUTCDay() },
  W: { text: ({ clock }) => week(clock, 1), width: 2 },
  x: clockText('toLocaleDateString'),
  X: clockText('toLocaleTimeString'),
  y: { text: ({ clock }) => ((clock.getUTCFullYear() % 100) + 100) % 100, width: 2 },
  Y: { text: ({ clock }) => clock.getUTCFullYear(), width: 4 },
  z: { text: ({ ahead }, flags) => offset(ahead, flags.includes(':')) },
  Z: { text: ({ zone, ahead }, flags) => zone || offset(ahead, flags.includes(':')) },
  '%': { text: () => '%' },
};

function swapCase(text: string): string {
  return /[a-z]/.test(text) ? text.toUpperCase() : text.toLowerCase();
}

/**
 * A moment as strftime(3) writes it, with the flags `-_0^#:` and a width.
 * @param charge told how many characters padding makes; throws when that is too much
 */
export const strftime = (
  moment: Moment,
  format: string,
  charge: (characters: number) => void,
): string =>
  format.replace(
    /%([-_0^#:]*)(\d*)[EO]?(.)/gs,
    (all, flags: string, digits: string, code: string) => {
      const conversion = Object.hasOwn(CONVERSIONS, code) ? CONVERSIONS[code] : undefined;
      if (!conversion) return all;
      const width = Number(digits);
      charge(width);
      let text = String(conversion.text(moment, flags, width));
      if (flags.includes('^')) text = text.toUpperCase();
      else if (flags.includes('#')) text = swapCase(text);
      if (flags.includes('-')) return text;
      const pad = flags.includes('_') ? ' ' : flags.includes('0') ? '0' : (conversion.pad ?? '0');
      return text.padStart(width || (conversion.width ?? 0), pad);
    },
  );
