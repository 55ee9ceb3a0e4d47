import type { ShownStatus } from '../../domain/progress.js';
import type { SendStatus } from '../../domain/states.js';
import { plural } from '../../domain/text.js';
import { CampaignError } from '../../errors.js';
import { writeEvent } from '../events.js';
import { ATTENTION } from '../generated.js';
import { insertMessage, type StoredMessage } from '../messages.js';
import { type BulkInsert, chooseBulkInsert, type RowBlock, type Target } from '../mysql/bulk.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Outcome } from '../mysql/packet.js';
import { skipSuppressed } from '../suppressions.js';
import { addInserted, addWhileImporting, agreeing, counted } from './counters.js';
import { move } from './lifecycle.js';

/** A send about to be created. */
export interface NewSend {
  name: string;
  /** Queueing twice with the same key gives the first send back. */
  key: string | null;
  batchSize: number;
  delayMs: number;
  cooldownSeconds: number;
  maxAttempts: number;
  startAt: Date | null;
  message: StoredMessage;
}

/** One recipient to be imported. */
export interface NewRecipient {
  email: string;
  norm: string;
  /** Merge fields as a JSON object. */
  fields: string | null;
}

/** What an import came to. */
export interface ImportCounts {
  total: number;
  /** Lines of the list that were no recipients. */
  rejected: number;
  /** Lines whose address an earlier line had. */
  duplicates: number;
  suppressed: number;
}

const DUPLICATE_KEY = 1062;

const isDuplicateKey = (error: unknown): boolean =>
  (error as { errno?: number }).errno === DUPLICATE_KEY;

const noLongerImporting = (sendId: number): CampaignError =>
  new CampaignError(
    'WRONG_STATE',
    `send ${sendId} was cancelled while its list was being imported`,
    'what had been imported is never sent; queue the list again to send it',
  );

/**
 * Creates a send as `importing`, with its message and the event `queued`.
 * @returns its id, or undefined when another send has its key
 */
export async function createImport(
  database: Database,
  send: NewSend,
  actor: string,
): Promise<number | undefined> {
  try {
    return await database.transaction(async (tx) => {
      const { insertId } = await tx.run(
        `INSERT INTO CAMPAIGN_SENDS
                (NAME, SEND_KEY, STATUS, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS, START_AT, CREATED_AT)
         VALUES (?, ?, 'importing', ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))`,
        [
          send.name,
          send.key,
          send.batchSize,
          send.delayMs,
          send.cooldownSeconds,
          send.maxAttempts,
          send.startAt,
        ],
      );
      await insertMessage(tx, insertId, send.message);
      await writeEvent(tx, { sendId: insertId, event: 'queued', actor });
      return insertId;
    });
  } catch (error) {
    if (send.key !== null && isDuplicateKey(error)) return undefined;
    throw error;
  }
}

/** A send and what its import came to. */
export interface QueuedSend {
  id: number;
  name: string;
  status: ShownStatus;
  total: number;
  suppressed: number;
  /** Highest SEQ imported so far: grows while an import is alive. */
  lastSeq: number;
  /** Null until the import has ended. */
  rejected: number | null;
  duplicates: number | null;
}

async function readQueued(
  db: Executor,
  where: 's.ID = ?' | 's.SEND_KEY = ?',
  value: number | string,
): Promise<QueuedSend | undefined> {
  const [row] = await db.rows<QueuedSend>(
    `SELECT s.ID AS id, s.NAME AS name, s.TOTAL_COUNT AS total,
            IF(s.STATUS = 'running' AND s.START_AT > UTC_TIMESTAMP(3), 'scheduled', s.STATUS) AS status,
            s.SKIPPED_COUNT AS suppressed, s.LAST_SEQ AS lastSeq,
            s.REJECTED_COUNT AS rejected, s.DUPLICATE_COUNT AS duplicates
       FROM CAMPAIGN_SENDS s
      WHERE ${where}`,
    [value],
  );
  return row;
}

/** The send with this key, or undefined. */
export const findQueuedByKey = (db: Executor, key: string): Promise<QueuedSend | undefined> =>
  readQueued(db, 's.SEND_KEY = ?', key);

/** The send with this id, or undefined. */
export const findQueued = (db: Executor, id: number): Promise<QueuedSend | undefined> =>
  readQueued(db, 's.ID = ?', id);

/** Bytes that one statement may have. */
export async function readPacketLimit(db: Executor): Promise<number> {
  const [row] = await db.rows<{ bytes: number }>('SELECT @@max_allowed_packet AS bytes');
  return row?.bytes ?? 0;
}

const LEDGER: Target = {
  table: 'CAMPAIGN_SEND_RESULTS',
  columns: ['SEND_ID', 'SEQ', 'EMAIL', 'EMAIL_NORM', 'FIELDS'],
};
/** Blocks ready and not yet written: the list is parsed while the database writes. */
const MAX_WAITING_BLOCKS = 1;

/** How an import's rows are best written to this database. */
export const chooseRowInsert = (
  database: Database,
  packetLimit = Number.POSITIVE_INFINITY,
): Promise<BulkInsert> => chooseBulkInsert(database, LEDGER, packetLimit);

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
  private seq = 0;
  private waiting: Promise<void>[] = [];
  private writing = 0;

  /** @param database opened with `countChangedRows` */
  constructor(
    private readonly database: Database,
    private readonly sendId: number,
    private readonly bulk: BulkInsert,
  ) {
    this.block = bulk.block(LEDGER);
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
    this.block = this.spare.pop() ?? this.bulk.block(LEDGER);
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

/**
 * Ends an import: suppressed addresses are skipped, the ledger is counted, and only when that agrees with the
 * books does the send become `running` (or `paused`).
 * @throws CampaignError WRONG_STATE when it was cancelled meanwhile, CONTRADICTION when the books are wrong
 */
export function releaseImport(
  database: Database,
  sendId: number,
  status: 'running' | 'paused',
  list: { rejected: number; duplicates: number },
  actor: string,
): Promise<ImportCounts> {
  return database.transaction(async (tx) => {
    const suppressed = await skipSuppressed(tx, sendId);
    const [ledger] = await tx.rows<{ total: number; skipped: number }>(
      `SELECT COUNT(*) AS total, COUNT(IF(ATTENTION = ${ATTENTION.skipped}, 1, NULL)) AS skipped
         FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ?`,
      [sendId],
    );
    const total = ledger?.total ?? 0;
    const counts = { total, ...list, suppressed };
    const held = status === 'paused';
    const released = await move(tx, sendId, held ? 'hold' : 'release', {
      ...(held ? { reason: `queued as paused by ${actor}` } : {}),
      set: counted(list),
      where: agreeing({ total, skipped: ledger?.skipped ?? 0 }),
      event: { event: 'imported', actor, details: counts },
    });
    if (!released) throw await explainRefusal(tx, sendId, total);
    return counts;
  });
}

async function explainRefusal(tx: Executor, sendId: number, found: number): Promise<CampaignError> {
  const [send] = await tx.rows<{ status: SendStatus; total: number }>(
    'SELECT STATUS AS status, TOTAL_COUNT AS total FROM CAMPAIGN_SENDS WHERE ID = ?',
    [sendId],
  );
  if (send?.status !== 'importing') return noLongerImporting(sendId);
  return new CampaignError(
    'CONTRADICTION',
    `send ${sendId} counts ${plural(send.total, 'recipient')}, but its ledger has ${found}`,
    `run \`campaign verify ${sendId}\`, and cancel it`,
  );
}

const DELETE_ROWS = 5000;

/**
 * Removes a failed import, its key and events included, so that nothing of it is left. Chunk by chunk, the books
 * right after each.
 * @throws CampaignError WRONG_STATE when somebody cancelled it meanwhile; the rest then stays as it is
 */
export async function deleteImport(database: Database, sendId: number): Promise<void> {
  for (let last = await deleteChunk(database, sendId, 0); last > 0; ) {
    last = await deleteChunk(database, sendId, last);
  }
  await database.transaction(async (tx) => {
    const { affectedRows } = await tx.run(
      "DELETE FROM CAMPAIGN_SENDS WHERE ID = ? AND STATUS = 'importing' AND TOTAL_COUNT = 0",
      [sendId],
    );
    if (affectedRows !== 1) throw noLongerImporting(sendId);
    await tx.run('DELETE FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ?', [sendId]);
    await tx.run('DELETE FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ?', [sendId]);
  });
}

/** @returns the last SEQ deleted, 0 when none was left */
const deleteChunk = (database: Database, sendId: number, after: number): Promise<number> =>
  database.transaction(async (tx) => {
    const [chunk] = await tx.rows<{ total: number; skipped: number; last: number | null }>(
      `SELECT COUNT(*) AS total, COUNT(IF(STATUS = 'skipped', 1, NULL)) AS skipped, MAX(SEQ) AS last
         FROM (SELECT SEQ, STATUS FROM CAMPAIGN_SEND_RESULTS
                WHERE SEND_ID = ? AND SEQ > ? ORDER BY SEQ LIMIT ?) AS head`,
      [sendId, after, DELETE_ROWS],
    );
    if (!chunk?.last) return 0;
    const removed = { total: -chunk.total, skipped: -chunk.skipped };
    if (!(await addWhileImporting(tx, sendId, removed))) throw noLongerImporting(sendId);
    await tx.run('DELETE FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND SEQ > ? AND SEQ <= ?', [
      sendId,
      after,
      chunk.last,
    ]);
    return chunk.last;
  });
