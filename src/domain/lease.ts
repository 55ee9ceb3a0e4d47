/** A claim nobody renewed for this long belongs to a dead worker and is taken over. */
export const STALE_CLAIM_SECONDS = 300;

/** No message starts on a claim renewed longer ago than this: a minute's margin before anyone may take over. */
export const LEASE_MS = 240_000;

/** A holder renews its claim at least this often, work or no work. */
export const RENEW_EVERY_MS = 30_000;

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
export const leaseHolds = (renewed: Instant, now: Instant): boolean =>
  elapsedMs(renewed, now) < LEASE_MS;
