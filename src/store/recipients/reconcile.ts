import type { Claim, Reconciled } from '../../domain/claim.js';
import type { Settlement } from '../../domain/settlement.js';
import { mayMove } from '../../domain/states.js';
import type { Database } from '../mysql/database.js';
import { readState } from '../sends/claim.js';
import { keepBooks } from '../sends/counters.js';
import { findSending } from './in-flight.js';
import { settleEach } from './settlements.js';

/**
 * How things stand after a transaction whose fate is not known. Takes the fence, so one that has it already ends first;
 * and numbers the claim and its rows anew, so that one the server has not begun yet finds neither.
 * @returns the claim as it is from now on and the rows `sending` under it, or null when it is lost
 */
export function reconcile(db: Database, claim: Claim): Promise<Reconciled | null> {
  return db.transaction(async (tx) => {
    const fence = await tx.run(
      `UPDATE CAMPAIGN_SENDS SET CLAIMED_AT = UTC_TIMESTAMP(3), CLAIM_NUMBER = CLAIM_NUMBER + 1
        WHERE ID = ? AND CLAIMED_BY = ?`,
      [claim.sendId, claim.by],
    );
    if (fence.affectedRows === 0) return null;
    const [send] = await tx.rows<{ number: number }>(
      'SELECT CLAIM_NUMBER AS number FROM CAMPAIGN_SENDS WHERE ID = ?',
      [claim.sendId],
    );
    const { number } = send as { number: number };
    // A send is claimed only when none of its rows is `sending`: whatever number they carry, they are this claim's.
    const seqs = await findSending(tx, claim.sendId);
    if (seqs.length > 0) {
      await tx.run(
        "UPDATE CAMPAIGN_SEND_RESULTS SET CLAIM_NUMBER = ? WHERE SEND_ID = ? AND SEQ IN (?) AND STATUS = 'sending'",
        [number, claim.sendId, seqs],
      );
    }
    return { claim: { ...claim, number }, sending: new Set(seqs) };
  });
}

/**
 * Results that arrive after the claim was lost. They may settle the claim's own rows that a takeover made `unknown`,
 * and nothing else; rows not accepted go back only to a send that still runs or is paused.
 * @returns how many rows they settled
 */
export function settleLate(
  db: Database,
  claim: Claim,
  settlements: readonly Settlement[],
): Promise<number> {
  return db.transaction(async (tx) => {
    // Locks the send's row before the ledger's, as every transaction does.
    await tx.run('UPDATE CAMPAIGN_SENDS SET ID = ID WHERE ID = ?', [claim.sendId]);
    const { status } = await readState(tx, claim);
    const open = mayMove(status, 'complete');
    const admissible = settlements.filter(
      ({ to }) => to === 'sent' || to === 'failed' || (open && to !== 'unknown'),
    );
    const settled = await settleEach(tx, claim, admissible, 'unknown');
    const total = settled.reduce((sum, { rows }) => sum + rows, 0);
    if (total > 0) await keepBooks(tx, claim.sendId, settled);
    return total;
  });
}
