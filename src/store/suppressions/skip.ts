import type { Executor } from '../mysql/packet.js';
import { rowMove } from '../recipients/row.js';
import { addWhileImporting } from '../sends/counters.js';

/** How many of a send's recipients are suppressed by now. */
export async function countSuppressed(db: Executor, sendId: number): Promise<number> {
  const [row] = await db.rows<{ count: number }>(
    `SELECT COUNT(*) AS count FROM CAMPAIGN_SUPPRESSIONS s
       JOIN CAMPAIGN_SEND_RESULTS r ON r.SEND_ID = ? AND r.EMAIL_NORM = s.EMAIL_NORM`,
    [sendId],
  );
  return row?.count ?? 0;
}

/**
 * Takes suppressed addresses out of a send whose import is about to end: their rows become `skipped`, with the
 * reason. The count is added to the send's in the same transaction.
 * @returns how many
 */
export async function skipSuppressed(tx: Executor, sendId: number): Promise<number> {
  const { set, where } = rowMove('pending', 'skipped');
  const { affectedRows } = await tx.run(
    `UPDATE CAMPAIGN_SEND_RESULTS r
       JOIN CAMPAIGN_SUPPRESSIONS s ON s.EMAIL_NORM = r.EMAIL_NORM
        SET ${set}, r.ROOM = NULL, r.RESPONSE = LEFT(CONCAT('suppressed: ', s.REASON), 500)
      WHERE r.SEND_ID = ? AND ${where}`,
    [sendId],
  );
  if (affectedRows > 0) await addWhileImporting(tx, sendId, { skipped: affectedRows });
  return affectedRows;
}
