export interface BackoffPolicy {
  firstMs: number;
  maxMs: number;
}

/**
 * How the SMTP server is doing, from what connections to it meet. After a failure everybody waits, doubling to a
 * limit; then one probe may try; its success opens the server to all again.
 * All times are monotonic milliseconds.
 */
export class ServerHealth {
  /** Failures in a row, with no success between. */
  failures = 0;
  /** Nothing starts before this time. */
  retryAt = 0;
  reason: string | null = null;
  private failedAt = Number.NEGATIVE_INFINITY;
  private probing = false;

  constructor(private readonly policy: BackoffPolicy) {}

  /** Messages that may start now besides those on the wire. */
  room(now: number): number {
    if (this.failures === 0) return Number.POSITIVE_INFINITY;
    return now < this.retryAt || this.probing ? 0 : 1;
  }

  started(): void {
    if (this.failures > 0) this.probing = true;
  }

  succeeded(): void {
    this.failures = 0;
    this.reason = null;
    this.probing = false;
  }

  /**
   * Notes a failure of something begun at `startedAt`. What was begun before the last failure met the same trouble
   * and is not counted again.
   * @returns whether it counted
   */
  failed(startedAt: number, now: number, reason: string): boolean {
    if (startedAt < this.failedAt) return false;
    this.probing = false;
    this.failures += 1;
    this.failedAt = now;
    this.reason = reason;
    this.retryAt =
      now + Math.min(this.policy.firstMs * 2 ** Math.min(this.failures - 1, 30), this.policy.maxMs);
    return true;
  }

  /** What was begun ended without telling anything about the server. */
  neutral(): void {
    this.probing = false;
  }
}
