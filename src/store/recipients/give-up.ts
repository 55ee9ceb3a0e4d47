import type { Claim } from '../../domain/claim.js';
import type { GivenUp, Refusal } from '../../domain/settlement.js';
import { clip, REASON_LENGTH } from '../../domain/text.js';
import type { Database } from '../mysql/database.js';
import { keepBooks } from '../sends/counters.js';
import { rowMove } from './row.js';

const ROWS_A_PAGE = 1_000;
const GIVEN_UP = rowMove('pending', 'failed');

/**
 * Fails a page of a send's pending rows, those above `afterSeq`, in words that the relay has for everybody. Their attempts stay
 * as they are: most were never tried.
 * @returns null when the claim is lost, or the send no longer runs
 */
export function failPending(
  db: Database,
  claim: Claim,
  afterSeq: number,
  { code, enhanced, text }: Refusal,
): Promise<GivenUp | null> {
  const { sendId, by, number } = claim;
  return db.transaction(async (tx) => {
    const fence = await tx.run(
      `UPDATE CAMPAIGN_SENDS SET CLAIMED_AT = UTC_TIMESTAMP(3)
        WHERE ID = ? AND CLAIMED_BY = ? AND CLAIM_NUMBER = ? AND STATUS = 'running'`,
      [sendId, by, number],
    );
    if (fence.affectedRows !== 1) return null;
    const page = await tx.rows<{ seq: number }>(
      `SELECT SEQ AS seq FROM CAMPAIGN_SEND_RESULTS
        WHERE SEND_ID = ? AND SEQ > ? AND ${GIVEN_UP.where} ORDER BY SEQ LIMIT ?`,
      [sendId, afterSeq, ROWS_A_PAGE],
    );
    const lastSeq = page.at(-1)?.seq;
    if (lastSeq === undefined) return { rows: 0, lastSeq: null };
    const { affectedRows: rows } = await tx.run(
      `UPDATE CAMPAIGN_SEND_RESULTS
          SET ${GIVEN_UP.set}, SMTP_CODE = ?, ENHANCED_CODE = ?, RESPONSE = ?, NEXT_ATTEMPT_AT = NULL, ROOM = NULL
        WHERE SEND_ID = ? AND SEQ > ? AND SEQ <= ? AND ${GIVEN_UP.where}`,
      [code, enhanced, clip(text, REASON_LENGTH), sendId, afterSeq, lastSeq],
    );
    const cursor = { sql: 'CURSOR_SEQ = GREATEST(CURSOR_SEQ, ?)', params: [lastSeq] };
    await keepBooks(tx, sendId, [{ from: 'pending', to: 'failed', rows }], cursor);
    return { rows, lastSeq };
  });
}
