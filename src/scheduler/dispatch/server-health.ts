import type { BackoffPolicy, ConnectionLimit } from '../../domain/connection-limit.js';
import type { Clock, Instant } from '../../domain/lease.js';

/** What a delivery told about the server, whatever it meant for the recipient. */
export type ServerSign =
  | 'well'
  | 'trouble'
  /** It takes no more connections, and none of ours is open. */
  | 'crowded'
  | 'nothing';

/** Who is told how the server is. */
interface Told {
  /** It failed anew, or is crowded: nothing starts until it has been waited for. */
  failed(reason: string, crowded: boolean, waitMs: number): void;
  /** Messages may start again. */
  recovered(): void;
}

/** How the SMTP server is: after a failure nothing starts until the backoff has passed, and then one probe does. */
export class ServerHealth {
  private timer: NodeJS.Timeout | undefined;
  /** Grows with every sign that the server is well. */
  successes = 0;
  /** Whether we cut the line ourselves: what breaks from then on tells nothing of the server. */
  isCut = false;

  constructor(
    private readonly limit: ConnectionLimit,
    private readonly backoff: BackoffPolicy,
    private readonly clock: Clock,
    private readonly told: Told,
  ) {}

  /** Messages that may start now: 0 while backing off, 1 for the probe after it. */
  room(): number {
    // The clock is read for each message: only where it decides anything.
    const { limit } = this;
    return limit.failures === 0 ? Number.POSITIVE_INFINITY : limit.room(this.clock().monotonic);
  }

  /** Milliseconds until the server may be tried again. */
  backoffMs(): number {
    return this.limit.failures === 0 ? 0 : Math.max(0, this.limit.retryAt - this.clock().monotonic);
  }

  /** @param startedAt when what tells it began */
  learn({ sign, reason }: { sign: ServerSign; reason: string }, startedAt: Instant): void {
    const { limit } = this;
    const ailing = limit.failures > 0;
    if (sign === 'well') {
      this.successes += 1;
      limit.succeeded();
    } else if (sign === 'nothing' || this.isCut) {
      limit.neutral();
    } else {
      this.fail(reason, sign === 'crowded', startedAt);
    }
    if (ailing && this.room() > 0) this.resume();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private fail(reason: string, crowded: boolean, { monotonic: startedAt }: Instant): void {
    const { limit } = this;
    const now = this.clock().monotonic;
    if (!limit.failed({ startedAt, reason, crowded }, now, this.backoff)) return;
    const waitMs = limit.retryAt - now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.resume(), waitMs);
    this.told.failed(reason, crowded, waitMs);
  }

  private resume(): void {
    // A timer may fire a moment early: what is queued would find no room, and nobody would look at it again.
    const leftMs = this.backoffMs();
    if (leftMs > 0) {
      this.timer = setTimeout(() => this.resume(), leftMs);
      return;
    }
    this.told.recovered();
  }
}
