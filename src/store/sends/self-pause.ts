import type { Claim } from '../../domain/claim.js';
import type { Run } from '../../domain/refusal-watch.js';
import type { Database } from '../mysql/database.js';
import type { Executor } from '../mysql/packet.js';
import { giveRunBack } from '../recipients/give-back.js';
import { move } from './lifecycle.js';

/**
 * Pauses the send on the worker's own account, and gives rows back that were refused through no fault of theirs.
 * @param told.rowsTooLarge the reason is that the server does not take the messages of some rows: `wasToldTooLarge` from then on
 * @returns false when the claim is lost or the send no longer runs
 */
export function pauseItself(
  db: Database,
  claim: Claim,
  reason: string,
  giveBack: Run | null,
  told = { rowsTooLarge: false },
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
      set: told.rowsTooLarge ? [{ sql: 'TOO_LARGE_TOLD_AT = UTC_TIMESTAMP(3)', params: [] }] : [],
      where: { sql: 'CLAIMED_BY = ?', params: [claim.by] },
      event: { event: 'paused', actor: claim.by, reason, details: { givenBack } },
    });
    if (paused) return true;
    return wasPausedBy(tx, claim);
  });
}

/** Whether it was the claim that paused its send, which is paused: its own pause, of which the reply was lost. */
async function wasPausedBy(tx: Executor, { sendId, by }: Claim): Promise<boolean> {
  const [last] = await tx.rows<{ actor: string }>(
    `SELECT e.ACTOR AS actor FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_EVENTS e ON e.SEND_ID = s.ID
      WHERE s.ID = ? AND s.STATUS = 'paused' AND e.EVENT = 'paused' ORDER BY e.ID DESC LIMIT 1`,
    [sendId],
  );
  return last?.actor === by;
}

/** Whether a send has paused before because the server does not take the messages of some rows. */
export async function wasToldTooLarge(db: Executor, sendId: number): Promise<boolean> {
  const told = await db.rows(
    'SELECT 1 FROM CAMPAIGN_SENDS WHERE ID = ? AND TOO_LARGE_TOLD_AT IS NOT NULL',
    [sendId],
  );
  return told.length > 0;
}
