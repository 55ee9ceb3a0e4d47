import type { Claim } from '../../domain/claim.js';
import type { PlanStep, Skip, Step, StepResult } from '../../domain/settlement.js';
import { clip, REASON_LENGTH } from '../../domain/text.js';
import type { Database } from '../mysql/database.js';
import { type Guarded, listed, type Outcome, type Statement } from '../mysql/packet.js';
import { readState } from '../sends/claim.js';
import { type RowsMoved, rowsMoved } from '../sends/counters.js';
import {
  changesStatements,
  readSuppressed,
  suppressedStatements,
  toChanges,
} from '../suppressions/changes.js';
import { SUPPRESSION_VERSION } from '../suppressions/version.js';
import { PerRow, rowMove } from './row.js';
import { byKind, type KindStatement } from './settlements.js';

/**
 * First of every transaction of a worker: locks the send's row, renews the claim, and keeps the books. Where rows are
 * marked, what was acknowledged of suppressions before it began has raised their version, and it finds another one than
 * is known; it reads the last committed one, without a lock.
 */
function fenceStatement(claim: Claim, step: Step, kinds: readonly KindStatement[]): Guarded {
  const { mark, skip, known } = step;
  const running = mark.length + skip.length > 0 ? " AND STATUS = 'running'" : '';
  const unchanged = mark.length > 0 && known !== null ? ` AND ${SUPPRESSION_VERSION} = ?` : '';
  const marked: RowsMoved = { from: 'pending', to: 'sending', rows: mark.length };
  const skipped: RowsMoved = { from: 'pending', to: 'skipped', rows: skip.length };
  const moved = [...kinds.map(({ moves }) => moves), marked];
  const books = rowsMoved(skip.length > 0 ? [...moved, skipped] : moved);
  const { sql, params } = listed([
    ...books,
    {
      sql: 'CLAIMED_AT = UTC_TIMESTAMP(3), CURSOR_SEQ = GREATEST(CURSOR_SEQ, ?), SETTLED_SEQ = ?',
      params: [step.cursorSeq, step.settledSeq],
    },
  ]);
  return {
    touches: 1,
    sql: `UPDATE CAMPAIGN_SENDS SET ${sql}
           WHERE ID = ? AND CLAIMED_BY = ? AND CLAIM_NUMBER = ?${running}${unchanged}`,
    params: [...params, claim.sendId, claim.by, claim.number, ...(unchanged ? [known] : [])],
  };
}

const SKIPPED = rowMove('pending', 'skipped');

/** Suppressed rows that are still pending are skipped; what an attempt of theirs came to says nothing any more. */
function skipRows(claim: Claim, skip: readonly Skip[]): Guarded {
  const sorted = [...skip].sort((a, b) => a.seq - b.seq);
  const seqs = sorted.map(({ seq }) => seq);
  const perRow = new PerRow(seqs);
  const text = perRow.value(sorted.map((row) => clip(row.text, REASON_LENGTH)));
  return {
    sql: `UPDATE CAMPAIGN_SEND_RESULTS
             SET ${SKIPPED.set}, RESPONSE = ${text}, SMTP_CODE = NULL, ENHANCED_CODE = NULL, NEXT_ATTEMPT_AT = NULL, ROOM = NULL
           WHERE SEND_ID = ? AND SEQ IN (?) AND ${SKIPPED.where}`,
    params: [...perRow.params, claim.sendId, seqs],
    touches: seqs.length,
  };
}

const MARKED = rowMove('pending', 'sending');
const MARK = `UPDATE CAMPAIGN_SEND_RESULTS SET ${MARKED.set}, CLAIM_NUMBER = ?`;

/** Rows still pending become `sending` under this claim. */
const markRows = (claim: Claim, seqs: readonly number[]): Guarded => ({
  sql: `${MARK} WHERE SEND_ID = ? AND SEQ IN (?) AND ${MARKED.where}`,
  params: [claim.number, claim.sendId, [...seqs].sort((a, b) => a - b)],
  touches: seqs.length,
});

const UNTOUCHED_IN_RANGE = `SEND_ID = ? AND SEQ > ? AND SEQ <= ? AND ${MARKED.where} AND NEXT_ATTEMPT_AT IS NULL`;

/** The same for all untouched rows of a range, found in one go instead of one by one; there are to be so many. */
const markRange = (claim: Claim, { fromSeq, cursorSeq }: Step, rows: number): Guarded => ({
  sql: `${MARK} WHERE ${UNTOUCHED_IN_RANGE}`,
  params: [claim.number, claim.sendId, fromSeq, cursorSeq],
  touches: rows,
});

/** Untouched rows that a step would pass over for good: there must be none. */
const nonePassedOver = (claim: Claim, { fromSeq, cursorSeq }: Step): Guarded => ({
  sql: `UPDATE CAMPAIGN_SEND_RESULTS SET STATUS = STATUS WHERE ${UNTOUCHED_IN_RANGE}`,
  params: [claim.sendId, fromSeq, cursorSeq],
  touches: 0,
});

/**
 * What skips and marks a step's rows, in this order. Fresh rows that, with those skipped, fill the range up to the new
 * cursor are marked by it: as many touched as it has numbers left are those rows and no others, and none can be passed
 * over.
 */
function marking(claim: Claim, step: Step): Guarded[] {
  const { fromSeq, cursorSeq, mark, skip } = step;
  const fresh = mark.filter((seq) => seq > fromSeq);
  const skipped = skip.filter(({ seq }) => seq > fromSeq && seq <= cursorSeq);
  const gone = skipped.map(({ seq }) => seq);
  const fills = new Set([...fresh, ...gone]).size === cursorSeq - fromSeq;
  const single = fills ? mark.filter((seq) => seq <= fromSeq) : mark;
  return [
    ...(skip.length > 0 ? [skipRows(claim, skip)] : []),
    ...(fills && fresh.length > 0 ? [markRange(claim, step, fresh.length)] : []),
    ...(single.length > 0 ? [markRows(claim, single)] : []),
    ...(fills ? [] : [nonePassedOver(claim, step)]),
  ];
}

/** What a step writes, the fence first. */
function stepStatements(claim: Claim, step: Step): Guarded[] {
  const kinds = byKind(claim, step.settlements, 'sending');
  return [
    fenceStatement(claim, step, kinds),
    ...kinds.map(({ moves, sql, params }) => ({ sql, params, touches: moves.rows })),
    ...marking(claim, step),
  ];
}

/**
 * One step of a batch in one transaction of one round trip: the fence, what came in, what is marked anew, and COMMIT if
 * every statement touched exactly the rows it should. A message may be handed to a connection only after this.
 */
export async function step(db: Database, claim: Claim, step: Step): Promise<StepResult> {
  const committed = await db.guardedTransaction(stepStatements(claim, step));
  return committed ? { kind: 'done' } : whyNot(db, claim, step);
}

/** Why a step was not written. */
async function whyNot(
  db: Database,
  claim: Claim,
  { mark, known }: Pick<Step, 'mark' | 'known'>,
): Promise<StepResult> {
  const state = await readState(db, claim);
  if (!state.held) return { kind: 'lost' };
  if (mark.length === 0) return { kind: 'mismatch' };
  if (state.status !== 'running') return { kind: 'not-running', state };
  return known !== null && state.suppressionVersion !== known
    ? { kind: 'suppressions-changed' }
    : { kind: 'mismatch' };
}

/**
 * A step whose rows are checked in its own transaction, of two round trips: the send's row is locked, what is suppressed is
 * read, and what `plan` makes of it is written. However fast the suppressions change, it is done.
 * @param asked the addresses of the rows that it may mark or skip, and the version of the suppressions that is known
 */
export async function checkedStep(
  db: Database,
  claim: Claim,
  asked: { known: number; topic: string; norms: readonly string[] },
  plan: PlanStep,
): Promise<StepResult> {
  const { known, topic, norms } = asked;
  const lock: Statement = {
    sql: `UPDATE CAMPAIGN_SENDS SET CLAIMED_AT = UTC_TIMESTAMP(3)
           WHERE ID = ? AND CLAIMED_BY = ? AND CLAIM_NUMBER = ? AND STATUS = 'running'`,
    params: [claim.sendId, claim.by, claim.number],
  };
  const committed = await db.plannedTransaction(
    [lock, ...changesStatements(known), ...suppressedStatements(norms, topic)],
    ([locked, versions, entries, suppressed]) => {
      if ((locked as Outcome).affectedRows !== 1) return null;
      const step = plan({
        changes: toChanges([versions, entries], known, topic),
        suppressed: readSuppressed(norms, suppressed),
      });
      return stepStatements(claim, step);
    },
  );
  if (committed) return { kind: 'done' };
  const state = await readState(db, claim);
  if (!state.held) return { kind: 'lost' };
  return state.status === 'running' ? { kind: 'mismatch' } : { kind: 'not-running', state };
}
