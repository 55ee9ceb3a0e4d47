import type {
  BatchEnd,
  Claim,
  ClaimedSend,
  SendState,
  SilentClaim,
  StaleClaim,
  Work,
} from '../../domain/claim.js';
import { ALIVE_SECONDS, STALE_CLAIM_SECONDS } from '../../domain/lease.js';
import type { Controls } from '../../domain/pacing.js';
import type { Run } from '../../domain/refusal-watch.js';
import { likeness } from '../../domain/replies.js';
import type { SendStatus } from '../../domain/states.js';
import { clip, REASON_LENGTH } from '../../domain/text.js';
import { completedEvent, eventStatement, writeEvent } from '../events.js';
import { ATTENTION, DUE } from '../generated.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Fragment, Statement } from '../mysql/packet.js';
import { IS_RESOLVED, rowMove } from '../recipients/row.js';
import { HOLDER } from '../workers.js';
import { keepBooks, SETTLED } from './counters.js';
import { move, moveWhere } from './lifecycle.js';

/** When a send is due of which nothing is left but deferred rows: not before the first of them. */
const DEFERRED_DUE_AT = `GREATEST(s.DUE_AT, COALESCE(
  (SELECT r.NEXT_ATTEMPT_AT FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE)
    WHERE r.SEND_ID = s.ID AND r.ATTENTION = ${ATTENTION.deferred}
    ORDER BY r.NEXT_ATTEMPT_AT LIMIT 1), s.DUE_AT))`;

/**
 * When a running send's next batch is due: its start, its cooldown, and its first row that may be tried have all
 * come. A send with nothing left is due at once, to be completed.
 */
const DUE_AT = `IF(s.DUE = ${DUE.deferred}, ${DEFERRED_DUE_AT}, s.DUE_AT)`;

/**
 * Running sends that nobody holds, the longest overdue first, with the milliseconds until their next batch is due and
 * how many rows its batch would have `sending` if it could.
 */
export function findWork(db: Executor, limit: number): Promise<Work[]> {
  const of = (due: number, dueAt: string): string =>
    `SELECT s.ID AS sendId, ${dueAt} AS dueAt,
            IF(s.DELAY_MS > 0, 0, LEAST(s.BATCH_SIZE, s.TOTAL_COUNT - (${SETTLED}))) AS \`rows\`
       FROM CAMPAIGN_SENDS s
      WHERE s.DUE = ${due} ORDER BY dueAt, sendId LIMIT ?`;
  return db.rows<Work>(
    `SELECT sendId, CEIL(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), dueAt) / 1000) AS dueInMs, \`rows\`
       FROM ((${of(DUE.batch, 's.DUE_AT')}) UNION ALL (${of(DUE.deferred, DEFERRED_DUE_AT)})) AS due
      ORDER BY dueAt, sendId LIMIT ?`,
    [limit, limit, limit],
  );
}

/**
 * Running sends that still owe something, those whose START_AT is ahead aside, and, when `maxWaitSeconds` is given,
 * those aside of which nothing is left but rows deferred for longer.
 */
export async function countUnfinished(
  db: Executor,
  maxWaitSeconds: number | null,
): Promise<number> {
  const [row] = await db.rows<{ unfinished: number }>(
    `SELECT COUNT(*) AS unfinished FROM CAMPAIGN_SENDS s
      WHERE s.STATUS = 'running'
        AND (s.START_AT IS NULL OR s.START_AT <= UTC_TIMESTAMP(3))
        AND (? IS NULL OR s.CLAIMED_BY IS NOT NULL OR s.LAST_BATCH_AT IS NULL
             OR ${DUE_AT} <= GREATEST(UTC_TIMESTAMP(3) + INTERVAL COALESCE(?, 0) SECOND,
                                      s.LAST_BATCH_AT + INTERVAL s.COOLDOWN_SECONDS SECOND))`,
    [maxWaitSeconds, maxWaitSeconds],
  );
  return row?.unfinished ?? 0;
}

const NOT_RENEWED = 'CLAIMED_AT < UTC_TIMESTAMP(3) - INTERVAL ? SECOND';

/** Claims whose holder has not renewed them in time, whatever the send's status; and rows in flight that nobody holds. */
export function findStale(db: Executor, staleSeconds = STALE_CLAIM_SECONDS): Promise<StaleClaim[]> {
  return db.rows<StaleClaim>(
    `(SELECT ID AS sendId, CLAIMED_BY AS \`by\` FROM CAMPAIGN_SENDS
       WHERE CLAIMED_BY IS NOT NULL AND ${NOT_RENEWED} LIMIT 100)
      UNION ALL
     (SELECT ID, NULL FROM CAMPAIGN_SENDS WHERE DUE = ${DUE.strays} LIMIT 100)`,
    [staleSeconds],
  );
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

/** Row ranges in which all `sending` rows of a send lie, so that none of its settled rows need be read. */
export const SENDING_ROWS = `SELECT r.SEQ AS seq FROM CAMPAIGN_SEND_RESULTS r
    JOIN CAMPAIGN_SENDS s ON s.ID = r.SEND_ID
   WHERE r.SEND_ID = ? AND r.SEQ > s.SETTLED_SEQ AND r.SEQ <= s.CURSOR_SEQ AND r.STATUS = 'sending'
   UNION DISTINCT
  SELECT r.SEQ FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE)
   WHERE r.SEND_ID = ? AND r.ATTENTION = ${ATTENTION.deferredSending}`;

async function sendingSeqs(tx: Executor, sendId: number, expected: number): Promise<number[]> {
  const rows = await tx.rows<{ seq: number }>(SENDING_ROWS, [sendId, sendId]);
  if (rows.length >= expected) return rows.map((row) => row.seq);
  // The marks on the send's row don't lead to all of them (a ledger edited by hand): read the whole of it.
  const all = await tx.rows<{ seq: number }>(
    "SELECT SEQ AS seq FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND STATUS = 'sending'",
    [sendId],
  );
  return all.map((row) => row.seq);
}

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
export const STOPPED = 'the worker stopped while this message was in its hands';

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

/** Takes a claim from its holder, where it still has it; what it was about becomes `unknown`. */
export function freeClaim(
  db: Database,
  claim: StaleClaim,
  actor: string,
  { condition, settle, event, reason }: Ground,
): Promise<{ unknown: number } | null> {
  return db.transaction(async (tx) => {
    const freed = await tx.run(
      `UPDATE CAMPAIGN_SENDS SET CLAIMED_BY = NULL, CLAIMED_AT = NULL
        WHERE ID = ? AND CLAIMED_BY <=> ? ${condition ? `AND ${condition.sql}` : ''}`,
      [claim.sendId, claim.by, ...(condition?.params ?? [])],
    );
    if (freed.affectedRows === 0) return null;
    const [send] = await tx.rows<{ sending: number; number: number; maxAttempts: number }>(
      `SELECT SENDING_COUNT AS sending, CLAIM_NUMBER AS number, MAX_ATTEMPTS AS maxAttempts
         FROM CAMPAIGN_SENDS WHERE ID = ?`,
      [claim.sendId],
    );
    const { sending = 0, number = 0, maxAttempts = 0 } = send ?? {};
    const seqs = await sendingSeqs(tx, claim.sendId, sending);
    let told = {};
    let unknown = 0;
    if (seqs.length > 0) {
      if (settle) told = await settle(tx, { number, maxAttempts, seqs });
      const { set, where } = rowMove('sending', 'unknown');
      const settled = await tx.run(
        `UPDATE CAMPAIGN_SEND_RESULTS SET ${set}, NEXT_ATTEMPT_AT = NULL, RESPONSE = ?
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
    });
    return { unknown };
  });
}

/**
 * Takes a due send for one batch. One UPDATE decides: of any number of workers that ask, one gets it.
 * @param by        unique per claim
 * @param firstTime whether the worker takes this send for the first time, which is an event
 * @returns null when the send is not due, not running, or held
 */
export async function claim(
  db: Database,
  sendId: number,
  by: string,
  firstTime: boolean,
): Promise<ClaimedSend | null> {
  const event = eventStatement({ sendId, event: 'claimed', actor: by });
  const rows = await db.guardedTransaction([
    {
      sql: `UPDATE CAMPAIGN_SENDS
                 SET CLAIMED_BY = ?, CLAIMED_AT = UTC_TIMESTAMP(3), CLAIM_NUMBER = CLAIM_NUMBER + 1,
                     STARTED_AT = COALESCE(STARTED_AT, UTC_TIMESTAMP(3))
               WHERE ID = ? AND STATUS = 'running' AND CLAIMED_BY IS NULL AND SENDING_COUNT = 0
                 AND (START_AT IS NULL OR START_AT <= UTC_TIMESTAMP(3))
                 AND (LAST_BATCH_AT IS NULL OR LAST_BATCH_AT + INTERVAL COOLDOWN_SECONDS SECOND <= UTC_TIMESTAMP(3))`,
      params: [by, sendId],
      touches: 1,
    },
    {
      sql: `SELECT CLAIM_NUMBER AS number, BATCH_SIZE AS batchSize, DELAY_MS AS delayMs,
                     COOLDOWN_SECONDS AS cooldownSeconds, MAX_ATTEMPTS AS maxAttempts,
                     CURSOR_SEQ AS cursorSeq
                FROM CAMPAIGN_SENDS WHERE ID = ?`,
      params: [sendId],
    },
    ...(firstTime ? [event] : []),
  ]);
  const [send] = (rows?.[0] ?? []) as ClaimedRow[];
  if (!send) return null;
  const { number, batchSize, delayMs, cooldownSeconds, ...rest } = send;
  return {
    claim: { sendId, by, number },
    controls: { batchSize, delayMs, cooldownSeconds },
    ...rest,
  };
}

interface ClaimedRow extends Controls {
  number: number;
  maxAttempts: number;
  cursorSeq: number;
}

/** Frees a claim of which the holder never learned that it got it. */
export async function unclaim(db: Executor, sendId: number, by: string): Promise<void> {
  await db.run(
    `UPDATE CAMPAIGN_SENDS SET CLAIMED_BY = NULL, CLAIMED_AT = NULL
      WHERE ID = ? AND CLAIMED_BY = ? AND SENDING_COUNT = 0`,
    [sendId, by],
  );
}

interface StateRow {
  status: SendStatus;
  claimedBy: string | null;
  batchSize: number;
  delayMs: number;
  cooldownSeconds: number;
  unknown: number;
}

const stateStatement = (sendId: number): Statement => ({
  sql: `SELECT STATUS AS status, CLAIMED_BY AS claimedBy, BATCH_SIZE AS batchSize, DELAY_MS AS delayMs,
               COOLDOWN_SECONDS AS cooldownSeconds, UNKNOWN_COUNT AS \`unknown\`
          FROM CAMPAIGN_SENDS WHERE ID = ?`,
  params: [sendId],
});

/** Reads what `stateStatement` gave; a send that is gone counts as cancelled and not held. */
function toState(rows: unknown, claim: Claim): SendState {
  const [row] = rows as StateRow[];
  return {
    status: row?.status ?? 'cancelled',
    held: row?.claimedBy === claim.by,
    controls: {
      batchSize: row?.batchSize ?? 0,
      delayMs: row?.delayMs ?? 0,
      cooldownSeconds: row?.cooldownSeconds ?? 0,
    },
  };
}

export async function readState(db: Executor, claim: Claim): Promise<SendState> {
  const { sql, params } = stateStatement(claim.sendId);
  return toState(await db.rows(sql, params), claim);
}

/**
 * Ends the batch and lets the claim go, in one guarded statement that also completes a send of which nothing is
 * pending. Refused while rows are `sending`.
 * @param end.exhausted the holder found no untouched row any more, though CURSOR_SEQ is short of LAST_SEQ
 */
export async function endBatch(
  db: Database,
  claim: Claim,
  end: { worked: boolean; exhausted: boolean },
): Promise<BatchEnd> {
  const rows = await db.guardedTransaction([
    {
      sql: `UPDATE CAMPAIGN_SENDS
                 SET ${moveWhere('complete', `${SETTLED} = TOTAL_COUNT`)},
                     LAST_BATCH_AT = IF(?, UTC_TIMESTAMP(3), LAST_BATCH_AT),
                     CURSOR_SEQ = IF(? AND NOT EXISTS (
                       SELECT 1 FROM CAMPAIGN_SEND_RESULTS r
                        WHERE r.SEND_ID = CAMPAIGN_SENDS.ID AND r.SEQ > CAMPAIGN_SENDS.CURSOR_SEQ
                          AND r.STATUS = 'pending' AND r.NEXT_ATTEMPT_AT IS NULL), LAST_SEQ, CURSOR_SEQ),
                     SETTLED_SEQ = CURSOR_SEQ,
                     CLAIMED_BY = NULL, CLAIMED_AT = NULL
               WHERE ID = ? AND CLAIMED_BY = ? AND SENDING_COUNT = 0`,
      params: [end.worked ? 1 : 0, end.exhausted ? 1 : 0, claim.sendId, claim.by],
      touches: 1,
    },
    stateStatement(claim.sendId),
    completedEvent(claim),
  ]);
  if (rows) {
    const [send] = rows[0] as StateRow[];
    const { status = 'cancelled', unknown = 0 } = send ?? {};
    return { kind: 'released', status, ...(unknown > 0 ? { unknown } : {}) };
  }
  const { held } = await readState(db, claim);
  return { kind: held ? 'strays' : 'lost' };
}

/**
 * Gives back, as they were before it, the rows of a run that still are as the run left them: whoever was sent meanwhile,
 * or refused otherwise, or decided on by the operator, is no longer of it.
 */
async function giveRunBack(tx: Executor, { sendId }: Claim, run: Run): Promise<number> {
  const rows = await tx.rows<{
    seq: number;
    status: 'failed' | 'pending';
    code: number | null;
    enhanced: string | null;
    text: string | null;
  }>(
    `SELECT SEQ AS seq, STATUS AS status, SMTP_CODE AS code, ENHANCED_CODE AS enhanced, RESPONSE AS text
       FROM CAMPAIGN_SEND_RESULTS
      WHERE SEND_ID = ? AND SEQ IN (?) AND STATUS IN ('failed', 'pending') AND ATTEMPTS > 0
        AND NOT ${IS_RESOLVED}`,
    [sendId, [...run.attempts.keys()]],
  );
  const ofRun = rows.filter((row) => likeness({ ...row, text: row.text ?? '' }) === run.key);
  const back = { failed: 0, pending: 0 };
  for (const status of ['failed', 'pending'] as const) {
    const seqs = ofRun.filter((row) => row.status === status).map(({ seq }) => seq);
    if (seqs.length === 0) continue;
    const { affectedRows } = await tx.run(
      `UPDATE CAMPAIGN_SEND_RESULTS
          SET STATUS = 'pending', ATTEMPTS = LEAST(ATTEMPTS, CAST(ELT(FIELD(SEQ, ?), ?) AS UNSIGNED)), NEXT_ATTEMPT_AT = UTC_TIMESTAMP(3)
        WHERE SEND_ID = ? AND SEQ IN (?) AND STATUS = ?`,
      [seqs, seqs.map((seq) => run.attempts.get(seq) ?? 0), sendId, seqs, status],
    );
    back[status] = affectedRows;
  }
  await keepBooks(tx, sendId, [{ from: 'failed', to: 'pending', rows: back.failed }]);
  return back.failed + back.pending;
}

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
    const givenBack = giveBack === null ? 0 : await giveRunBack(tx, claim, giveBack);
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
