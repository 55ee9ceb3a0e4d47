import type { Clock } from '../../domain/lease.js';
import type { Claims } from '../claims.js';
import type { DueSends } from '../due-sends.js';
import type { RelayHold } from './relay-hold.js';

/** While nothing may start, it is looked this often whether that has changed: a hold may be released. */
const LOOK_EVERY_MS = 1_000;

/** Starts what finds out whether anything may start, while nothing else may. */
export class Probing {
  constructor(
    private readonly hold: RelayHold,
    private readonly claims: Claims,
    private readonly due: DueSends,
    private readonly clock: Clock,
  ) {}

  /** Starts a probe, if it is time for one. @returns the time until it is worth asking again */
  async start(): Promise<number> {
    return Math.min(await this.startDue(), LOOK_EVERY_MS);
  }

  private async startDue(): Promise<number> {
    const { hold, due } = this;
    due.clear();
    const waitMs = hold.untilProbeMs();
    if (waitMs > 0) return waitMs;
    const sendId = hold.canarySend;
    if (sendId !== null) return this.tryAgain(sendId);
    const nextDueMs = await due.find();
    if (due.isEmpty) return nextDueMs;
    this.claims.startProbe(due.takeFirst());
    return Number.POSITIVE_INFINITY;
  }

  private tryAgain(sendId: number): number {
    const { claims } = this;
    if (claims.isActive(sendId)) return Number.POSITIVE_INFINITY;
    const aloneMs = claims.leftAloneMs(sendId, this.clock().monotonic);
    if (aloneMs > 0) return aloneMs;
    claims.startProbe({ sendId, dueInMs: 0, rows: 1, goesFirst: false });
    return Number.POSITIVE_INFINITY;
  }
}
