import type { Claim } from '../../domain/claim.js';
import type { RowInFlight } from '../../domain/recipient.js';
import { pick, select } from '../columns.js';
import { ATTENTION } from '../generated.js';
import type { Executor } from '../mysql/packet.js';
import { LEDGER } from './row.js';

/** Row ranges in which all `sending` rows of a send lie, so that none of its settled rows need be read. */
const SENDING_ROWS = `SELECT r.SEQ AS seq FROM CAMPAIGN_SEND_RESULTS r
    JOIN CAMPAIGN_SENDS s ON s.ID = r.SEND_ID
   WHERE r.SEND_ID = ? AND r.SEQ > s.SETTLED_SEQ AND r.SEQ <= s.CURSOR_SEQ AND r.STATUS = 'sending'
   UNION DISTINCT
  SELECT r.SEQ FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE)
   WHERE r.SEND_ID = ? AND r.ATTENTION = ${ATTENTION.deferredSending}`;

/** SEQs of a send's rows in flight, as far as the marks on its row lead to them. */
export async function findSending(tx: Executor, sendId: number): Promise<number[]> {
  const rows = await tx.rows<{ seq: number }>(SENDING_ROWS, [sendId, sendId]);
  return rows.map(({ seq }) => seq);
}

/** The same where there should be so many: without them the whole ledger is read, which somebody edited by hand. */
export async function findAllSending(
  tx: Executor,
  sendId: number,
  expected: number,
): Promise<number[]> {
  const found = await findSending(tx, sendId);
  if (found.length >= expected) return found;
  const rows = await tx.rows<{ seq: number }>(
    "SELECT SEQ AS seq FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND STATUS = 'sending'",
    [sendId],
  );
  return rows.map(({ seq }) => seq);
}

/** Those of the rows that are in flight under this claim. */
export const readInFlight = (
  tx: Executor,
  { sendId, number }: Claim,
  seqs: readonly number[],
): Promise<RowInFlight[]> =>
  tx.rows<RowInFlight>(
    `SELECT ${select(pick(LEDGER, 'seq', 'attempts'))} FROM CAMPAIGN_SEND_RESULTS r
      WHERE SEND_ID = ? AND SEQ IN (?) AND STATUS = 'sending' AND CLAIM_NUMBER = ?`,
    [sendId, seqs, number],
  );
