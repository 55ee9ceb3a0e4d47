import { needsSmtpUtf8 } from '../domain/address.js';
import type { EncodedTwice, RejectedLine } from '../domain/list-findings.js';
import type { ImportProgress, QueueFinding } from '../domain/queued.js';
import { CampaignError } from '../errors.js';
import type { ListRecipient, RecipientList } from '../list/recipient-list.js';
import type { RejectsFile } from '../list/rejects.js';

/** Who is told of a list while it is read. */
export interface ReaderDeps {
  /** Interrupts the reading. */
  signal: AbortSignal;
  onProgress(progress: ImportProgress): void;
  onFinding(finding: QueueFinding): void;
}

const SHOWN_REJECTIONS = 5;
const NON_ASCII = /[^\0-\x7f]/;

/** Reads a list to its end once, keeping the count of what was rejected. */
export class ListReader {
  rejected = 0;
  accepted = 0;
  readonly international = { idnConverted: 0, needSmtpUtf8: 0 };
  private readonly first: RejectedLine[] = [];
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
    take: (recipients: readonly ListRecipient[]) => Promise<RejectedLine[]>,
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
    const { first, rejected, encodedTwice } = this;
    if (rejected > 0) this.deps.onFinding({ kind: 'rejected', first, total: rejected });
    if (encodedTwice) this.deps.onFinding({ kind: 'encoded-twice', ...encodedTwice });
  }
}
