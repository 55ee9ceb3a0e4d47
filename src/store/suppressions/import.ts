import {
  type NewSuppression,
  SUPPRESSION_REASON_LENGTH,
  SUPPRESSION_SOURCE_LENGTH,
} from '../../domain/suppression.js';
import { clip } from '../../domain/text.js';
import { type BulkInsert, chooseBulkInsert, type RowBlock, type Target } from '../mysql/bulk.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Outcome } from '../mysql/packet.js';
import { raiseBulkVersion } from './version.js';

/** An entry of a list; without a date it is from when its import began. */
export interface ImportedSuppression extends NewSuppression {
  since: Date | undefined;
}

const TARGET: Target = {
  table: 'CAMPAIGN_SUPPRESSIONS',
  columns: ['EMAIL_NORM', 'TOPIC', 'REASON', 'SOURCE', 'CREATED_AT'],
};

/** What was written and carries no version is made known to all workers at least this often. */
const RAISE_EVERY_MS = 1000;

/** How an import's entries are best written to this database. */
export const chooseSuppressionInsert = (
  database: Database,
  packetLimit: number,
): Promise<BulkInsert> => chooseBulkInsert(database, TARGET, packetLimit);

/** The database's time, as text that it takes back. */
export async function readNow(db: Executor): Promise<Date> {
  const [row] = await db.rows<{ now: Date }>('SELECT UTC_TIMESTAMP(3) AS now');
  return row?.now ?? new Date(0);
}

const asText = (date: Date): string => date.toISOString().slice(0, 23).replace('T', ' ');

/**
 * Writes entries in blocks, each a transaction of its own; one that is there stays as it is. They carry no version: it is
 * raised for all of them once a second and at the end, and what was written before that is heeded from then on alone. So
 * nothing of an import is acknowledged before `finish` has returned, which raises it even where nothing was new: an
 * earlier run of the same import may have died before it did.
 */
export class SuppressionImport {
  /** Entries that were not there. */
  changed = 0;
  private block: RowBlock;
  private readonly spare: RowBlock[] = [];
  private writing: Promise<void> = Promise.resolve();
  private busy = 0;
  private raisedAt: number;

  /**
   * @param database opened with `countChangedRows`
   * @param startedAt by the database's clock
   * @param now milliseconds of a clock that only goes forward
   */
  constructor(
    private readonly database: Database,
    private readonly bulk: BulkInsert,
    private readonly startedAt: Date,
    private readonly now: () => number,
  ) {
    this.block = bulk.block(TARGET);
    this.raisedAt = now();
  }

  /**
   * Resolves when there is room for more.
   * @throws the error of an earlier block that could not be written
   */
  async add(entries: readonly ImportedSuppression[]): Promise<void> {
    for (const entry of entries) {
      const row = this.rowOf(entry);
      if (!this.block.add(row)) {
        await this.push();
        this.block.add(row);
      }
      const { minRows, maxRows } = this.bulk;
      if (this.block.rows >= (this.busy === 0 ? minRows : maxRows)) await this.push();
    }
  }

  /** Writes what is left; when it resolves, all of it is heeded by every worker. */
  async finish(): Promise<void> {
    if (this.block.rows > 0) await this.push();
    await this.writing;
    await raiseBulkVersion(this.database);
  }

  /** After a failure: what was committed is heeded, as far as the database still answers. */
  async abandon(): Promise<void> {
    await this.writing.catch(() => undefined);
    await raiseBulkVersion(this.database).catch(() => undefined);
  }

  private rowOf({ emailNorm, topic, reason, source, since }: ImportedSuppression): string[] {
    const at = since && since < this.startedAt ? since : this.startedAt;
    return [
      emailNorm,
      topic,
      clip(reason, SUPPRESSION_REASON_LENGTH),
      clip(source, SUPPRESSION_SOURCE_LENGTH),
      asText(at),
    ];
  }

  private async push(): Promise<void> {
    const { block } = this;
    const before = this.writing;
    this.block = this.spare.pop() ?? this.bulk.block(TARGET);
    this.busy++;
    this.writing = before.then(() => this.write(block));
    this.writing.catch(() => undefined);
    // One block is filled while another is written.
    await before;
  }

  private async write(block: RowBlock): Promise<void> {
    const { results, committed } = await this.database.packetTransaction(
      [block.statement()],
      ([outcome]) => block.tookAll(outcome as Outcome),
    );
    const [{ affectedRows, info }] = results as [Outcome];
    if (!committed) {
      throw new Error(`the database did not take ${block.rows} entries as they are (${info})`);
    }
    this.changed += affectedRows;
    block.clear();
    this.spare.push(block);
    this.busy--;
    if (this.now() - this.raisedAt < RAISE_EVERY_MS) return;
    await raiseBulkVersion(this.database);
    this.raisedAt = this.now();
  }
}
