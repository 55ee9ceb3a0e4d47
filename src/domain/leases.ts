import type { RateLimit } from './rates.js';

/**
 * Which instants may be used to start a message, so that in no window of a limit's length, wherever it starts, more are
 * started than the limit says. Pure: what is leased is a value that the holders read and write in turn.
 *
 * Limits of up to 2 s are kept by spacing: of instants T = (W + J) / n apart, each used within J, no n + 1 lie within W.
 * Of longer ones it is counted how many starts were leased, in 60 parts of the window, each by when it may be used at the
 * latest: what is leased, with the parts that end after now − W − J, stays ≤ n.
 *
 * All times are milliseconds of one time that only goes on; see `lease-clock.ts`.
 */

/** Instants are leased so far ahead at most; a holder that dies loses its own. */
export const AHEAD_MS = 250;
/** J: an instant not used within this time is lost. */
export const SLOT_MS = 20;
const SPACED_UP_TO_SECONDS = 2;
const PARTS = 60;
/** Who has leased last leaves the next instant to others for so long, where there are others. */
const TURN_MS = 25;
/** Who holds more than its part of a long window leaves the rest alone for so long. */
const PATIENCE_MS = 1_000;

/** Starts leased in the window of one limit, by parts of it. */
export interface Leased {
  perSeconds: number;
  /** Number of the part that `counts` begins with, from the beginning of time. */
  from: number;
  counts: number[];
}

/** What is leased of a relay's limits. */
export interface LeaseState {
  /** When it was last written. */
  at: number;
  /** By how much the database's clock is ahead of this time. */
  shiftMs: number;
  /** The first instant of those that are spaced that nobody has. */
  nextAt: number;
  /** J of a holder that cannot tell the time well, and until when others are to heed it. */
  slackMs: number;
  slackUntil: number;
  leased: Leased[];
}

export const NOTHING_LEASED: LeaseState = {
  at: 0,
  shiftMs: 0,
  nextAt: 0,
  slackMs: SLOT_MS,
  slackUntil: 0,
  leased: [],
};

/** Instants that a holder may use, each once. */
export interface Lease {
  first: number;
  /** 0: at any time. */
  spacingMs: number;
  slots: number;
  /** How many of them may be used. */
  starts: number;
  /** Nothing starts later. */
  until: number;
}

/** Starts that were leased and not used. */
export interface Unused {
  until: number;
  starts: number;
}

export interface Ask {
  now: number;
  /** By how much the holder's time may be behind. */
  lateMs: number;
  /** Messages that could start. */
  rows: number;
  /** Instants at least, where nobody else wants them and more are free than can be used. */
  slots: number;
  /** Batches that are the holder's, and of all. */
  mine: number;
  all: number;
  /** What the holder itself has leased of long windows. */
  own: readonly Leased[];
  /** Whether the last lease was the holder's, too. */
  again: boolean;
  /** Whether to take more than its part of a long window, since others have left it. */
  greedy: boolean;
}

export type Granted =
  | { lease: Lease; state: LeaseState }
  /** None is free before `freeAt`; `unfair`: some are, of others' parts. */
  | { lease: null; freeAt: number; unfair: boolean };

const isSpaced = ({ perSeconds }: RateLimit): boolean => perSeconds <= SPACED_UP_TO_SECONDS;
const windowMs = ({ perSeconds }: { perSeconds: number }): number => perSeconds * 1000;
const partMs = ({ perSeconds }: { perSeconds: number }): number => (perSeconds * 1000) / PARTS;

/** Whole microseconds, for what is kept. */
const upToMicros = (ms: number): number => Math.ceil(ms * 1000) / 1000;

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

const leasedOf = (all: readonly Leased[], { perSeconds }: RateLimit): Leased | undefined =>
  all.find((one) => one.perSeconds === perSeconds);

/** When what is leased in a part no longer counts. */
const endsAt = (leased: Leased, index: number): number =>
  (leased.from + index + 1) * partMs(leased) + windowMs(leased) + SLOT_MS;

/** Starts that still count. */
function countOf(leased: Leased | undefined, now: number): number {
  let count = 0;
  leased?.counts.forEach((starts, index) => {
    if (endsAt(leased, index) > now) count += starts;
  });
  return count;
}

const freeOf = (state: LeaseState, limit: RateLimit, now: number): number =>
  Math.max(0, limit.count - countOf(leasedOf(state.leased, limit), now));

/** When so many starts will be free again. */
function freeAtOf(state: LeaseState, limit: RateLimit, now: number, starts: number): number {
  const leased = leasedOf(state.leased, limit);
  let missing = starts - freeOf(state, limit, now);
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

/** What is left of each limit for one holder: how many starts, or when some will be. */
export function grant(state: LeaseState, limits: readonly RateLimit[], ask: Ask): Granted {
  const { now, lateMs, mine, all } = ask;
  const ahead = aheadMs(limits);
  // A holder that tells the time badly uses each instant within a longer while, which all then keep to.
  const own = Math.max(SLOT_MS, lateMs + SLOT_MS / 2);
  const slot = Math.max(own, now < state.slackUntil ? state.slackMs : 0);
  const spacing = upToMicros(spacingMs(limits, slot));
  const first = upToMicros(Math.max(now, state.nextAt));

  let slots = Math.max(ask.rows, ask.slots);
  if (spacing > 0) {
    const reach = ahead - (ask.again && mine < all ? Math.min(TURN_MS, ahead / 4) : 0);
    if (first > now + reach) return { lease: null, freeAt: first - reach, unfair: false };
    const free = Math.floor((now + ahead - first) / spacing) + 1;
    const part = Math.max(1, Math.floor(((ahead / spacing) * mine) / all));
    slots = Math.min(slots, free, part);
  }
  let starts = Math.min(ask.rows, slots);
  for (const limit of limits) {
    if (isSpaced(limit)) continue;
    const free = freeOf(state, limit, now);
    if (free === 0) {
      return { lease: null, freeAt: freeAtOf(state, limit, now, 1), unfair: false };
    }
    const part = Math.ceil((free * mine) / all);
    const left = Math.ceil((limit.count * mine) / all) - countOf(leasedOf(ask.own, limit), now);
    const fair = mine === all || ask.greedy ? part : Math.min(part, left);
    if (fair <= 0) return { lease: null, freeAt: now + PATIENCE_MS, unfair: true };
    starts = Math.min(starts, fair);
  }
  if (spacing > 0 && ask.slots <= ask.rows) slots = Math.min(slots, starts);

  const last = spacing > 0 ? upToMicros(first + (slots - 1) * spacing) : first + ahead;
  const until = spacing > 0 ? last + slot : last;
  const isSlack = own > SLOT_MS;
  return {
    lease: { first, spacingMs: spacing, slots, starts, until },
    state: {
      ...state,
      at: Math.max(state.at, upToMicros(now)),
      nextAt: spacing > 0 ? upToMicros(last + spacing) : state.nextAt,
      slackMs: isSlack ? slot : state.slackMs,
      slackUntil: isSlack ? last + 2 * SPACED_UP_TO_SECONDS * 1000 : state.slackUntil,
      leased: charge(state.leased, limits, { until, starts }, now),
    },
  };
}

/** The state once starts that were leased and not used are given back. */
export function giveBack(
  state: LeaseState,
  limits: readonly RateLimit[],
  unused: readonly Unused[],
  now: number,
): LeaseState {
  let { leased } = state;
  for (const { until, starts } of unused) {
    leased = charge(leased, limits, { until, starts: -starts }, now);
  }
  return { ...state, leased };
}

/** How a limit stands. Of one that is spaced, what is leased ahead counts as used. */
export interface LimitUse extends RateLimit {
  used: number;
  left: number;
}

export const limitUse = (
  state: LeaseState,
  limits: readonly RateLimit[],
  now: number,
): LimitUse[] =>
  limits.map((limit) => {
    const used = isSpaced(limit)
      ? Math.max(0, Math.ceil((state.nextAt - now) / spacingMs([limit])))
      : countOf(leasedOf(state.leased, limit), now);
    return { ...limit, used: Math.min(used, limit.count), left: Math.max(0, limit.count - used) };
  });

/** When the next message may start, as far as the limits go. */
export const freeAt = (
  state: LeaseState,
  limits: readonly RateLimit[],
  now: number,
): { at: number; limit: RateLimit | null } =>
  limits.reduce<{ at: number; limit: RateLimit | null }>(
    (latest, limit) => {
      const at = isSpaced(limit) ? state.nextAt - AHEAD_MS : freeAtOf(state, limit, now, 1);
      return at > latest.at ? { at, limit } : latest;
    },
    { at: now, limit: null },
  );

/** Milliseconds that so many messages take at least. */
export const lastsMs = (
  state: LeaseState,
  limits: readonly RateLimit[],
  now: number,
  messages: number,
): number =>
  limits.reduce((longest, limit) => {
    if (isSpaced(limit)) return Math.max(longest, messages * spacingMs([limit]));
    const free = freeOf(state, limit, now);
    const later = messages - free;
    if (later <= 0) return longest;
    const first = Math.min(later, limit.count - free);
    const firstMs = first > 0 ? freeAtOf(state, limit, now, free + first) - now : 0;
    const lasts = firstMs + Math.ceil((later - first) / limit.count) * windowMs(limit);
    return Math.max(longest, lasts);
  }, 0);

/** A lease in the hands of its holder. */
export class LeaseInHand {
  /** Starts that were made. */
  used = 0;
  private next = 0;

  constructor(readonly lease: Lease) {}

  /** Starts that may still be made, if their instants are not lost. */
  left(now: number, lateMs: number): number {
    const { spacingMs: spacing, slots, starts } = this.lease;
    if (now + lateMs > this.lease.until) return 0;
    const instants = spacing > 0 ? slots - this.earliest(now, lateMs) : starts;
    return Math.max(0, Math.min(starts - this.used, instants));
  }

  /** When the next start may be made; infinite when none. */
  nextAt(now: number, lateMs: number): number {
    if (this.left(now, lateMs) === 0) return Number.POSITIVE_INFINITY;
    const { first, spacingMs: spacing } = this.lease;
    return first + this.earliest(now, lateMs) * spacing;
  }

  /** Whether a start may be made now; then it counts as made. */
  take(now: number, lateMs: number): boolean {
    if (this.nextAt(now, lateMs) > now) return false;
    this.next = this.earliest(now, lateMs) + 1;
    this.used += 1;
    return true;
  }

  /** For giving back, once none of it is used any more. */
  get unused(): Unused {
    return { until: this.lease.until, starts: this.lease.starts - this.used };
  }

  private earliest(now: number, lateMs: number): number {
    const { first, spacingMs: spacing, slots, until } = this.lease;
    if (spacing === 0) return 0;
    const slot = until - (first + (slots - 1) * spacing);
    return Math.max(this.next, Math.ceil((now + lateMs - slot - first) / spacing));
  }
}
