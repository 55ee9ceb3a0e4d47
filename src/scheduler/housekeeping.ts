import type { Clock } from '../domain/lease.js';
import type { Report } from '../domain/scheduler-events.js';
import { isDatabaseOutage } from '../errors.js';
import type { Ledger } from './ports.js';

/** How often it is looked for what is to be removed, once nothing was left of it. */
const EVERY_MS = 60_000;

/** Removes what is needed no more, a little at each look: what files of sends hold that ended long ago. */
export class Housekeeping {
  private at = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly ledger: Pick<Ledger, 'removeOldFiles'>,
    private readonly fileDays: number,
    private readonly clock: Clock,
    private readonly report: Report,
  ) {}

  /** Never stops the mailing: what it may not do is told of, and tried again. */
  async look(): Promise<void> {
    const now = this.clock().monotonic;
    if (now < this.at) return;
    this.at = now + EVERY_MS;
    try {
      if (await this.ledger.removeOldFiles(this.fileDays)) this.at = now;
    } catch (error) {
      if (isDatabaseOutage(error)) throw error;
      this.report({ kind: 'files-not-removed', reason: (error as Error).message });
    }
  }
}
