import { type Decline, declineReason } from '../../domain/declined.js';
import type { Database } from '../mysql/database.js';
import { rowMove } from './row.js';
import { skipListed } from './skip-listed.js';

/**
 * Takes people whom their list says not to write to out of a send that is importing: their rows become `skipped`, with the
 * column and its word, and the books follow in the same transaction. Of two noes of one address the first counts, and one of
 * an address that is not in the ledger is nothing.
 * @param declines so many that their rows fit into one statement
 * @returns those that were the reason of a row
 * @throws CampaignError WRONG_STATE, with nothing written, when the send is importing no more
 */
export function skipDeclined(
  database: Database,
  sendId: number,
  declines: readonly Decline[],
): Promise<Decline[]> {
  const { where } = rowMove('pending', 'skipped');
  const byNorm = new Map([...declines].reverse().map((decline) => [decline.norm, decline]));
  return database.transaction(async (tx) => {
    const rows = await tx.rows<{ seq: number; norm: string }>(
      `SELECT SEQ AS seq, EMAIL_NORM AS norm FROM CAMPAIGN_SEND_RESULTS
        WHERE SEND_ID = ? AND EMAIL_NORM IN (?) AND ${where}
        ORDER BY SEQ`,
      [sendId, [...byNorm.keys()]],
    );
    const reasons = rows.flatMap(({ norm }) => byNorm.get(norm) ?? []);
    if (rows.length === 0) return [];
    const seqs = rows.map(({ seq }) => seq);
    await skipListed(tx, sendId, seqs, reasons.map(declineReason), 'declined');
    return reasons;
  });
}
