/** How long a server that fails is left alone: doubling from the first failure on, to a limit. */
export interface BackoffPolicy {
  firstMs: number;
  maxMs: number;
}

/** How many connections a server takes at a time, and its words when they are fewer than we may make. */
export interface Learnt {
  connections: number;
  reason: string;
}

/** However fast the server is, and whatever it bears. */
const FEWEST = 4;

/** Messages that must go well before one more connection is tried; many more each time that failed. */
const REGROW_AFTER = 20;
const REGROW_LATER = 4;
const REGROW_AT_MOST_AFTER = 320;

/** After one more was tried in vain, the next try is so many times later. */
const TRY_LATER = 4;
const TRY_AT_LATEST_MS = 120_000;
/** Refusals that come together are told of together, when no more have come for so long. */
const SETTLED_MS = 200;

/**
 * How many connections to one server may be used now. Four rules bound them: `width` is the fewest of the first three,
 * `room` holds all back by the fourth.
 * - As few as keep up. A message that waits a moment for one in use goes out behind the message before it, in one write
 *   and one round trip. Where the server is too slow for that, each moment without progress doubles the number.
 * - What it bears. A server that fails gets half as many as it failed under, and then one more at a time: it may have been
 *   the number that was too much for it.
 * - What it takes, which is learnt from those that it refuses while others are open. After a while one more is tried, and
 *   then another.
 * - None after a failure, for a time that doubles to a limit; then one probe, whose success opens the server to all again.
 *
 * Times are monotonic milliseconds; the limit has no timer of its own.
 */
export class ConnectionLimit {
  /** Failures in a row, with no success between. */
  failures = 0;
  /** Nothing starts before this time. */
  retryAt = 0;
  /** What the last failure was, if nothing has succeeded since. */
  reason: string | null = null;
  /** Connections that the server takes at a time, as far as is known. */
  takes: number;
  /** Connections that we may use, where hosts share them. */
  allowed = Number.POSITIVE_INFINITY;
  /** When `tryOneMore` is due; infinite while there is nothing to try. */
  triesMoreAt = Number.POSITIVE_INFINITY;

  private keepingUp = FEWEST;
  private stalled = false;

  private bears: number;
  private regrowAfter = REGROW_AFTER;
  private wentWell = 0;

  private failedAt = Number.NEGATIVE_INFINITY;
  private probing = false;

  /** Whether `takes` is one more than the server is known to take. */
  private trying = false;
  private tryAfterMs: number;
  private refusedAt = Number.NEGATIVE_INFINITY;
  private refusal = '';
  private told: number;
  private toldAt = Number.NEGATIVE_INFINITY;

  /**
   * @param most       connections we may make
   * @param firstTryMs milliseconds after a refusal until one more is tried
   */
  constructor(
    private readonly most: number,
    private readonly firstTryMs: number,
  ) {
    this.takes = most;
    this.told = most;
    this.bears = most;
    this.tryAfterMs = firstTryMs;
  }

  /** Connections to use while the server is well. */
  get width(): number {
    return Math.min(this.keepingUp, this.bears, this.usable);
  }

  /** Connections that may be open. */
  get usable(): number {
    return Math.min(this.takes, this.allowed);
  }

  /** Messages that may start now besides those on the wire, on whatever connection: 0 while backing off, 1 for a probe. */
  room(now: number): number {
    if (this.failures === 0) return Number.POSITIVE_INFINITY;
    return now < this.retryAt || this.probing ? 0 : 1;
  }

  // ── As few as keep up ────────────────────────────────────────────────────

  get canWiden(): boolean {
    return this.keepingUp < this.bears;
  }

  /** Messages waited, and none was taken. */
  widen(): void {
    this.keepingUp = Math.max(FEWEST, Math.min(this.keepingUp * 2, this.most));
    this.stalled = true;
  }

  /** No message waits any more. */
  drained(): void {
    if (!this.stalled) this.keepingUp = Math.max(FEWEST, this.keepingUp / 2);
    this.stalled = false;
  }

  // ── Whether the server is well, and what it bears ────────────────────────

  /** A message was begun. */
  started(): void {
    if (this.failures > 0) this.probing = true;
  }

  /** A message went well. */
  succeeded(): void {
    if (this.failures > 0) {
      this.failures = 0;
      this.reason = null;
      this.probing = false;
    }
    if (this.bears < this.most) this.regrow();
  }

  /** What was begun ended without telling anything about the server. */
  neutral(): void {
    this.probing = false;
  }

  /**
   * Notes a failure of something begun at `startedAt`. What was begun before the last failure met the same trouble
   * and is not counted again.
   * @param crowded whether it takes no more connections, and none of ours is open: fewer would not mend that
   * @returns whether it counted
   */
  failed(
    failure: { startedAt: number; reason: string; crowded: boolean },
    now: number,
    backoff: BackoffPolicy,
  ): boolean {
    if (failure.startedAt < this.failedAt) return false;
    this.probing = false;
    this.failures += 1;
    this.failedAt = now;
    this.reason = failure.reason;
    const doublings = Math.min(this.failures - 1, 30);
    this.retryAt = now + Math.min(backoff.firstMs * 2 ** doublings, backoff.maxMs);
    if (this.failures === 1 && !failure.crowded) this.halve();
    return true;
  }

  private halve(): void {
    if (this.bears < this.most) {
      this.regrowAfter = Math.min(this.regrowAfter * REGROW_LATER, REGROW_AT_MOST_AFTER);
    }
    // So few are no burden: a server that fails under them has other trouble, which one connection less won't mend.
    const under = Math.min(this.keepingUp, this.bears);
    this.bears = Math.min(this.most, Math.max(FEWEST, Math.floor(under / 2)));
    this.wentWell = 0;
  }

  private regrow(): void {
    this.wentWell += 1;
    if (this.wentWell < this.regrowAfter) return;
    this.wentWell = 0;
    this.bears += 1;
    if (this.bears >= this.most) this.regrowAfter = REGROW_AFTER;
  }

  // ── What the server takes ────────────────────────────────────────────────

  /**
   * The server refused a connection, or the message on it, for there being too many.
   * @param others connections that it has taken
   */
  refused(others: number, reason: string, now: number): void {
    if (this.trying) this.tryAfterMs = Math.min(this.tryAfterMs * TRY_LATER, TRY_AT_LATEST_MS);
    this.takes = Math.max(1, Math.min(others, this.takes));
    this.refusal = reason;
    this.refusedAt = now;
    this.tryLater(now);
  }

  /** `triesMoreAt` has come. */
  tryOneMore(): void {
    this.takes += 1;
    this.trying = true;
    this.triesMoreAt = Number.POSITIVE_INFINITY;
  }

  /** Whether `accepted` has anything to learn from; most of the time it has not. */
  get learnsFromAcceptance(): boolean {
    return this.trying || this.takes !== this.told;
  }

  /**
   * A message was accepted.
   * @param open connections there are
   * @returns what is now known of how many it takes, once for each change
   */
  accepted(open: number, now: number): Learnt | null {
    if (this.trying) {
      if (open < this.takes) return null;
      this.tryAfterMs = this.firstTryMs;
      this.tryLater(now);
    }
    if (this.takes === this.told) return null;
    const isKnown = this.takes >= this.most || this.refusedAt > this.toldAt;
    if (!isKnown || now - this.refusedAt < SETTLED_MS) return null;
    this.told = this.takes;
    this.toldAt = now;
    return { connections: this.takes, reason: this.takes < this.most ? this.refusal : '' };
  }

  private tryLater(now: number): void {
    this.trying = false;
    this.triesMoreAt = this.takes < this.most ? now + this.tryAfterMs : Number.POSITIVE_INFINITY;
  }
}
