import type { Work } from '../domain/claim.js';
import type { Clock } from '../domain/lease.js';
import type { Claims } from './claims.js';
import type { Ledger } from './ports.js';

const FIND_AT_MOST = 200;

/** Sends found due and not started yet, the longest overdue first. */
export class DueSends {
  private due: Work[] = [];

  constructor(
    private readonly ledger: Pick<Ledger, 'findWork'>,
    private readonly claims: Claims,
    private readonly clock: Clock,
  ) {}

  get isEmpty(): boolean {
    return this.due.length === 0;
  }

  clear(): void {
    this.due = [];
  }

  /** Asks the database for them. @returns the time until the next one is due */
  async find(): Promise<number> {
    const now = this.clock().monotonic;
    this.claims.endPauses(now);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const work of await this.ledger.findWork(FIND_AT_MOST)) {
      const { sendId, dueInMs } = work;
      const waitMs = Math.max(dueInMs, this.claims.leftAloneMs(sendId, now));
      if (waitMs > 0) nextMs = Math.min(nextMs, waitMs);
      else if (this.claims.isFree(sendId)) this.due.push(work);
    }
    return nextMs;
  }

  /** Whether one is among them that is not to wait for others. */
  get isUrgent(): boolean {
    return this.due[0]?.goesFirst === true;
  }

  /** Test mails, or else the longest overdue. */
  takeFirst(): Work {
    return this.due.shift() as Work;
  }

  /** The one whose batch has the fewest rows, the longest overdue of several; test mails before all. */
  takeShortest(): Work {
    if (this.isUrgent) return this.takeFirst();
    const shortest = this.due.reduce((best, work) => (work.rows < best.rows ? work : best));
    this.due.splice(this.due.indexOf(shortest), 1);
    return shortest;
  }
}
