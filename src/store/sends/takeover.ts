import type { Claim, SilentClaim, StaleClaim } from '../../domain/claim.js';
import { ALIVE_SECONDS, STALE_CLAIM_SECONDS } from '../../domain/lease.js';
import type { RowInFlight } from '../../domain/recipient.js';
import type { ReclaimedRows, Settlement, SettleRows, TakenOver } from '../../domain/settlement.js';
import { pick, select } from '../columns.js';
import { ATTENTION, DUE } from '../generated.js';
import { isAhead, setBack } from '../mysql/clock-back.js';
import type { Database } from '../mysql/database.js';
import type { Executor } from '../mysql/packet.js';
import { readInFlight } from '../recipients/in-flight.js';
import { IS_FORGOTTEN, LEDGER } from '../recipients/row.js';
import { settleEach } from '../recipients/settlements.js';
import { HOLDER } from '../workers.js';
import { keepBooks } from './counters.js';
import { freeClaim } from './free-claim.js';
import { SEND } from './row.js';

const NOT_RENEWED = 'CLAIMED_AT < UTC_TIMESTAMP(3) - INTERVAL ? SECOND';

const RENEWED_AHEAD = isAhead('CLAIMED_AT');

/**
 * Claims whose holder has not renewed them in time, whatever the send's status; and rows in flight that nobody holds. Where
 * one was renewed ahead of the clock, which went back since, that counts from now on as just now.
 */
export async function findStale(
  db: Executor,
  staleSeconds = STALE_CLAIM_SECONDS,
): Promise<StaleClaim[]> {
  const found = await db.rows<StaleClaim & { renewedAhead: number | null }>(
    `(SELECT ID AS sendId, CLAIMED_BY AS \`by\`, ${RENEWED_AHEAD} AS renewedAhead FROM CAMPAIGN_SENDS
       WHERE CLAIMED_BY IS NOT NULL AND (${NOT_RENEWED} OR ${RENEWED_AHEAD}) LIMIT 100)
      UNION ALL
     (SELECT ID, NULL, 0 FROM CAMPAIGN_SENDS WHERE DUE = ${DUE.strays} LIMIT 100)`,
    [staleSeconds],
  );
  const ahead = found.filter(({ renewedAhead }) => renewedAhead === 1);
  await setBack(db, 'CLAIMED_AT', ahead);
  return found
    .filter(({ renewedAhead }) => renewedAhead !== 1)
    .map(({ sendId, by }) => ({ sendId, by }));
}

/** Claims on running sends that are not stale yet, though their workers are gone. */
export function findSilent(
  db: Executor,
  staleSeconds = STALE_CLAIM_SECONDS,
): Promise<SilentClaim[]> {
  return db.rows<SilentClaim>(
    `SELECT s.ID AS sendId, s.CLAIMED_BY AS \`by\`, UTC_TIMESTAMP(3) AS now,
            TIMESTAMPDIFF(SECOND, COALESCE(w.SEEN_AT, s.CLAIMED_AT), UTC_TIMESTAMP(3)) * 1000 AS silentMs,
            s.CLAIMED_AT + INTERVAL ? SECOND AS takenOverAt
       FROM CAMPAIGN_SENDS s FORCE INDEX (CLAIMED)
       LEFT JOIN CAMPAIGN_WORKERS w ON w.WORKER = ${HOLDER}
      WHERE s.CLAIMED_BY IS NOT NULL AND s.STATUS = 'running'
        AND (w.SEEN_AT IS NULL OR w.SEEN_AT <= UTC_TIMESTAMP(3) - INTERVAL ? SECOND)
      LIMIT 100`,
    [staleSeconds, ALIVE_SECONDS],
  );
}

/** Claims of a worker, whatever the state of their sends. */
export function findClaimsOf(db: Executor, worker: string): Promise<StaleClaim[]> {
  return db.rows<StaleClaim>(
    `SELECT ID AS sendId, CLAIMED_BY AS \`by\` FROM CAMPAIGN_SENDS
      WHERE CLAIMED_BY >= CONCAT(?, ':') AND CLAIMED_BY < CONCAT(?, ';')`,
    [worker, worker],
  );
}

/**
 * Frees a stale claim in one transaction with what it leaves behind: its `sending` rows become `unknown`, for
 * whether they were accepted cannot be known.
 * @returns null when the claim was renewed, or freed by somebody else, meanwhile
 */
export const reclaim = (
  db: Database,
  stale: StaleClaim,
  actor: string,
  staleSeconds = STALE_CLAIM_SECONDS,
): Promise<{ unknown: number } | null> =>
  freeClaim(db, stale, actor, {
    condition: { sql: `(${NOT_RENEWED} OR DUE = ${DUE.strays})`, params: [staleSeconds] },
    event: 'reclaimed',
    reason: stale.by
      ? `${stale.by} had not renewed its claim for ${staleSeconds} s`
      : 'messages were in flight under no claim',
  });

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
 * The rows of a claim that whoever took it made `unknown`, if nobody has settled them since; but for those of people who
 * were forgotten, which could not be mailed as they were.
 * @returns null when nobody took it, an operator released it, or a scheduler from before there was CLAIM took it
 */
export async function findReclaimed(
  db: Executor,
  sendId: number,
  by: string,
): Promise<ReclaimedRows | null> {
  const [event] = await db.rows<{ number: number; maxAttempts: number }>(
    `SELECT e.CLAIM_NUMBER AS number, ${SEND.maxAttempts} AS maxAttempts
       FROM CAMPAIGN_SEND_EVENTS e JOIN CAMPAIGN_SENDS s ON s.ID = e.SEND_ID
      WHERE e.SEND_ID = ? AND e.EVENT = 'reclaimed' AND e.CLAIM = ?
      ORDER BY e.ID DESC LIMIT 1`,
    [sendId, by],
  );
  if (!event) return null;
  const { number, maxAttempts } = event;
  const rows = await db.rows<RowInFlight>(
    `SELECT ${select(pick(LEDGER, 'seq', 'attempts'))} FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE)
      WHERE SEND_ID = ? AND ATTENTION = ${ATTENTION.unknown} AND CLAIM_NUMBER = ? AND TAKEN_FROM = CLAIM_NUMBER
        AND NOT ${IS_FORGOTTEN}`,
    [sendId, number],
  );
  return { claim: { sendId, by, number }, maxAttempts, rows };
}
