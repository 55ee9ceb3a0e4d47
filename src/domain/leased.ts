import type { RateLimit } from './rates.js';

/** What of the limits' windows is leased. All times are milliseconds of one time that only goes on. */

/** Instants are leased so far ahead at most; a holder that dies loses its own. */
export const AHEAD_MS = 250;
/** J: an instant not used within this time is lost. */
export const SLOT_MS = 20;
export const SPACED_UP_TO_SECONDS = 2;
const PARTS = 60;

/** Starts leased in the window of one limit, by parts of it. */
export interface Leased {
  perSeconds: number;
  /** Number of the part that `counts` begins with, from the beginning of time. */
  from: number;
  counts: number[];
}

/** Starts that were leased and not used. */
export interface Unused {
  until: number;
  starts: number;
  /** Of instants that are spaced: the first that was not used, and the one behind the last. */
  next?: { at: number; behind: number };
}

export const isSpaced = ({ perSeconds }: RateLimit): boolean => perSeconds <= SPACED_UP_TO_SECONDS;
export const windowMs = ({ perSeconds }: { perSeconds: number }): number => perSeconds * 1000;
const partMs = ({ perSeconds }: { perSeconds: number }): number => (perSeconds * 1000) / PARTS;

/** Whole microseconds, for what is kept. */
export const upToMicros = (ms: number): number => Math.ceil(ms * 1000) / 1000;

/** Milliseconds between two instants; 0 where no limit spaces them. */
export const spacingMs = (limits: readonly RateLimit[], slotMs: number = SLOT_MS): number =>
  limits
    .filter(isSpaced)
    .reduce((most, limit) => Math.max(most, (windowMs(limit) + slotMs) / limit.count), 0);

/** How far ahead instants are leased: of short windows that are counted no more than a part. */
export const aheadMs = (limits: readonly RateLimit[]): number =>
  limits
    .filter((limit) => !isSpaced(limit))
    .reduce((least, limit) => Math.min(least, partMs(limit)), AHEAD_MS);

export const leasedOf = (all: readonly Leased[], { perSeconds }: RateLimit): Leased | undefined =>
  all.find((one) => one.perSeconds === perSeconds);

/** When what is leased in a part no longer counts. */
const endsAt = (leased: Leased, index: number): number =>
  (leased.from + index + 1) * partMs(leased) + windowMs(leased) + SLOT_MS;

/** Starts that still count. */
export function countOf(leased: Leased | undefined, now: number): number {
  let count = 0;
  leased?.counts.forEach((starts, index) => {
    if (endsAt(leased, index) > now) count += starts;
  });
  return count;
}

export const freeOf = (all: readonly Leased[], limit: RateLimit, now: number): number =>
  Math.max(0, limit.count - countOf(leasedOf(all, limit), now));

/** Starts that the limits leave for so long from now on, apart from what is leased ahead; infinite where none says. */
export const startsWithin = (
  all: readonly Leased[],
  limits: readonly RateLimit[],
  ms: number,
  now: number,
): number =>
  limits.reduce(
    (fewest, limit) =>
      Math.min(fewest, isSpaced(limit) ? ms / spacingMs([limit]) : freeOf(all, limit, now)),
    Number.POSITIVE_INFINITY,
  );

/** When so many starts will be free again. */
export function freeAtOf(
  all: readonly Leased[],
  limit: RateLimit,
  now: number,
  starts: number,
): number {
  const leased = leasedOf(all, limit);
  let missing = starts - freeOf(all, limit, now);
  if (missing <= 0) return now;
  for (const [index, count] of (leased?.counts ?? []).entries()) {
    const end = endsAt(leased as Leased, index);
    if (end > now) missing -= count;
    if (missing <= 0) return end;
  }
  return now + windowMs(limit);
}

/** What is leased, with so many starts more (or fewer) in the part that `at` falls in. */
function charged(leased: Leased, at: number, starts: number, now: number): Leased {
  const part = Math.floor(at / partMs(leased));
  let { from } = leased;
  let counts = [...leased.counts];
  const past = counts.findIndex((count, index) => count > 0 && endsAt(leased, index) > now);
  from = past === -1 ? part : from + past;
  counts = past === -1 ? [] : counts.slice(past);
  if (starts > 0 && part < from) {
    counts.unshift(...new Array<number>(from - part).fill(0));
    from = part;
  }
  const index = part - from;
  if (index >= 0 && (starts > 0 || index < counts.length)) {
    while (counts.length <= index) counts.push(0);
    counts[index] = Math.max(0, (counts[index] as number) + starts);
  }
  return { perSeconds: leased.perSeconds, from, counts };
}

/** What is leased of the limits' long windows, with so many starts more (or fewer) that end by `until`. */
export function charge(
  all: readonly Leased[],
  limits: readonly RateLimit[],
  { until, starts }: Unused,
  now: number,
): Leased[] {
  const counted = limits.filter((limit) => !isSpaced(limit));
  const isCounted = ({ perSeconds }: Leased): boolean =>
    counted.some((limit) => limit.perSeconds === perSeconds);
  return [
    ...all.filter((leased) => !isCounted(leased) && countOf(leased, now) > 0),
    ...counted.map((limit) => {
      const leased = leasedOf(all, limit) ?? { perSeconds: limit.perSeconds, from: 0, counts: [] };
      return charged(leased, until, starts, now);
    }),
  ];
}
