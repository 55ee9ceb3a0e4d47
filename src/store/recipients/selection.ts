import type { CodeFilter } from '../../domain/code-filter.js';
import { ATTENTION } from '../generated.js';
import type { Executor, Fragment, Param } from '../mysql/packet.js';
import { areThereAny, IS_SUPPRESSED } from '../suppressions/suppressed.js';
import { IS_FORGOTTEN } from './row.js';

/** Rows of one status that an operator wants settled, `unknown` or `failed`. */
export interface Selection {
  from: 'unknown' | 'failed';
  /** Only rows whose reply was of this code. */
  code?: CodeFilter;
  /** Only this row. */
  seq?: number;
  /** They are to be mailed again: whoever was forgotten is left out. */
  again?: boolean;
}

/** An unknown row of a claim that still stands may yet get a late result: it is nobody else's. */
const NOT_HELD =
  "(s.CLAIMED_BY IS NULL OR r.STATUS <> 'unknown' OR NOT r.CLAIM_NUMBER <=> s.CLAIM_NUMBER)";

function condition(selection: Selection): Fragment {
  const parts = ['r.ATTENTION = ?', 'r.NEXT_ATTEMPT_AT IS NULL'];
  const params: Param[] = [ATTENTION[selection.from]];
  const { code, seq, again } = selection;
  if (again) parts.push(`NOT ${IS_FORGOTTEN}`);
  if (seq !== undefined) {
    parts.push('r.SEQ = ?');
    params.push(seq);
  }
  if (code && 'class' in code) {
    parts.push('r.SMTP_CODE BETWEEN ? AND ?');
    params.push(code.class, code.class + 99);
  } else if (code && 'code' in code) {
    parts.push('r.SMTP_CODE = ?');
    params.push(code.code);
  } else if (code) {
    parts.push('r.ENHANCED_CODE = ?');
    params.push(code.enhanced);
  }
  return { sql: parts.join(' AND '), params };
}

/** How many rows a selection has: free to be settled, and held by a live claim. */
export async function countSelected(
  db: Executor,
  sendId: number,
  selection: Selection,
): Promise<{ free: number; held: number }> {
  const { sql, params } = condition(selection);
  const [row] = await db.rows<{ free: number; held: number }>(
    `SELECT COUNT(IF(${NOT_HELD}, 1, NULL)) AS free, COUNT(IF(${NOT_HELD}, NULL, 1)) AS held
       FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE) ON r.SEND_ID = s.ID
      WHERE s.ID = ? AND ${sql}`,
    [sendId, ...params],
  );
  return row ?? { free: 0, held: 0 };
}

/** How many of those that are free are suppressed by now. */
export async function countSelectedSuppressed(
  db: Executor,
  sendId: number,
  selection: Selection,
): Promise<number> {
  if (!(await areThereAny(db))) return 0;
  const { sql, params } = condition(selection);
  const [row] = await db.rows<{ count: number }>(
    `SELECT COUNT(*) AS count
       FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE) ON r.SEND_ID = s.ID
      WHERE s.ID = ? AND ${sql} AND ${NOT_HELD} AND ${IS_SUPPRESSED}`,
    [sendId, ...params],
  );
  return row?.count ?? 0;
}

/** A page of the rows of a selection that no claim holds, in the order of the list. */
export async function listSelected(
  db: Executor,
  sendId: number,
  selection: Selection,
  afterSeq: number,
  limit: number,
): Promise<number[]> {
  const { sql, params } = condition(selection);
  const rows = await db.rows<{ seq: number }>(
    `SELECT r.SEQ AS seq FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE) ON r.SEND_ID = s.ID
      WHERE s.ID = ? AND ${sql} AND r.SEQ > ? AND ${NOT_HELD} ORDER BY r.SEQ LIMIT ?`,
    [sendId, ...params, afterSeq, limit],
  );
  return rows.map((row) => row.seq);
}

/** Where an attempt stands in a send's history: later claims came later, and within one the order of the list. */
export interface Attempt {
  claimNumber: number;
  seq: number;
}

/** The first and the last attempt of those rows among `seqs` that were sent. */
export async function attemptRange(
  db: Executor,
  sendId: number,
  seqs: readonly number[],
): Promise<{ first: Attempt; last: Attempt } | undefined> {
  const rows = await db.rows<Attempt>(
    `SELECT CLAIM_NUMBER AS claimNumber, SEQ AS seq FROM CAMPAIGN_SEND_RESULTS
      WHERE SEND_ID = ? AND SEQ IN (?) AND STATUS = 'sent' AND CLAIM_NUMBER > 0
      ORDER BY CLAIM_NUMBER, SEQ`,
    [sendId, seqs],
  );
  const [first] = rows;
  const last = rows.at(-1);
  return first && last && { first, last };
}

/** The unknown rows between two attempts, both excluded, but for those forgotten: a page in the order of the list. */
export async function listUnknownBetween(
  db: Executor,
  sendId: number,
  first: Attempt,
  last: Attempt,
  afterSeq: number,
  limit: number,
): Promise<number[]> {
  const rows = await db.rows<{ seq: number }>(
    `SELECT r.SEQ AS seq FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE) ON r.SEND_ID = s.ID
      WHERE s.ID = ? AND r.ATTENTION = ${ATTENTION.unknown} AND r.NEXT_ATTEMPT_AT IS NULL AND r.SEQ > ? AND ${NOT_HELD}
        AND (r.CLAIM_NUMBER, r.SEQ) > (?, ?) AND (r.CLAIM_NUMBER, r.SEQ) < (?, ?) AND NOT ${IS_FORGOTTEN}
      ORDER BY r.SEQ LIMIT ?`,
    [sendId, afterSeq, first.claimNumber, first.seq, last.claimNumber, last.seq, limit],
  );
  return rows.map((row) => row.seq);
}
