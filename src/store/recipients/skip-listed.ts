import type { Executor } from '../mysql/packet.js';
import { addWhileImporting, type Figures } from '../sends/counters.js';
import { noLongerImporting } from '../sends/import.js';
import { PerRow, rowMove } from './row.js';

/**
 * Skips pending rows of a send that is importing, each with its reason, and keeps the books, in the caller's transaction.
 * @param reasons those of the rows, as many
 * @param besides the counter that counts them beside `skipped`
 * @throws CampaignError WRONG_STATE when the send is importing no more
 */
export async function skipListed(
  tx: Executor,
  sendId: number,
  seqs: readonly number[],
  reasons: readonly string[],
  besides: keyof Figures,
): Promise<void> {
  const { set, where } = rowMove('pending', 'skipped');
  const perRow = new PerRow(seqs);
  const { affectedRows } = await tx.run(
    `UPDATE CAMPAIGN_SEND_RESULTS SET ${set}, ROOM = NULL, RESPONSE = ${perRow.value(reasons)}
      WHERE SEND_ID = ? AND SEQ IN (?) AND ${where}`,
    [...perRow.params, sendId, seqs],
  );
  if (affectedRows !== seqs.length || reasons.length !== seqs.length) {
    throw new Error(`${affectedRows} of ${seqs.length} rows of send ${sendId} were skipped`);
  }
  if (!(await addWhileImporting(tx, sendId, { skipped: affectedRows, [besides]: affectedRows }))) {
    throw noLongerImporting(sendId);
  }
}

/** Those of some rows that are in the ledger, and pending. */
export async function findPending(
  db: Executor,
  sendId: number,
  seqs: readonly number[],
): Promise<Set<number>> {
  const rows = await db.rows<{ seq: number }>(
    `SELECT SEQ AS seq FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND SEQ IN (?) AND STATUS = 'pending'`,
    [sendId, seqs],
  );
  return new Set(rows.map(({ seq }) => seq));
}
