import { suppressionOf } from '../../domain/no-mailbox.js';
import type { Recipient } from '../../domain/recipient.js';
import type { Settlement } from '../../domain/settlement.js';
import type { NewSuppression } from '../../domain/suppression.js';
import type { Verdict } from '../../domain/verdict.js';
import type { Ledger } from '../ports.js';

/** Entries written in one go. */
const TOGETHER = 500;
/** Entries that wait for a database that takes none: where it never will, they are not to fill the memory. */
const WAITING_AT_MOST = 10_000;

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

  private hasFailed = false;

  /**
   * @param ledger null where nobody is to be suppressed
   * @param report told once why they could not be written
   */
  constructor(
    private readonly ledger: Pick<Ledger, 'suppress'> | null,
    private readonly report: (reason: string) => void,
  ) {}

  tell({ seq, emailNorm }: Recipient, verdict: Verdict): void {
    if (!this.ledger || verdict.kind !== 'failed' || verdict.code === null) return;
    const { code, enhanced, text } = verdict;
    const entry = suppressionOf(emailNorm, { code, enhanced, text });
    if (entry) this.told.set(seq, entry);
  }

  /** These rows are recorded. One that was told of may have gone back, and have been accepted since. */
  recorded(settled: readonly Pick<Settlement, 'seq' | 'to'>[]): void {
    if (this.told.size === 0) return;
    for (const { seq, to } of settled) {
      const entry = this.told.get(seq);
      if (entry && to === 'failed') this.recordedOnes.push(entry);
      this.told.delete(seq);
    }
  }

  /** The claim is lost, and what of its rows was not recorded is somebody else's. */
  lost(): void {
    this.told.clear();
  }

  /** Begins to write what is recorded. What the database does not take now, it is given the next time, as far as there is room. */
  write(): void {
    const { ledger } = this;
    if (!ledger || this.writing || this.recordedOnes.length === 0) return;
    const entries = this.recordedOnes.splice(0, TOGETHER);
    this.writing = ledger
      .suppress(entries)
      .catch((error: unknown) => {
        this.recordedOnes.unshift(...entries);
        this.recordedOnes.splice(WAITING_AT_MOST);
        this.fail(error);
      })
      .then(() => {
        this.writing = null;
      });
  }

  private fail(error: unknown): void {
    if (this.hasFailed) return;
    this.hasFailed = true;
    this.report((error as Error).message);
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
