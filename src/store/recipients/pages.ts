import type { Position } from '../../domain/recipient-page.js';
import type { RecipientStatus } from '../../domain/states.js';
import { select } from '../columns.js';
import { ATTENTION } from '../generated.js';
import type { Executor, Param } from '../mysql/packet.js';
import { LEDGER_ROW, type LedgerRow } from './row.js';

export interface Page {
  rows: LedgerRow[];
  /** Null on the last page. */
  next: Position | null;
}

const COLUMNS = select(LEDGER_ROW);

const START: Position = { seq: 0 };

/**
 * A page of a send's recipients in the order of the list (deferred ones by when they are due, before the untouched).
 * Each is a range on an index, whatever the size of the ledger; `sent` alone reads past rows of other statuses.
 */
export async function listRecipients(
  db: Executor,
  sendId: number,
  status: RecipientStatus | undefined,
  after: Position | null,
  limit: number,
): Promise<Page> {
  const from = after ?? START;
  if (status === 'pending') return listPending(db, sendId, after, limit);
  if (status === 'sending') return listSending(db, sendId, from.seq, limit);
  const [index, where, params] = access(status);
  const rows = await db.rows<LedgerRow>(
    `SELECT ${COLUMNS} FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (${index})
      WHERE r.SEND_ID = ?${where} AND r.SEQ > ? ORDER BY r.SEQ LIMIT ?`,
    [sendId, ...params, from.seq, limit + 1],
  );
  return toPage(rows, limit);
}

/** The index that gives the order, and what chooses the status. Named, for MySQL 9 may sort a thousand rows instead. */
function access(
  status: 'failed' | 'unknown' | 'skipped' | 'sent' | undefined,
): [index: string, where: string, params: Param[]] {
  if (status === undefined) return ['PRIMARY', '', []];
  if (status === 'sent') return ['PRIMARY', " AND r.STATUS = 'sent'", []];
  const where = ' AND r.ATTENTION = ? AND r.NEXT_ATTEMPT_AT IS NULL';
  return ['ATTENTION_DUE', where, [ATTENTION[status]]];
}

/** One row more than asked for tells whether there is a next page. */
function toPage(rows: LedgerRow[], limit: number): Page {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: rows.length > limit && last ? { seq: last.seq } : null };
}

async function listPending(
  db: Executor,
  sendId: number,
  after: Position | null,
  limit: number,
): Promise<Page> {
  const deferred =
    after === null || after.dueAt ? await listDeferred(db, sendId, after, limit + 1) : [];
  if (deferred.length > limit) {
    const rows = deferred.slice(0, limit);
    const last = rows.at(-1) as LedgerRow;
    return {
      rows,
      next: { seq: last.seq, ...(last.nextAttemptAt && { dueAt: last.nextAttemptAt }) },
    };
  }
  const untouchedAfter = after === null || after.dueAt ? 0 : after.seq;
  const room = limit - deferred.length;
  const untouched = toPage(await listUntouched(db, sendId, untouchedAfter, room + 1), room);
  // The page is full of deferred rows, and untouched ones follow from the first.
  const next = untouched.next ?? (room === 0 && untouched.rows.length > 0 ? START : null);
  return { rows: [...deferred, ...untouched.rows.slice(0, room)], next };
}

function listDeferred(
  db: Executor,
  sendId: number,
  after: Position | null,
  limit: number,
): Promise<LedgerRow[]> {
  const keyset = after?.dueAt
    ? ' AND r.NEXT_ATTEMPT_AT >= ? AND (r.NEXT_ATTEMPT_AT > ? OR r.SEQ > ?)'
    : '';
  const bound: Param[] = after?.dueAt ? [after.dueAt, after.dueAt, after.seq] : [];
  return db.rows<LedgerRow>(
    `SELECT ${COLUMNS} FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE)
      WHERE r.SEND_ID = ? AND r.ATTENTION = ${ATTENTION.deferred}${keyset} ORDER BY r.NEXT_ATTEMPT_AT, r.SEQ LIMIT ?`,
    [sendId, ...bound, limit],
  );
}

async function listUntouched(
  db: Executor,
  sendId: number,
  afterSeq: number,
  limit: number,
): Promise<LedgerRow[]> {
  const [send] = await db.rows<{ cursor: number }>(
    'SELECT CURSOR_SEQ AS `cursor` FROM CAMPAIGN_SENDS WHERE ID = ?',
    [sendId],
  );
  return db.rows<LedgerRow>(
    `SELECT ${COLUMNS} FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (PRIMARY)
      WHERE r.SEND_ID = ? AND r.SEQ > ? AND r.STATUS = 'pending' ORDER BY r.SEQ LIMIT ?`,
    [sendId, Math.max(afterSeq, send?.cursor ?? 0), limit],
  );
}

/** Rows in flight lie between two marks on the send's row, or carry the time of their next attempt. Never many. */
async function listSending(
  db: Executor,
  sendId: number,
  afterSeq: number,
  limit: number,
): Promise<Page> {
  const rows = await db.rows<LedgerRow>(
    `(SELECT ${COLUMNS} FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r ON r.SEND_ID = s.ID
       WHERE s.ID = ? AND r.SEQ > s.SETTLED_SEQ AND r.SEQ <= s.CURSOR_SEQ
         AND r.STATUS = 'sending' AND r.NEXT_ATTEMPT_AT IS NULL AND r.SEQ > ?)
     UNION ALL
     (SELECT ${COLUMNS} FROM CAMPAIGN_SEND_RESULTS r
       WHERE r.SEND_ID = ? AND r.ATTENTION = ${ATTENTION.deferredSending} AND r.SEQ > ?)
     ORDER BY seq LIMIT ?`,
    [sendId, afterSeq, sendId, afterSeq, limit + 1],
  );
  return toPage(rows, limit);
}

/** The row of one address of the send, or undefined when the address isn't in it. */
export async function findRecipient(
  db: Executor,
  sendId: number,
  emailNorm: string,
): Promise<LedgerRow | undefined> {
  const [row] = await db.rows<LedgerRow>(
    `SELECT ${COLUMNS} FROM CAMPAIGN_SEND_RESULTS r WHERE r.SEND_ID = ? AND r.EMAIL_NORM = ?`,
    [sendId, emailNorm],
  );
  return row;
}
