import { upToMicros } from './leased.js';

/**
 * At a high rate several holders share out the instants of a round, a fraction of a second, in combs: comb i of n has
 * the instants i, i + n, i + 2n … So each has instants all the time, and asks a few times a second, not for each
 * few messages. All times are milliseconds; see `leases.ts`.
 */
export interface Round {
  first: number;
  spacingMs: number;
  /** J: each instant is used within this time. */
  slotMs: number;
  combs: number;
  /** Instants of one comb. */
  teeth: number;
  /** Combs that somebody has: the first ones. */
  taken: number;
  /** From then on what is left is anybody's. */
  opensAt: number;
}

/** So many holders, or combs of one holder, can be told apart. */
const COMBS = 32;
/** In fewer instants of a comb a round has no more than some tenths of a message that is due. */
const LEAST_TEETH = 4;
/** A round is shared out so long before it begins. */
const LEAD_MS = 50;
/** What somebody has left of a round that has just been made stays for others so long. */
const TURN_MS = 25;

/** Instants that a holder may use. */
export interface Instants {
  first: number;
  /** Between two of a group; 0: at any time. */
  spacingMs: number;
  /** So many in a row, at a distance of `spacingMs`. */
  group: number;
  /** Between the beginnings of two groups. */
  strideMs: number;
  slots: number;
}

/** So many combs of the round that begins then. */
export interface RoundHeld {
  first: number;
  combs: number;
  /** When those that are still wanted may be had, if nobody has taken them; infinite where none are. */
  moreAt: number;
}

export interface RoundAsk {
  now: number;
  spacingMs: number;
  slotMs: number;
  /** How far ahead instants are leased. */
  aheadMs: number;
  /** Messages that start within a lease, as far as the holder can tell. */
  pace: number;
  /** Batches that are the holder's, and of all. */
  mine: number;
  all: number;
  /** What the holder has of a round already. */
  held: RoundHeld | null;
}

export type Offered =
  | { instants: Instants; round?: Round; held?: RoundHeld }
  /** None is anybody's before that. */
  | { instants: null; freeAt: number };

/** The instant with this number, of those that are spaced. */
export const instantAt = ({ first, spacingMs, group, strideMs }: Instants, index: number): number =>
  first + Math.floor(index / group) * strideMs + (index % group) * spacingMs;

export const endOf = ({ first, spacingMs, combs, teeth }: Round): number =>
  upToMicros(first + combs * teeth * spacingMs);

/**
 * Combs of the round that is under way, or of the next one.
 * @param nextAt the first instant that nobody has, and no round
 * @returns null where instants are leased one behind the other: the rate is low, or there is nobody to share with
 */
export function shareRound(round: Round | null, nextAt: number, ask: RoundAsk): Offered | null {
  const { now, spacingMs, slotMs, aheadMs, mine, all } = ask;
  const current =
    round && endOf(round) > now && round.spacingMs >= spacingMs && round.slotMs >= slotMs
      ? round
      : null;
  const taken = current && take(current, ask);
  if (taken) return taken;
  if (mine >= all) return null;
  const count = Math.max(COMBS, all);
  const teeth = Math.floor((aheadMs - LEAD_MS) / spacingMs / count);
  if (teeth < LEAST_TEETH) return null;
  if (nextAt > now + LEAD_MS) {
    const isLeft = current !== null && current.taken < current.combs;
    return {
      instants: null,
      freeAt: Math.min(nextAt - LEAD_MS, isLeft ? current.opensAt : nextAt),
    };
  }
  const first = upToMicros(Math.max(now, nextAt));
  const opensAt = Math.max(first, now + TURN_MS);
  const next = { first, spacingMs, slotMs, combs: count, teeth, taken: 0, opensAt };
  return take(next, ask);
}

function take(round: Round, { now, pace, mine, all, held }: RoundAsk): Offered | null {
  const { first, spacingMs, combs: count, teeth, opensAt } = round;
  const had = held?.first === first ? held.combs : 0;
  const left = count - round.taken;
  const wanted = Math.max(1, Math.ceil(pace / teeth) - had);
  const fair = Math.max(1, Math.floor((count * mine) / all)) - had;
  const combs = Math.min(wanted, left, now >= opensAt ? left : fair);
  if (combs <= 0) return null;
  return {
    instants: {
      first: upToMicros(first + round.taken * spacingMs),
      spacingMs,
      group: combs,
      strideMs: count * spacingMs,
      slots: combs * teeth,
    },
    round: { ...round, taken: round.taken + combs },
    held: {
      first,
      combs: had + combs,
      moreAt: wanted > combs && left > combs ? opensAt : Number.POSITIVE_INFINITY,
    },
  };
}
