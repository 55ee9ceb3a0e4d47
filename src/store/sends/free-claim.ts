import type { StaleClaim } from '../../domain/claim.js';
import { pick, select } from '../columns.js';
import { writeEvent } from '../events.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Fragment } from '../mysql/packet.js';
import { findAllSending } from '../recipients/in-flight.js';
import { rowMove } from '../recipients/row.js';
import { suppressRefused } from '../suppressions/refused.js';
import { keepBooks } from './counters.js';
import { CLAIM_NUMBER, SEND } from './row.js';

/** What was in a claim's hands when it was freed. */
interface InFlight {
  /** CLAIM_NUMBER, of the claim and of its rows. */
  number: number;
  maxAttempts: number;
  /** Rows `sending`. */
  seqs: number[];
}

/** Why a claim may be taken from its holder, and what its event says of it. */
interface Ground {
  /** Beside the claim's name: what must hold still. */
  condition?: Fragment;
  /** Settles rows of which it is known what became of them; gives back what the event is to tell of it. */
  settle?: (tx: Executor, inFlight: InFlight) => Promise<Record<string, unknown>>;
  event: 'reclaimed' | 'released';
  reason: string | null;
}

/** The RESPONSE of rows of which nobody can tell how far they had come. */
const STOPPED = 'the worker stopped while this message was in its hands';

/**
 * Takes a claim from its holder, where it still has it; what it was about becomes `unknown`. Whom its holder had recorded as
 * refused for want of a mailbox is suppressed.
 */
export async function freeClaim(
  db: Database,
  claim: StaleClaim,
  actor: string,
  { condition, settle, event, reason }: Ground,
): Promise<{ unknown: number } | null> {
  let freedNumber: number | null = null;
  const taken = await db.transaction(async (tx) => {
    freedNumber = null;
    const freed = await tx.run(
      `UPDATE CAMPAIGN_SENDS SET CLAIMED_BY = NULL, CLAIMED_AT = NULL
        WHERE ID = ? AND CLAIMED_BY <=> ? ${condition ? `AND ${condition.sql}` : ''}`,
      [claim.sendId, claim.by, ...(condition?.params ?? [])],
    );
    if (freed.affectedRows === 0) return null;
    const [send] = await tx.rows<{ sending: number; number: number; maxAttempts: number }>(
      `SELECT ${select({ ...pick(SEND, 'sending', 'maxAttempts'), number: CLAIM_NUMBER })}
         FROM CAMPAIGN_SENDS s WHERE s.ID = ?`,
      [claim.sendId],
    );
    const { sending = 0, number = 0, maxAttempts = 0 } = send ?? {};
    freedNumber = number;
    const seqs = await findAllSending(tx, claim.sendId, sending);
    let told = {};
    let unknown = 0;
    if (seqs.length > 0) {
      if (settle) told = await settle(tx, { number, maxAttempts, seqs });
      const { set, where } = rowMove('sending', 'unknown');
      const settled = await tx.run(
        `UPDATE CAMPAIGN_SEND_RESULTS SET ${set}, NEXT_ATTEMPT_AT = NULL, RESPONSE = ?, TAKEN_FROM = CLAIM_NUMBER
          WHERE SEND_ID = ? AND SEQ IN (?) AND ${where}`,
        [STOPPED, claim.sendId, seqs],
      );
      unknown = settled.affectedRows;
      const moved = { from: 'sending', to: 'unknown', rows: unknown } as const;
      await keepBooks(tx, claim.sendId, [moved], {
        sql: 'SETTLED_SEQ = CURSOR_SEQ',
        params: [],
      });
    }
    await writeEvent(tx, {
      sendId: claim.sendId,
      event,
      actor,
      reason,
      details: { unknown, ...told, claim: claim.by, number },
      claim: { by: claim.by, number },
    });
    return { unknown };
  });
  if (taken && freedNumber !== null) await suppressRefused(db, claim.sendId, freedNumber);
  return taken;
}
