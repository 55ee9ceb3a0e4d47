import type { Clock } from '../domain/lease.js';
import { within } from '../domain/races.js';
import type { BackingOff, WorkerIdentity } from '../domain/worker.js';
import type { Ledger } from './ports.js';

export const BEAT_EVERY_MS = 5_000;
/** A database that does not answer holds up the end no longer than this. */
export const LAST_WORDS_MS = 2_000;

/** Notes every few seconds in the database that the worker lives, and why it sends nothing, if it does not. */
export class Heartbeat {
  private at = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly worker: WorkerIdentity,
    private readonly ledger: Pick<Ledger, 'beat'>,
    private readonly clock: Clock,
    private readonly backingOff: () => BackingOff | null,
  ) {}

  /** Beats, if it is time. */
  async beat(): Promise<void> {
    const now = this.clock().monotonic;
    if (now - this.at < BEAT_EVERY_MS) return;
    // Before the answer: what is new meanwhile hurries the next one.
    this.at = now;
    try {
      await this.ledger.beat(this.worker, this.backingOff());
    } catch (error) {
      this.hurry();
      throw error;
    }
  }

  /** It is time: there is something new to say. */
  hurry(): void {
    this.at = Number.NEGATIVE_INFINITY;
  }

  /** While the loop that does it has ended, and messages on the wire have not. @returns stops it */
  keepUp(): () => Promise<unknown> {
    let last: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      last = this.beat().catch(() => undefined);
    }, BEAT_EVERY_MS);
    return () => {
      clearInterval(timer);
      return within(last, LAST_WORDS_MS);
    };
  }
}
