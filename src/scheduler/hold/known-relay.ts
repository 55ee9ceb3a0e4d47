import { CLOCK_SLACK_MS, type HoldPolicy, holdLeftMs } from '../../domain/hold.js';
import { type Hold, isHopeless, type RelayState } from '../../domain/relay.js';

/** An acceptance may be noted as of so much later than it was. */
const NOTED_WITHIN_MS = 2_000;

/** A clock that jumps to and fro, as of two hosts by turns, is not taken for one that has just jumped each time. */
const HEEDED_AGAIN_MS = 600_000;

/** The relay's row as it was read last, and what it means by now. Its times are the database's. */
export class KnownRelay {
  private relay: RelayState | null = null;
  /** When that was asked for, and when it was learnt, by the monotonic clock. */
  private askedAt = Number.NEGATIVE_INFINITY;
  private readAt = Number.NEGATIVE_INFINITY;
  private aheadAt = Number.NEGATIVE_INFINITY;
  /** When the end of a hold was seen, by the database's clock. */
  private freeAt: Date | undefined;

  /** @param now monotonic milliseconds */
  constructor(
    private readonly policy: HoldPolicy,
    private readonly now: () => number,
  ) {}

  /** @returns whether it was learnt, for it is no older than what is known */
  learn(relay: RelayState, askedAt: number): boolean {
    if (askedAt < this.askedAt) return false;
    const readAt = this.now();
    const passedMs = this.relay ? relay.now.getTime() - this.relay.now.getTime() : 0;
    const isAhead = passedMs > readAt - this.askedAt + CLOCK_SLACK_MS;
    if (isAhead && this.sinceAheadMs > HEEDED_AGAIN_MS) this.aheadAt = readAt;
    if (this.relay?.hold && !relay.hold) this.freeAt = relay.now;
    this.askedAt = askedAt;
    this.relay = relay;
    this.readAt = readAt;
    return true;
  }

  /** Milliseconds since the database's clock was seen to have jumped ahead; infinite where it was not. */
  get sinceAheadMs(): number {
    return this.now() - this.aheadAt;
  }

  /** Of the last hold there was. */
  get holdId(): number {
    return this.relay?.holdId ?? 0;
  }

  /** The hold that stands, as far as is known. */
  get hold(): Hold | null {
    const hold = this.relay?.hold ?? null;
    return hold?.kind === 'operator' && this.leftMs(hold) <= 0 ? null : hold;
  }

  /** Milliseconds that a hold lasts, or until it may be probed. */
  leftMs(hold: Hold): number {
    const readAt = this.relay?.now.getTime() ?? 0;
    return holdLeftMs(hold, readAt + this.now() - this.readAt, this.policy);
  }

  /** Whether its hold has stood for so long, and through so many probes, that who waited as long waits for nothing. */
  isHopeless(afterMs: number): boolean {
    return this.relay !== null && isHopeless(this.relay, afterMs);
  }

  /**
   * Whether it has accepted anything since a row was due, from whomever.
   * @param dueAt undefined for a row that was never tried
   */
  acceptedSince(dueAt: Date | undefined): boolean {
    const last = this.relay?.lastAcceptedAt;
    if (!this.relay || !last || !dueAt) return false;
    // Of a clock that was ahead: nothing is known of it.
    if (last > this.relay.now) return false;
    return last.getTime() - NOTED_WITHIN_MS >= dueAt.getTime();
  }

  /** The same since no hold stands any more, if one did: what ended that was accepted in its time. */
  acceptedWhileFree(dueAt: Date | undefined): boolean {
    const { freeAt } = this;
    return (!freeAt || this.acceptedSince(freeAt)) && this.acceptedSince(dueAt);
  }

  /** Milliseconds in which it is known to have accepted nothing; infinite where it never did. */
  get silentMs(): number {
    const { relay } = this;
    if (!relay?.lastAcceptedAt) return Number.POSITIVE_INFINITY;
    return relay.now.getTime() - relay.lastAcceptedAt.getTime() + (this.now() - this.readAt);
  }
}
