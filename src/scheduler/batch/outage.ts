import { elapsedMs } from '../../domain/lease.js';
import { isDatabaseOutage } from '../../errors.js';
import type { Wake } from '../wake.js';
import type { BatchTools } from './tools.js';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;
const MAX_FAULTS = 5;

/** A database that cannot serve a batch, or contradicts it: waited for, but not for ever. */
export class Outage {
  /** Errors in a row that were no outage. */
  private faults = 0;

  constructor(
    private readonly signal: Wake,
    private readonly tools: Pick<BatchTools, 'clock' | 'report' | 'abandoned'>,
  ) {}

  /** The database has served us as it should. */
  over(): void {
    this.faults = 0;
  }

  /** Counts an error that is no outage. @returns whether it is one too many */
  isFaultTooMany(): boolean {
    this.faults += 1;
    return this.faults > MAX_FAULTS;
  }

  /**
   * Waits until `resume`, which reads what really happened before anything else is done, gets through.
   * @throws whatever is no outage
   */
  async weather(error: unknown, resume: () => Promise<void>): Promise<void> {
    const { clock, report, abandoned } = this.tools;
    const since = clock();
    let cause = error;
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
      // What the database says may be a fault of ours; but to give up at once would leave rows uncertain.
      if (!isDatabaseOutage(cause) && this.isFaultTooMany()) throw cause;
      report({ kind: 'database-away', reason: (cause as Error).message, waitMs });
      const until = clock().monotonic + waitMs;
      while (clock().monotonic < until && !abandoned.aborted) {
        await this.signal.wait(until - clock().monotonic);
      }
      if (abandoned.aborted) return;
      try {
        await resume();
        report({ kind: 'database-back', afterMs: elapsedMs(since, clock()) });
        return;
      } catch (again) {
        cause = again;
      }
    }
  }
}
