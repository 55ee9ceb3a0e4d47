/** So many in a window of so many seconds, wherever it starts. */
export interface RateLimit {
  count: number;
  perSeconds: number;
}

/** What a text says of rates; `wanted` is what it must be, as in `give …`. */
export type RatesRead = { limits: RateLimit[] } | { wanted: string };

const UNITS: readonly { seconds: number; name: string; also: readonly string[] }[] = [
  { seconds: 86_400, name: 'day', also: ['days', 'd'] },
  { seconds: 3_600, name: 'h', also: ['hour', 'hours', 'hr', 'hrs'] },
  // Not `m`: who means a month by it would have sent a month's mail within the minute.
  { seconds: 60, name: 'min', also: ['minute', 'minutes', 'mins'] },
  { seconds: 1, name: 's', also: ['sec', 'secs', 'second', 'seconds'] },
];

const MOST_A_SECOND = 100_000;
const MOST = 1_000_000_000;
const LONGEST_SECONDS = 31 * 86_400;
const MOST_LIMITS = 8;
/** As wide as the column. */
const LONGEST_TEXT = 255;

const SHAPE = 'limits such as 14/s,500/h,10000/day (s, min, h or day), or none';
const SHAPE_OF_ONE = 'one rate such as 5/s or 600/h (s, min, h or day)';
const ONE = /^(\d+)\s*(?:\/|\bper\b)\s*(\d*)\s*([a-z]+)$/i;

const inFigures = (value: number): string => value.toLocaleString('en-US');

/**
 * Reads `14/s,500/h,10000/day`: each limit holds, so the smallest wins. `300/30s` has a window of its own; `none` is no
 * limit.
 */
export function readRates(text: string): RatesRead {
  const given = text.trim();
  if (/^none$/i.test(given)) return { limits: [] };
  const limits: RateLimit[] = [];
  for (const part of given.split(',')) {
    const limit = readOne(part.trim(), SHAPE);
    if ('wanted' in limit) return limit;
    const { count, perSeconds } = limit;
    if (count > MOST || count / perSeconds > MOST_A_SECOND) {
      return {
        wanted: `at most ${inFigures(MOST_A_SECOND)} a second and ${inFigures(MOST)} in all, or none`,
      };
    }
    if (limits.some((other) => other.perSeconds === perSeconds)) {
      return { wanted: `one limit per ${windowName(perSeconds)}, not two` };
    }
    limits.push(limit);
  }
  if (limits.length > MOST_LIMITS) return { wanted: `at most ${MOST_LIMITS} limits` };
  limits.sort((a, b) => a.perSeconds - b.perSeconds);
  if (formatRates(limits).length > LONGEST_TEXT) {
    return { wanted: `limits of at most ${LONGEST_TEXT} characters` };
  }
  return { limits };
}

/** @param shape what is wanted where it looks like no limit at all */
function readOne(part: string, shape: string): RateLimit | { wanted: string } {
  const [, digits, times, word] = ONE.exec(part) ?? [];
  if (digits === undefined || word === undefined) return { wanted: shape };
  const name = word.toLowerCase();
  const unit = UNITS.find((known) => known.name === name || known.also.includes(name));
  if (!unit) {
    const hint = name === 'm' ? ' (a minute is min)' : '';
    return { wanted: `a rate per s, min, h or day, such as ${digits}/h${hint}` };
  }
  const count = Number(digits);
  const perSeconds = unit.seconds * (times ? Number(times) : 1);
  if (count < 1) {
    return { wanted: 'at least 1 in each limit' };
  }
  if (perSeconds < 1 || perSeconds > LONGEST_SECONDS) {
    return { wanted: 'a window from 1 s to 31 days' };
  }
  return { count, perSeconds };
}

/** `14/s`, `300/30s`, `10000/day`. */
export const formatRate = ({ count, perSeconds }: RateLimit): string =>
  `${count}/${windowName(perSeconds)}`;

/** As `readRates` takes it; `none` where there are no limits. */
export const formatRates = (limits: readonly RateLimit[]): string =>
  limits.length === 0 ? 'none' : limits.map(formatRate).join(',');

function windowName(perSeconds: number): string {
  const unit = UNITS.find(({ seconds }) => perSeconds % seconds === 0) as (typeof UNITS)[number];
  const times = perSeconds / unit.seconds;
  return `${times === 1 ? '' : times}${unit.name}`;
}

/** A rate of one send, and how it is kept. */
export interface SendRate {
  delayMs: number;
  cooldownSeconds: 0;
}

/**
 * The pause between the starts of two messages that keeps one send to a rate such as `5/s`.
 * @param longestMs that a pause may last
 */
export function readSendRate(text: string, longestMs: number): SendRate | { wanted: string } {
  const given = text.trim();
  if (/^none$/i.test(given)) return { wanted: `${SHAPE_OF_ONE}, or a delay of 0 ms for none` };
  const limit = readOne(given, SHAPE_OF_ONE);
  if ('wanted' in limit) return limit;
  const delayMs = Math.ceil((limit.perSeconds * 1000) / limit.count);
  if (limit.count / limit.perSeconds > 1000 || delayMs > longestMs) {
    return { wanted: `a rate from 1 in ${longestMs / 1000} s to 1,000/s` };
  }
  return { delayMs, cooldownSeconds: 0 };
}
