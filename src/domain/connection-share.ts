import { STALE_CLAIM_SECONDS } from './lease.js';

/** What a worker has of the relay's connections. All times are milliseconds of one time that only goes on. */
interface Share {
  /** Connections that it may have open. */
  has: number;
  /** More it would not use. */
  upTo: number;
  /** Whether it has anything to send. */
  wants: boolean;
  seenAt: number;
}

/** Who has how many of a relay's connections, over all hosts. */
export interface ShareState {
  at: number;
  /** By how much the database's clock is ahead of this time. */
  shiftMs: number;
  workers: Record<string, Share>;
}

export const NOBODY_CONNECTED: ShareState = { at: 0, shiftMs: 0, workers: {} };

/** What a worker has to know, by one look at the database. */
export interface ShareReading {
  /** Connections over all hosts; null: any number. */
  connections: number | null;
  version: number | null;
  state: ShareState | null;
  databaseMs: number;
  /** Workers that have not left, and are not proved dead. */
  workers: readonly string[];
}

/**
 * The connections of one worker. Those that want some share them evenly. A worker gives up what it has only once it has
 * closed it, and takes what is free by writing that first, guarded by the version: so at no moment are more open than
 * `most`. What a silent worker has stays its own until it has left, is proved dead, or could not start anything any more.
 * @param me.open connections it really has at this moment, those being made too
 */
export function share(
  state: ShareState,
  me: { worker: string; open: number; upTo: number; wants: boolean },
  { most, now, alive }: { most: number; now: number; alive: readonly string[] },
): { state: ShareState; allowed: number } {
  const others = Object.entries(state.workers).filter(
    ([worker, { seenAt }]) =>
      worker !== me.worker && alive.includes(worker) && now - seenAt < STALE_CLAIM_SECONDS * 1000,
  );
  const { worker, open, upTo, wants } = me;
  const had = state.workers[worker]?.has ?? 0;
  const wanting = others.filter(([, other]) => other.wants);
  const target = wants
    ? evenly(most, [...wanting, [worker, { upTo }] as const], worker)
    : wanting.length > 0
      ? 0
      : Math.min(had, open);
  const free = Math.max(0, most - others.reduce((sum, [, { has }]) => sum + has, 0));
  const allowed = Math.min(target, Math.max(had, free));
  const has = Math.min(Math.max(allowed, open), Math.max(had, allowed));
  const mine: Share = { has, upTo, wants, seenAt: now };
  return {
    allowed,
    state: {
      ...state,
      at: Math.max(state.at, now),
      workers: {
        ...Object.fromEntries(others),
        ...(has > 0 || wants ? { [worker]: mine } : {}),
      },
    },
  };
}

/** One worker's part of so many, each one's at most what it would use; the first by name have one more. */
function evenly(
  most: number,
  all: readonly (readonly [string, { upTo: number }])[],
  worker: string,
): number {
  const sorted = all.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const parts = new Map<string, number>();
  let left = most;
  for (let round = 1; left > 0; round++) {
    const takers = sorted.filter(([, { upTo }]) => upTo >= round).slice(0, left);
    if (takers.length === 0) break;
    for (const [name] of takers) parts.set(name, round);
    left -= takers.length;
  }
  return parts.get(worker) ?? 0;
}
