import type { Claim, StaleClaim } from '../../domain/claim.js';
import type { RowInFlight } from '../../domain/recipient.js';
import type { ReclaimedRows, Settlement, SettleRows, TakenOver } from '../../domain/settlement.js';
import { ATTENTION } from '../generated.js';
import type { Database } from '../mysql/database.js';
import type { Executor } from '../mysql/packet.js';
import { settleEach } from '../recipients/step.js';
import { freeClaim, STOPPED } from './claim.js';
import { keepBooks } from './counters.js';

/** Claims of a worker, whatever the state of their sends. */
export function findClaimsOf(db: Executor, worker: string): Promise<StaleClaim[]> {
  return db.rows<StaleClaim>(
    `SELECT ID AS sendId, CLAIMED_BY AS \`by\` FROM CAMPAIGN_SENDS
      WHERE CLAIMED_BY >= CONCAT(?, ':') AND CLAIMED_BY < CONCAT(?, ';')`,
    [worker, worker],
  );
}

/**
 * Frees the claim of a worker that is proved dead, however short a time ago it was renewed. What `settle` says of the rows in
 * its hands is written in the same transaction; what it leaves out becomes `unknown`.
 * @returns null when somebody else has freed it
 */
export async function takeOver(
  db: Database,
  dead: StaleClaim,
  actor: string,
  settle: SettleRows | null,
): Promise<TakenOver | null> {
  let rows: Record<string, number[]> = {};
  const freed = await freeClaim(db, dead, actor, {
    event: 'reclaimed',
    reason: `${dead.by} is dead`,
    ...(settle && {
      settle: async (tx, { number, maxAttempts, seqs }) => {
        const claim = { sendId: dead.sendId, by: dead.by ?? '', number };
        const inFlight = await readInFlight(tx, claim, seqs);
        rows = await settleInFlight(tx, claim, settle(inFlight, maxAttempts));
        return { recorded: rows };
      },
    }),
  });
  if (!freed) return null;
  const count = (kind: string): number => rows[kind]?.length ?? 0;
  return {
    sent: count('sent'),
    failed: count('failed'),
    deferred: count('deferred'),
    returned: count('returned'),
    ...freed,
  };
}

const readInFlight = (
  tx: Executor,
  { sendId, number }: Claim,
  seqs: readonly number[],
): Promise<RowInFlight[]> =>
  tx.rows<RowInFlight>(
    `SELECT SEQ AS seq, ATTEMPTS AS attempts FROM CAMPAIGN_SEND_RESULTS
      WHERE SEND_ID = ? AND SEQ IN (?) AND STATUS = 'sending' AND CLAIM_NUMBER = ?`,
    [sendId, seqs, number],
  );

/** @returns the rows settled, by what became of them */
async function settleInFlight(
  tx: Executor,
  claim: Claim,
  settlements: readonly Settlement[],
): Promise<Record<string, number[]>> {
  const settled = await settleEach(tx, claim, settlements, 'sending');
  if (settled.some(({ rows }) => rows > 0)) await keepBooks(tx, claim.sendId, settled);
  const rows: Record<string, number[]> = {};
  for (const { seq, to } of settlements) rows[to] = [...(rows[to] ?? []), seq];
  return rows;
}

/**
 * The rows of a claim that whoever took it made `unknown`, if nobody has settled them since.
 * @returns null when nobody took it, or an operator released it
 */
export async function findReclaimed(
  db: Executor,
  sendId: number,
  by: string,
): Promise<ReclaimedRows | null> {
  const [event] = await db.rows<{ number: number; maxAttempts: number }>(
    `SELECT CAST(JSON_UNQUOTE(JSON_EXTRACT(e.DETAILS, '$.number')) AS SIGNED) AS number, s.MAX_ATTEMPTS AS maxAttempts
       FROM CAMPAIGN_SEND_EVENTS e JOIN CAMPAIGN_SENDS s ON s.ID = e.SEND_ID
      WHERE e.SEND_ID = ? AND e.EVENT = 'reclaimed' AND JSON_UNQUOTE(JSON_EXTRACT(e.DETAILS, '$.claim')) = ?
      ORDER BY e.ID DESC LIMIT 1`,
    [sendId, by],
  );
  if (!event) return null;
  const { number, maxAttempts } = event;
  const rows = await db.rows<RowInFlight>(
    `SELECT SEQ AS seq, ATTEMPTS AS attempts FROM CAMPAIGN_SEND_RESULTS FORCE INDEX (ATTENTION_DUE)
      WHERE SEND_ID = ? AND ATTENTION = ${ATTENTION.unknown} AND CLAIM_NUMBER = ? AND RESPONSE = ?`,
    [sendId, number, STOPPED],
  );
  return { claim: { sendId, by, number }, maxAttempts, rows };
}
