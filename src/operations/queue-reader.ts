import { needsSmtpUtf8 } from '../domain/address.js';
import type { Decline } from '../domain/declined.js';
import { LINTED_ROWS } from '../domain/lint.js';
import type { EncodedTwice, RejectedLine } from '../domain/list-findings.js';
import type { ImportProgress, QueueFinding } from '../domain/queued.js';
import { plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import type { RecipientList } from '../list/recipient-list.js';
import type { RejectsFile } from '../list/rejects.js';
import type { ListRecipient } from '../list/row-check.js';

/** Who is told of a list while it is read. */
export interface ReaderDeps {
  /** Interrupts the reading. */
  signal: AbortSignal;
  onProgress(progress: ImportProgress): void;
  onFinding(finding: QueueFinding): void;
}

const SHOWN_REJECTIONS = 5;
/** Noes that are dealt with at a time, in one transaction. */
const DECLINE_PAGE = 1000;
const NON_ASCII = /[^\0-\x7f]/;

/** Reads a list to its end once, keeping the count of what was rejected. */
export class ListReader {
  rejected = 0;
  accepted = 0;
  /** Lines that the condition left out. */
  filtered = 0;
  readonly international = { idnConverted: 0, needSmtpUtf8: 0 };
  /** The first recipients, as a message is looked at with. */
  readonly sample: ListRecipient[] = [];
  private readonly first: RejectedLine[] = [];
  private isRead = false;
  private shown = false;

  constructor(
    private readonly list: RecipientList,
    readonly name: string,
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
    for await (const { accepted, rejected, filtered } of this.list.batches) {
      this.deps.signal.throwIfAborted();
      const refused = await take(accepted);
      this.accepted += accepted.length - refused.length;
      if (this.sample.length < LINTED_ROWS) {
        this.sample.push(...accepted.slice(0, LINTED_ROWS - this.sample.length));
      }
      this.countInternational(accepted);
      const all = [...rejected, ...refused];
      this.rejected += all.length;
      this.first.push(...all.slice(0, SHOWN_REJECTIONS - this.first.length));
      await rejects?.write(all);
      this.filtered += filtered;
      this.progress.lines += accepted.length + rejected.length + filtered;
      this.deps.onProgress(this.progress);
    }
    this.deps.signal.throwIfAborted();
    this.isRead = true;
    if (this.accepted > 0) return;
    throw this.nobody();
  }

  private nobody(): CampaignError {
    const { name, rejected, filtered } = this;
    if (filtered > 0) {
      const besides =
        rejected > 0 ? `, and ${plural(rejected, 'other was', 'others were')} rejected` : '';
      return new CampaignError(
        'BAD_LIST',
        `${name} has no row that meets --where: ${plural(filtered, 'row was', 'rows were')} left out${besides}`,
        'see how the values are written in the list, or give another condition',
      );
    }
    return new CampaignError(
      'BAD_LIST',
      rejected === 0
        ? `${name} has a header and no rows`
        : `${name} has no valid row: ${rejected === 1 ? 'its only row was' : `all ${rejected} were`} rejected`,
      'give a list with at least one valid address',
    );
  }

  /** Lines with nothing in them. */
  get blank(): number {
    return this.list.blank;
  }

  /** Who is not to be written to by the list's own word; to be asked for when all of it has been read. */
  declines(): AsyncIterable<Decline[]> {
    return this.list.declines(DECLINE_PAGE);
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
    const doubts = this.isRead ? this.list.doubts() : [];
    if (doubts.length > 0) this.deps.onFinding({ kind: 'consent-doubts', doubts });
  }
}
