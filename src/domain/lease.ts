/** A claim nobody renewed for this long belongs to a dead worker and is taken over. */
export const STALE_CLAIM_SECONDS = 300;

/** A scheduler notes every few seconds that it is alive; one not seen for this long counts as gone. */
export const ALIVE_SECONDS = 20;

/** Who holds a claim, for people: `host:pid` of the `host:pid:random:number` that CLAIMED_BY has. */
export const holderOf = (claimedBy: string): string =>
  /^.*?:\d+(?=:|$)/.exec(claimedBy)?.[0] ?? claimedBy;

/** Who holds a send, as an operator sees it who is about to free it. */
export interface Holder {
  /** CLAIMED_BY. */
  by: string;
  /** Messages in flight. */
  sending: number;
  /** Seconds since the holder's last sign of life; null when none is known of. */
  seenSecondsAgo: number | null;
}

/** What a holder owes its claim, so that nobody takes it over while messages still start on it. */
export interface Lease {
  /** No message starts on a claim renewed longer ago than this. */
  holdsMs: number;
  /** The claim is renewed at least this often, work or no work. */
  renewEveryMs: number;
}

/** Of a claim that is stale after so long: a fifth of it is the margin before anyone may take over. */
export const leaseOf = (staleSeconds: number): Lease => ({
  holdsMs: staleSeconds * 800,
  renewEveryMs: staleSeconds * 100,
});

/**
 * Milliseconds on two clocks. The monotonic one stands still while a machine is suspended and the wall clock can be
 * set back, so an age is the larger of the two differences.
 */
export interface Instant {
  monotonic: number;
  wall: number;
}

export type Clock = () => Instant;

export const systemClock: Clock = () => ({ monotonic: performance.now(), wall: Date.now() });

export const elapsedMs = (since: Instant, now: Instant): number =>
  Math.max(now.monotonic - since.monotonic, now.wall - since.wall);

/** Whether a claim, last renewed by a request begun at `renewed`, still lets a message start. */
export const leaseHolds = (lease: Lease, renewed: Instant, now: Instant): boolean =>
  elapsedMs(renewed, now) < lease.holdsMs;
