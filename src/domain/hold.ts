import type { LimitKind } from './relay.js';

/** How long a hold lasts until its first probe, and at most between two; milliseconds. */
export type HoldPolicy = Readonly<Record<LimitKind, { firstMs: number; maxMs: number }>>;

/** @param maxSeconds no wait is longer */
export function holdPolicy(maxSeconds: number): HoldPolicy {
  const upTo = (firstMs: number, maxMs: number) => ({
    firstMs: Math.min(firstMs, maxSeconds * 1000),
    maxMs: Math.min(maxMs, maxSeconds * 1000),
  });
  return { rate: upTo(5_000, 300_000), quota: upTo(60_000, 3_600_000) };
}

/**
 * Milliseconds until the next probe of a hold: doubling from the first wait to the limit.
 * @param tries probes that were refused
 */
export function holdWaitMs(kind: LimitKind, tries: number, policy: HoldPolicy): number {
  const { firstMs, maxMs } = policy[kind];
  return Math.min(firstMs * 2 ** Math.min(tries, 30), maxMs);
}
