import { DECLINED } from '../../domain/declined.js';
import type { DkimMode } from '../../domain/dkim.js';
import type { NewMessage } from '../../domain/message.js';
import { MISSING } from '../../domain/missing.js';
import type { Pacing } from '../../domain/pacing.js';
import type { ShownStatus } from '../../domain/send.js';
import type { SendStatus } from '../../domain/states.js';
import { EVERYTHING } from '../../domain/suppression.js';
import { plural } from '../../domain/text.js';
import { CampaignError } from '../../errors.js';
import { type Columns, pick, select } from '../columns.js';
import { writeEvent } from '../events.js';
import { removeFilesOf } from '../files/remove.js';
import { ATTENTION } from '../generated.js';
import { insertMessage } from '../messages.js';
import type { Database } from '../mysql/database.js';
import { isDuplicateKey } from '../mysql/errors.js';
import type { Executor } from '../mysql/packet.js';
import { skipSuppressed } from '../suppressions/skip.js';
import { addWhileImporting, agreeing, counted } from './counters.js';
import { move } from './lifecycle.js';
import { SEND } from './row.js';

/** A send about to be created. */
export interface NewSend extends Pacing {
  name: string;
  /** Queueing twice with the same key gives the first send back. */
  key: string | null;
  /** What it is about, for a no to that alone; left out, nothing in particular. */
  topic?: string | undefined;
  /** Whether its messages are signed; `auto` when left out. */
  dkim?: DkimMode | undefined;
  /** Of From, as A-labels. */
  fromDomain: string;
  message: NewMessage;
}

/** What became of a list's lines, but for those that are in the ledger. */
export interface ListCounts {
  /** Lines of the list that were no recipients. */
  rejected: number;
  /** Lines whose address an earlier line had. */
  duplicates: number;
  /** Lines with nothing in them. */
  blank: number;
  /** Lines that a condition left out. */
  filtered: number;
  /** Recipients whom the list itself says not to write to, skipped by now. */
  declined: number;
  /** Recipients for whom a cell that their message prints is empty. */
  missing: number;
}

/** What an import came to. */
export interface ImportCounts extends ListCounts {
  total: number;
  suppressed: number;
}

/** Of rows for a send that takes none any more. */
export const noLongerImporting = (sendId: number): CampaignError =>
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
                (NAME, SEND_KEY, TOPIC, DKIM, FROM_DOMAIN, STATUS, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS,
                 START_AT, CREATED_AT, DECLINED_COUNT)
         VALUES (?, ?, ?, ?, ?, 'importing', ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), 0)`,
        [
          send.name,
          send.key,
          send.topic ?? EVERYTHING,
          send.dkim ?? 'auto',
          send.fromDomain,
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

/** A send and what its import came to; what became of its list's lines, those declined aside, is null until the import has ended. */
export interface QueuedSend extends Record<keyof ListCounts, number | null> {
  id: number;
  name: string;
  status: ShownStatus;
  total: number;
  suppressed: number;
  /** Highest SEQ imported so far: grows while an import is alive. */
  lastSeq: number;
}

const QUEUED = select({
  ...pick(SEND, 'id', 'name', 'total', 'lastSeq'),
  status: `IF(s.STATUS = 'running' AND s.START_AT > UTC_TIMESTAMP(3), 'scheduled', s.STATUS)`,
  ...pick(SEND, 'rejected', 'duplicates', 'blank', 'filtered', 'declined', 'missing'),
  suppressed: `${SEND.skipped} - COALESCE(${SEND.declined}, 0) - ${SEND.missingSkipped}`,
} satisfies Columns<keyof QueuedSend>);

async function readQueued(
  db: Executor,
  where: 's.ID = ?' | 's.SEND_KEY = ?',
  value: number | string,
): Promise<QueuedSend | undefined> {
  const [row] = await db.rows<QueuedSend>(
    `SELECT ${QUEUED}
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

/**
 * Ends an import: suppressed addresses are skipped, the ledger is counted, and only when that agrees with the
 * books does the send become `running` (or `paused`).
 * @throws CampaignError WRONG_STATE when it was cancelled meanwhile, CONTRADICTION when the books are wrong
 */
export async function releaseImport(
  database: Database,
  sendId: number,
  status: 'running' | 'paused',
  { encoding, missingSkipped, ...list }: ListCounts & { encoding: string; missingSkipped: number },
  actor: string,
): Promise<ImportCounts> {
  const { skipped: suppressed, version } = await skipSuppressed(database, sendId);
  return database.transaction(async (tx) => {
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
      set: [...counted(list), { sql: 'CHECKED_VERSION = ?', params: [version] }],
      where: agreeing({
        total,
        skipped: ledger?.skipped ?? 0,
        declined: list.declined,
        missingSkipped,
      }),
      event: { event: 'imported', actor, details: { ...counts, encoding } },
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
  await removeFilesOf(database, sendId);
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

/** Rows that are about to be deleted. */
interface Chunk {
  total: number;
  skipped: number;
  declined: number;
  missingSkipped: number;
  /** Null where there are none. */
  last: number | null;
}

/** @returns the last SEQ deleted, 0 when none was left */
const deleteChunk = (database: Database, sendId: number, after: number): Promise<number> =>
  database.transaction(async (tx) => {
    const [chunk] = await tx.rows<Chunk>(
      `SELECT COUNT(*) AS total, COUNT(IF(STATUS = 'skipped', 1, NULL)) AS skipped,
              COUNT(IF(STATUS = 'skipped' AND RESPONSE LIKE '${DECLINED}%', 1, NULL)) AS declined,
              COUNT(IF(STATUS = 'skipped' AND RESPONSE LIKE '${MISSING}%', 1, NULL)) AS missingSkipped,
              MAX(SEQ) AS last
         FROM (SELECT SEQ, STATUS, RESPONSE FROM CAMPAIGN_SEND_RESULTS
                WHERE SEND_ID = ? AND SEQ > ? ORDER BY SEQ LIMIT ?) AS head`,
      [sendId, after, DELETE_ROWS],
    );
    if (!chunk?.last) return 0;
    const { total, skipped, declined, missingSkipped } = chunk;
    const removed = {
      total: -total,
      skipped: -skipped,
      declined: -declined,
      missingSkipped: -missingSkipped,
    };
    if (!(await addWhileImporting(tx, sendId, removed))) throw noLongerImporting(sendId);
    await tx.run('DELETE FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND SEQ > ? AND SEQ <= ?', [
      sendId,
      after,
      chunk.last,
    ]);
    return chunk.last;
  });
