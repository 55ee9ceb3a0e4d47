import { clip, REASON_LENGTH } from '../../domain/text.js';
import type { Database } from '../mysql/database.js';
import type { Executor } from '../mysql/packet.js';
import { PerRow, rowMove } from '../recipients/row.js';
import { addWhileImporting } from '../sends/counters.js';
import { findSuppressed } from './changes.js';
import { areThereAny, IS_SUPPRESSED } from './suppressed.js';
import { readSuppressionVersion } from './version.js';

/** Rows looked at in one statement. */
const PAGE = 10_000;
/** Rows skipped in one. */
const CHUNK = 500;

/** How many of a send's recipients that may still be mailed are suppressed by now. */
export async function countSuppressed(db: Executor, sendId: number): Promise<number> {
  if (!(await areThereAny(db))) return 0;
  const [row] = await db.rows<{ count: number }>(
    `SELECT COUNT(*) AS count FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r ON r.SEND_ID = s.ID
      WHERE s.ID = ? AND r.STATUS = 'pending' AND ${IS_SUPPRESSED}`,
    [sendId],
  );
  return row?.count ?? 0;
}

/** What the check of a ledger came to. */
export interface Checked {
  /** Rows that it skipped. */
  skipped: number;
  /** The version of the suppressions up to which the ledger is checked: what is written from now on has a higher one. */
  version: number;
}

/**
 * Takes suppressed addresses out of a send whose import is about to end: their rows become `skipped`, with the reason, and
 * the books follow in the same transaction. Page by page; who suppresses somebody meanwhile does not wait for it, and is
 * heeded when the row is to be marked.
 */
export async function skipSuppressed(db: Database, sendId: number): Promise<Checked> {
  // First: of what is written while the ledger is looked through, any part may be missed.
  const { version } = await readSuppressionVersion(db);
  let skipped = 0;
  if (!(await areThereAny(db))) return { skipped, version };
  const [send] = await db.rows<{ topic: string; lastSeq: number }>(
    'SELECT TOPIC AS topic, LAST_SEQ AS lastSeq FROM CAMPAIGN_SENDS WHERE ID = ?',
    [sendId],
  );
  const { topic = '', lastSeq = 0 } = send ?? {};
  for (let after = 0; after < lastSeq; after += PAGE) {
    const rows = await db.rows<{ seq: number; emailNorm: string }>(
      `SELECT r.SEQ AS seq, r.EMAIL_NORM AS emailNorm
         FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r ON r.SEND_ID = s.ID
        WHERE s.ID = ? AND r.SEQ > ? AND r.SEQ <= ? AND r.STATUS = 'pending' AND ${IS_SUPPRESSED}`,
      [sendId, after, after + PAGE],
    );
    for (let at = 0; at < rows.length; at += CHUNK) {
      skipped += await skipRows(db, sendId, topic, rows.slice(at, at + CHUNK));
    }
  }
  return { skipped, version };
}

const SKIPPED = rowMove('pending', 'skipped');

/** @returns how many of them were still to be skipped */
async function skipRows(
  db: Database,
  sendId: number,
  topic: string,
  rows: readonly { seq: number; emailNorm: string }[],
): Promise<number> {
  const found = await findSuppressed(
    db,
    rows.map(({ emailNorm }) => emailNorm),
    topic,
  );
  const named = rows.flatMap(({ seq, emailNorm }) => {
    const text = found.get(emailNorm);
    return text === undefined ? [] : [{ seq, text: clip(text, REASON_LENGTH) }];
  });
  if (named.length === 0) return 0;
  const seqs = named.map(({ seq }) => seq);
  return db.transaction(async (tx) => {
    // Locks the send's row, which must change: an import counts changed rows. Of one that was cancelled meanwhile the release
    // will tell.
    if (!(await addWhileImporting(tx, sendId, { skipped: seqs.length }))) return 0;
    const perRow = new PerRow(seqs);
    const text = perRow.value(named.map((row) => row.text));
    const { affectedRows } = await tx.run(
      `UPDATE CAMPAIGN_SEND_RESULTS SET ${SKIPPED.set}, ROOM = NULL, RESPONSE = ${text}
        WHERE SEND_ID = ? AND SEQ IN (?) AND ${SKIPPED.where}`,
      [...perRow.params, sendId, seqs],
    );
    const left = seqs.length - affectedRows;
    if (left > 0) await addWhileImporting(tx, sendId, { skipped: -left });
    return affectedRows;
  });
}
