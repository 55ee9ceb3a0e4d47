import { CampaignError } from '../../errors.js';
import { type BulkInsert, chooseBulkInsert, type RowBlock, type Target } from '../mysql/bulk.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Outcome } from '../mysql/packet.js';
import { addInserted } from '../sends/counters.js';
import { noLongerImporting } from '../sends/import.js';

/** One recipient to be imported. */
export interface NewRecipient {
  email: string;
  norm: string;
  /** Merge fields as a JSON object. */
  fields: string | null;
}

/** Bytes that one statement may have. */
export async function readPacketLimit(db: Executor): Promise<number> {
  const [row] = await db.rows<{ bytes: number }>('SELECT @@max_allowed_packet AS bytes');
  return row?.bytes ?? 0;
}

const TARGET: Target = {
  table: 'CAMPAIGN_SEND_RESULTS',
  columns: ['SEND_ID', 'SEQ', 'EMAIL', 'EMAIL_NORM', 'FIELDS'],
};
/** Blocks ready and not yet written: the list is parsed while the database writes. */
const MAX_WAITING_BLOCKS = 1;

/** How an import's rows are best written to this database. */
export const chooseRowInsert = (
  database: Database,
  packetLimit = Number.POSITIVE_INFINITY,
): Promise<BulkInsert> => chooseBulkInsert(database, TARGET, packetLimit);

/**
 * Writes a block and adds what was new to the books, in one transaction.
 * The database must count changed rows, which tells an insert from a duplicate.
 * @returns rows inserted
 * @throws CampaignError WRONG_STATE, with nothing written, when the send is importing no more
 */
async function writeBlock(
  database: Database,
  sendId: number,
  block: RowBlock,
  lastSeq: number,
): Promise<number> {
  const { results, committed } = await database.packetTransaction(
    [
      {
        sql: `UPDATE CAMPAIGN_SENDS SET LAST_SEQ = ? WHERE ID = ? AND STATUS = 'importing'`,
        params: [lastSeq, sendId],
      },
      block.statement(),
      addInserted(sendId),
    ],
    ([fence, inserted]) =>
      (fence as Outcome).affectedRows === 1 && block.tookAll(inserted as Outcome),
  );
  const [fence, inserted] = results as [Outcome, Outcome];
  if (committed) return inserted.affectedRows;
  if (fence.affectedRows !== 1) throw noLongerImporting(sendId);
  throw new CampaignError(
    'CONTRADICTION',
    `the database did not take ${block.rows} recipients as they are (${inserted.info})`,
    'nothing of the list was queued; please report this with the list',
  );
}

/**
 * Writes a list's recipients to the ledger in blocks, one after the other, so that of two lines with the same
 * address the first stays. Holds a few blocks at most, which are large only while the database is busy.
 */
export class ImportWriter {
  /** Recipients written and committed. */
  inserted = 0;
  private block: RowBlock;
  private readonly spare: RowBlock[] = [];
  /** SEQ of the last recipient that was added. */
  seq = 0;
  private waiting: Promise<void>[] = [];
  private writing = 0;

  /** @param database opened with `countChangedRows` */
  constructor(
    private readonly database: Database,
    private readonly sendId: number,
    private readonly bulk: BulkInsert,
  ) {
    this.block = bulk.block(TARGET);
  }

  /**
   * Takes recipients in the order of the list; resolves when there is room for more.
   * @throws the error of an earlier block that could not be written
   */
  async add(recipients: readonly NewRecipient[]): Promise<void> {
    const { minRows, maxRows } = this.bulk;
    for (const { email, norm, fields } of recipients) {
      const row = [this.sendId, this.seq + 1, email, norm, fields];
      if (!this.block.add(row)) {
        await this.push();
        this.block.add(row);
      }
      this.seq++;
      if (this.block.rows >= (this.writing === 0 ? minRows : maxRows)) await this.push();
    }
  }

  /** Writes what is left; resolves when all of it is committed. */
  async finish(): Promise<void> {
    if (this.block.rows > 0) await this.push();
    await Promise.all(this.waiting);
  }

  /** Resolves when nothing is being written any more, whether it succeeded or not. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.waiting);
  }

  private async push(): Promise<void> {
    const { block, seq } = this;
    this.block = this.spare.pop() ?? this.bulk.block(TARGET);
    const before = this.waiting.at(-1) ?? Promise.resolve();
    this.writing++;
    const written = before.then(async () => {
      this.inserted += await writeBlock(this.database, this.sendId, block, seq);
      block.clear();
      this.spare.push(block);
      this.writing--;
    });
    written.catch(() => {});
    this.waiting.push(written);
    if (this.waiting.length > MAX_WAITING_BLOCKS) await this.waiting.shift();
  }
}
