import type { Claim } from '../../domain/claim.js';
import type { Run } from '../../domain/refusal-watch.js';
import { clip, REASON_LENGTH } from '../../domain/text.js';
import type { Database } from '../mysql/database.js';
import { giveRunBack } from '../recipients/give-back.js';
import { move } from './lifecycle.js';

/**
 * Pauses the send on the worker's own account, and gives rows back that were refused through no fault of theirs.
 * @returns false when the claim is lost or the send no longer runs
 */
export function pauseItself(
  db: Database,
  claim: Claim,
  reason: string,
  giveBack: Run | null,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const fence = await tx.run(
      'UPDATE CAMPAIGN_SENDS SET CLAIMED_AT = UTC_TIMESTAMP(3) WHERE ID = ? AND CLAIMED_BY = ?',
      [claim.sendId, claim.by],
    );
    if (fence.affectedRows === 0) return false;
    const givenBack = giveBack === null ? 0 : await giveRunBack(tx, claim.sendId, giveBack);
    const paused = await move(tx, claim.sendId, 'pause', {
      reason,
      where: { sql: 'CLAIMED_BY = ?', params: [claim.by] },
      event: { event: 'paused', actor: claim.by, reason, details: { givenBack } },
    });
    if (paused) return true;
    // Done before, if the reply to that was lost.
    const done = await tx.rows(
      "SELECT 1 FROM CAMPAIGN_SENDS WHERE ID = ? AND STATUS = 'paused' AND STATUS_REASON = ?",
      [claim.sendId, clip(reason, REASON_LENGTH)],
    );
    return done.length > 0;
  });
}
