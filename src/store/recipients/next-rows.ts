import type { NextRows, Recipient, RowsToRead } from '../../domain/recipient.js';
import { pick, select } from '../columns.js';
import { readFiles } from '../files/send-files.js';
import { ATTENTION } from '../generated.js';
import type { Executor, Statement } from '../mysql/packet.js';
import { LEDGER } from './row.js';

export type ResultRow = Omit<Recipient, 'fields'> & { fields: string | null };

export const RECIPIENT = pick(LEDGER, 'seq', 'email', 'emailNorm', 'fields', 'attempts');
const UNTOUCHED = select(RECIPIENT);
const DEFERRED = select({ ...RECIPIENT, dueAt: LEDGER.nextAttemptAt, limited: LEDGER.limited });

/** Each property by its name: the rest of an object costs microseconds, and makes a slow object that others then read. */
export function toRecipient(row: ResultRow): Recipient {
  const { seq, email, emailNorm, fields, attempts, dueAt, limited } = row;
  return {
    seq,
    email,
    emailNorm,
    attempts,
    fields: fields === null ? {} : (JSON.parse(fields) as Record<string, string>),
    dueAt,
    limited,
  };
}

/**
 * What is to be tried next, in one round trip: rows given back or deferred whose time has come, the longest due first,
 * and rows never tried, in the list's order.
 */
export async function nextRows(db: Executor, sendId: number, read: RowsToRead): Promise<NextRows> {
  const among = read.among ? 'AND SEQ IN (?)' : '';
  const untouched: Statement = {
    sql: `SELECT ${UNTOUCHED} FROM CAMPAIGN_SEND_RESULTS r
           WHERE SEND_ID = ? AND SEQ > ? AND STATUS = 'pending' AND NEXT_ATTEMPT_AT IS NULL
           ORDER BY SEQ LIMIT ?`,
    params: [sendId, read.afterSeq, read.untouched],
  };
  // Without the hint MySQL 9 may choose the primary key, and read all settled rows.
  const deferred: Statement = {
    sql: `SELECT ${DEFERRED} FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE)
           WHERE SEND_ID = ? AND ATTENTION = ${ATTENTION.deferred} AND NEXT_ATTEMPT_AT <= UTC_TIMESTAMP(3)
                 ${among}
           ORDER BY NEXT_ATTEMPT_AT LIMIT ?`,
    params: [sendId, ...(read.among ? [read.among] : []), read.deferred],
  };
  const [fresh, due] = await db.packet(read.deferred > 0 ? [untouched, deferred] : [untouched]);
  const rows: NextRows = {
    untouched: ((fresh ?? []) as ResultRow[]).map(toRecipient),
    deferred: ((due ?? []) as ResultRow[]).map(toRecipient),
  };
  if (read.files) await addFiles(db, sendId, [...rows.untouched, ...rows.deferred]);
  return rows;
}

async function addFiles(db: Executor, sendId: number, rows: readonly Recipient[]): Promise<void> {
  const seqs = rows.map(({ seq }) => seq);
  const files = await readFiles(db, sendId, seqs);
  for (const row of rows) row.files = files.get(row.seq);
}
