import { needsSmtpUtf8 } from '../domain/address.js';
import { CampaignError } from '../errors.js';
import type {
  EncodedTwice,
  ListRecipient,
  RecipientList,
  Rejection,
} from '../list/recipient-list.js';
import type { RejectsFile } from '../list/rejects.js';
import { encodedTwiceNotice, type RejectionView } from '../view/queue.js';

/** What of a list has been dealt with so far. */
export interface ImportProgress {
  bytes: number;
  /** Null for a pipe. */
  totalBytes: number | null;
  lines: number;
}

/** What is told while a list is read. */
export interface ReaderDeps {
  /** Aborted with the name of the signal that interrupts the command. */
  signal: AbortSignal;
  onProgress(progress: ImportProgress): void;
  /** Told once, when the list has been read or reading it has failed, if any line was rejected. */
  onRejected(first: readonly RejectionView[], total: number): void;
  onNotice(text: string): void;
}

const SHOWN_REJECTIONS = 5;
const NON_ASCII = /[^\0-\x7f]/;

/** Reads a list to its end once, keeping the count of what was rejected. */
export class ListReader {
  rejected = 0;
  accepted = 0;
  readonly international = { idnConverted: 0, needSmtpUtf8: 0 };
  private readonly first: RejectionView[] = [];
  private shown = false;

  constructor(
    private readonly list: RecipientList,
    private readonly name: string,
    private readonly progress: ImportProgress,
    private readonly deps: ReaderDeps,
  ) {}

  /**
   * @param take gets the recipients batch by batch and gives back those it cannot take
   * @throws CampaignError BAD_LIST when the list has no recipient
   */
  async read(
    rejects: RejectsFile | null,
    take: (recipients: readonly ListRecipient[]) => Promise<Rejection[]>,
  ): Promise<void> {
    for await (const { accepted, rejected } of this.list.batches) {
      this.deps.signal.throwIfAborted();
      const refused = await take(accepted);
      this.accepted += accepted.length - refused.length;
      this.countInternational(accepted);
      const all = [...rejected, ...refused];
      this.rejected += all.length;
      this.first.push(...all.slice(0, SHOWN_REJECTIONS - this.first.length));
      await rejects?.write(all);
      this.progress.lines += accepted.length + rejected.length;
      this.deps.onProgress(this.progress);
    }
    this.deps.signal.throwIfAborted();
    if (this.accepted > 0) return;
    throw new CampaignError(
      'BAD_LIST',
      this.rejected === 0
        ? `${this.name} has a header and no rows`
        : `${this.name} has no valid row: ${this.rejected === 1 ? 'its only row was' : `all ${this.rejected} were`} rejected`,
      'give a list with at least one valid address',
    );
  }

  /** What the list is read as. */
  get encoding(): string {
    return this.list.encoding;
  }

  private countInternational(recipients: readonly ListRecipient[]): void {
    for (const { email, norm } of recipients) {
      if (!NON_ASCII.test(email)) continue;
      if (NON_ASCII.test(email.slice(email.lastIndexOf('@')))) this.international.idnConverted++;
      if (needsSmtpUtf8(norm)) this.international.needSmtpUtf8++;
    }
  }

  /** Line of the header, from 1. */
  get headerLine(): number {
    return this.list.headerLine;
  }

  /** What was seen so far of cells that look encoded twice. */
  get encodedTwice(): EncodedTwice | null {
    return this.list.encodedTwice;
  }

  /** What is wrong with the list, once, however often it is asked to. */
  showFindings(): void {
    if (this.shown) return;
    this.shown = true;
    if (this.rejected > 0) this.deps.onRejected(this.first, this.rejected);
    if (this.encodedTwice) this.deps.onNotice(encodedTwiceNotice(this.encodedTwice));
  }
}
