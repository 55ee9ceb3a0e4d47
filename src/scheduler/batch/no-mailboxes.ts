import { suppressionOf } from '../../domain/no-mailbox.js';
import type { Recipient } from '../../domain/recipient.js';
import type { NewSuppression } from '../../domain/suppression.js';
import type { Verdict } from '../../domain/verdict.js';
import type { Ledger } from '../ports.js';

/** Entries written in one go. */
const TOGETHER = 500;

/**
 * Addresses of a send whose servers said that there is no such mailbox. They are suppressed beside the sending, a few at a
 * time, and only once their rows are recorded: what a crash leaves unwritten, whoever takes the claim over finds in the
 * ledger.
 */
export class NoMailboxes {
  /** By the row's number, until it is recorded. */
  private readonly told = new Map<number, NewSuppression>();
  private recordedOnes: NewSuppression[] = [];
  private writing: Promise<void> | null = null;

  constructor(private readonly ledger: Pick<Ledger, 'suppress'>) {}

  tell({ seq, emailNorm }: Recipient, verdict: Verdict): void {
    if (verdict.kind !== 'failed' || verdict.code === null) return;
    const { code, enhanced, text } = verdict;
    const entry = suppressionOf(emailNorm, { code, enhanced, text });
    if (entry) this.told.set(seq, entry);
  }

  /** These rows are recorded. */
  recorded(settled: readonly { seq: number }[]): void {
    if (this.told.size === 0) return;
    for (const { seq } of settled) {
      const entry = this.told.get(seq);
      if (entry) this.recordedOnes.push(entry);
      this.told.delete(seq);
    }
  }

  /** Begins to write what is recorded. What the database does not take now, it is given the next time. */
  write(): void {
    if (this.writing || this.recordedOnes.length === 0) return;
    const entries = this.recordedOnes.splice(0, TOGETHER);
    this.writing = this.ledger
      .suppress(entries)
      .catch(() => {
        this.recordedOnes.unshift(...entries);
      })
      .then(() => {
        this.writing = null;
      });
  }

  /** Writes all of it, once. */
  async end(): Promise<void> {
    await this.writing;
    for (let left = this.recordedOnes.length; left > 0; ) {
      this.write();
      await this.writing;
      // The database did not take them.
      if (this.recordedOnes.length >= left) return;
      left = this.recordedOnes.length;
    }
  }
}
