import type { Hold, LimitKind } from './relay.js';

/** Nobody else probes for so long: a host that is held up for a moment may still be at it. */
const PROBE_AT_LEAST_MS = 5_000;
/** Clocks that hosts read differ by no more than this, unless one of them is wrong. */
export const CLOCK_SLACK_MS = 5_000;

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

/** For how long a probe of the hold keeps others away: one that dies costs a wait. */
export function probeLeaseMs(
  { kind, tries }: Pick<Hold, 'kind' | 'tries'>,
  policy: HoldPolicy,
): number {
  const waitMs = kind === 'operator' ? 0 : holdWaitMs(kind, tries, policy);
  return Math.max(waitMs, PROBE_AT_LEAST_MS);
}

/** No wait is longer, whatever the policy of the host that made it. */
export const LONGEST_WAIT_MS = holdPolicy(Number.POSITIVE_INFINITY).quota.maxMs;

/**
 * Milliseconds that a hold lasts, or until a probe of it is due. No time was ever set further ahead than a wait: where it
 * is, the clock has gone back since, as by a failover, and the probe is due. Of one that is under way the wait may be
 * another host's, by a longer policy than ours.
 * @param nowMs by the database's clock
 */
export function holdLeftMs(
  hold: Pick<Hold, 'kind' | 'tries' | 'until'> & Partial<Pick<Hold, 'probeBy'>>,
  nowMs: number,
  policy: HoldPolicy,
): number {
  const leftMs = Math.max(0, hold.until.getTime() - nowMs);
  if (hold.kind === 'operator') return leftMs;
  const longestMs = hold.probeBy ? LONGEST_WAIT_MS : probeLeaseMs(hold, policy);
  return leftMs > longestMs + CLOCK_SLACK_MS ? 0 : leftMs;
}

/**
 * Whether a hold waits for somebody to probe it, as far as can be told without the policy. An operator's ends by its time,
 * or by the operator.
 */
export function isProbeDue({ kind, until }: Pick<Hold, 'kind' | 'until'>, now: Date): boolean {
  const leftMs = until.getTime() - now.getTime();
  return kind !== 'operator' && (leftMs <= 0 || leftMs > LONGEST_WAIT_MS + CLOCK_SLACK_MS);
}
