import {
  aheadMs,
  charge,
  countOf,
  freeAtOf,
  freeOf,
  isSpaced,
  type Leased,
  leasedOf,
  SLOT_MS,
  SPACED_UP_TO_SECONDS,
  spacingMs,
  type Unused,
  upToMicros,
} from './leased.js';
import type { RateLimit } from './rates.js';
import {
  endOf,
  type Instants,
  instantAt,
  type Offered,
  type Round,
  type RoundAsk,
  type RoundHeld,
  shareRound,
} from './rounds.js';

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

/** Who has leased last leaves the next instant to others for so long, where there are others. */
const TURN_MS = 25;
/** Who holds more than its part of a long window leaves the rest alone for so long. */
const PATIENCE_MS = 1_000;

/** What is leased of a relay's limits. */
export interface LeaseState {
  /** When it was last written. */
  at: number;
  /** By how much the database's clock is ahead of this time. */
  shiftMs: number;
  /** By how much this time has been let go back, at most, since it began; left out where it never was. */
  backMs?: number | undefined;
  /** The first instant of those that are spaced that nobody has. */
  nextAt: number;
  /** J of a holder that cannot tell the time well, and until when others are to heed it. */
  slackMs: number;
  slackUntil: number;
  leased: Leased[];
  /** The last round; left out where there was none. */
  round?: Round | undefined;
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
export interface Lease extends Instants {
  /** How many of them may be used. */
  starts: number;
  /** Nothing starts later. */
  until: number;
}

export interface Ask {
  now: number;
  /** By how much the holder's time may be behind. */
  lateMs: number;
  /** Messages that could start. */
  rows: number;
  /** Instants at least, where nobody else wants them and more are free than can be used. */
  slots: number;
  /** Messages that start within a lease, as far as the holder can tell. */
  pace: number;
  /** What the holder has of the last round that it has leased of. */
  held: RoundHeld | null;
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
  | { lease: Lease; state: LeaseState; held: RoundHeld | null }
  /** None is free before `freeAt`; `unfair`: some are, of others' parts. */
  | { lease: null; freeAt: number; unfair: boolean };

/** What is left of the limits for one holder: instants that it may use, or when some will be. */
export function grant(state: LeaseState, limits: readonly RateLimit[], ask: Ask): Granted {
  const { now, lateMs } = ask;
  const ahead = aheadMs(limits);
  // A holder that tells the time badly uses each instant within a longer while, which all then keep to.
  const own = Math.max(SLOT_MS, lateMs + SLOT_MS / 2);
  const slot = Math.max(own, now < state.slackUntil ? state.slackMs : 0);
  const spacing = upToMicros(spacingMs(limits, slot));
  const spaced = { ...ask, spacingMs: spacing, slotMs: slot, aheadMs: ahead };
  const offered =
    (spacing > 0 ? shareRound(state.round ?? null, state.nextAt, spaced) : null) ??
    inARow(state, spaced);
  if (!offered.instants) return { lease: null, freeAt: offered.freeAt, unfair: false };
  const { round, held } = offered;
  const counted = countedStarts(state, limits, ask, round ? offered.instants.slots : ask.rows);
  if (counted.starts === null) {
    const { freeAt, unfair } = counted;
    return { lease: null, freeAt, unfair };
  }

  const starts = Math.min(counted.starts, offered.instants.slots);
  // Of a row no more is taken than can be used, unless there is plenty.
  const isWhole = round !== undefined || ask.slots > ask.rows;
  const instants = isWhole ? offered.instants : { ...offered.instants, slots: starts };
  const last =
    spacing > 0 ? upToMicros(instantAt(instants, instants.slots - 1)) : instants.first + ahead;
  const until = spacing > 0 ? last + slot : last;
  const behind = round ? Math.max(state.nextAt, endOf(round)) : upToMicros(last + spacing);
  const isSlack = own > SLOT_MS;
  return {
    lease: { ...instants, starts, until },
    held: held ?? null,
    state: {
      ...state,
      at: Math.max(state.at, upToMicros(now)),
      nextAt: spacing > 0 ? behind : state.nextAt,
      slackMs: isSlack ? slot : state.slackMs,
      slackUntil: isSlack ? last + slot + 2 * SPACED_UP_TO_SECONDS * 1000 : state.slackUntil,
      leased: charge(state.leased, limits, { until, starts }, now),
      ...(round && { round }),
    },
  };
}

/** Instants one behind the other, or, where none are spaced, any time from now on. */
function inARow({ nextAt }: LeaseState, ask: Ask & RoundAsk): Offered {
  const { now, spacingMs: spacing, aheadMs: ahead, mine, all } = ask;
  const first = upToMicros(Math.max(now, nextAt));
  const instants = { first, spacingMs: spacing, group: 1, strideMs: spacing };
  const slots = Math.max(ask.rows, ask.slots);
  if (spacing === 0) return { instants: { ...instants, slots } };
  const reach = ahead - (ask.again && mine < all ? Math.min(TURN_MS, ahead / 4) : 0);
  if (first > now + reach) return { instants: null, freeAt: first - reach };
  const free = Math.floor((now + ahead - first) / spacing) + 1;
  const part = Math.max(1, Math.floor(((ahead / spacing) * mine) / all));
  return { instants: { ...instants, slots: Math.min(slots, free, part) } };
}

type Counted = { starts: number } | { starts: null; freeAt: number; unfair: boolean };

/** How many of the wanted starts the limits that are counted leave to the holder. */
function countedStarts(
  { leased }: LeaseState,
  limits: readonly RateLimit[],
  { now, mine, all, own, greedy }: Ask,
  wanted: number,
): Counted {
  let starts = wanted;
  for (const limit of limits) {
    if (isSpaced(limit)) continue;
    const free = freeOf(leased, limit, now);
    if (free === 0) return { starts: null, freeAt: freeAtOf(leased, limit, now, 1), unfair: false };
    const part = Math.ceil((free * mine) / all);
    const left = Math.ceil((limit.count * mine) / all) - countOf(leasedOf(own, limit), now);
    const fair = mine === all || greedy ? part : Math.min(part, left);
    if (fair <= 0) return { starts: null, freeAt: now + PATIENCE_MS, unfair: true };
    starts = Math.min(starts, fair);
  }
  return { starts };
}

/** The state once what was leased and not used is given back. */
export function giveBack(
  state: LeaseState,
  limits: readonly RateLimit[],
  unused: readonly Unused[],
  now: number,
): LeaseState {
  let { leased, nextAt } = state;
  for (const one of unused) {
    leased = charge(leased, limits, { until: one.until, starts: -one.starts }, now);
    // Those that nobody has leased behind: else they are lost.
    if (one.next !== undefined && one.next.behind === nextAt) nextAt = one.next.at;
  }
  return { ...state, leased, nextAt };
}

/**
 * The state for who has found another shift: what others have of the round was leased in the time before, and nothing is
 * leased between that.
 */
export const inTime = (
  state: LeaseState,
  { shiftMs, backMs }: Required<Pick<LeaseState, 'shiftMs' | 'backMs'>>,
): LeaseState =>
  state.shiftMs === shiftMs ? state : { ...state, shiftMs, backMs, round: undefined };

/** What is leased of a relay, as the database has it. */
export interface LeaseReading {
  /** As the operator gave them. */
  rates: string | null;
  /** Null before anything was leased. */
  version: number | null;
  state: LeaseState | null;
  /** Milliseconds since 1970, by its clock. */
  databaseMs: number;
  /** Batches under way of all workers. */
  batches: number;
}
