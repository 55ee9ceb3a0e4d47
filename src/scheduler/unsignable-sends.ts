import type { Clock } from '../domain/lease.js';
import type { Report } from '../domain/scheduler-events.js';
import type { Ledger } from './ports.js';

const LOOK_EVERY_MS = 60_000;

/** Tells once of each send that is due and that nobody has the DKIM key for. */
export class UnsignableSends {
  private lookAt = Number.NEGATIVE_INFINITY;
  private told: ReadonlySet<number> = new Set();

  constructor(
    private readonly ledger: Pick<Ledger, 'findUnsignable'>,
    private readonly clock: Clock,
    private readonly report: Report,
  ) {}

  /** Looks for them, if it is time. */
  async look(): Promise<void> {
    const now = this.clock().monotonic;
    if (now < this.lookAt) return;
    const found = await this.ledger.findUnsignable();
    this.lookAt = now + LOOK_EVERY_MS;
    for (const { sendId, domain } of found) {
      if (!this.told.has(sendId)) this.report({ kind: 'unsignable', sendId, domain });
    }
    this.told = new Set(found.map(({ sendId }) => sendId));
  }
}
