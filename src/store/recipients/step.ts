import type { Claim } from '../../domain/claim.js';
import type { NextRows, Recipient, RowsToRead } from '../../domain/recipient.js';
import type { Step, StepResult } from '../../domain/settlement.js';
import { pick, select } from '../columns.js';
import { ATTENTION } from '../generated.js';
import type { Database } from '../mysql/database.js';
import { type Executor, type Guarded, listed, type Statement } from '../mysql/packet.js';
import { readState } from '../sends/claim.js';
import { type RowsMoved, rowsMoved } from '../sends/counters.js';
import { LEDGER, rowMove } from './row.js';
import { byKind, type KindStatement } from './settlements.js';

type ResultRow = Omit<Recipient, 'fields'> & { fields: string | null };

const RECIPIENT = pick(LEDGER, 'seq', 'email', 'emailNorm', 'fields', 'attempts');
const UNTOUCHED = select(RECIPIENT);
const DEFERRED = select({ ...RECIPIENT, dueAt: LEDGER.nextAttemptAt, limited: LEDGER.limited });

/** Each property by its name: the rest of an object costs microseconds, and makes a slow object that others then read. */
function toRecipient(row: ResultRow): Recipient {
  const { seq, email, emailNorm, fields, attempts, dueAt, limited } = row;
  return {
    seq,
    email,
    emailNorm,
    attempts,
    fields: fields === null ? {} : (JSON.parse(fields) as Record<string, string>),
    dueAt,
    limited,
  };
}

/**
 * What is to be tried next, in one round trip: rows given back or deferred whose time has come, the longest due first,
 * and rows never tried, in the list's order.
 */
export async function nextRows(db: Executor, sendId: number, read: RowsToRead): Promise<NextRows> {
  const among = read.among ? 'AND SEQ IN (?)' : '';
  const untouched: Statement = {
    sql: `SELECT ${UNTOUCHED} FROM CAMPAIGN_SEND_RESULTS r
           WHERE SEND_ID = ? AND SEQ > ? AND STATUS = 'pending' AND NEXT_ATTEMPT_AT IS NULL
           ORDER BY SEQ LIMIT ?`,
    params: [sendId, read.afterSeq, read.untouched],
  };
  // Without the hint MySQL 9 may choose the primary key, and read all settled rows.
  const deferred: Statement = {
    sql: `SELECT ${DEFERRED} FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE)
           WHERE SEND_ID = ? AND ATTENTION = ${ATTENTION.deferred} AND NEXT_ATTEMPT_AT <= UTC_TIMESTAMP(3)
                 ${among}
           ORDER BY NEXT_ATTEMPT_AT LIMIT ?`,
    params: [sendId, ...(read.among ? [read.among] : []), read.deferred],
  };
  const [fresh, due] = await db.packet(read.deferred > 0 ? [untouched, deferred] : [untouched]);
  return {
    untouched: ((fresh ?? []) as ResultRow[]).map(toRecipient),
    deferred: ((due ?? []) as ResultRow[]).map(toRecipient),
  };
}

/** First of every transaction of a worker: locks the send's row, renews the claim, and keeps the books. */
function fenceStatement(claim: Claim, step: Step, kinds: readonly KindStatement[]): Guarded {
  const running = step.mark.length > 0 ? " AND STATUS = 'running'" : '';
  const marked: RowsMoved = { from: 'pending', to: 'sending', rows: step.mark.length };
  const books = rowsMoved([...kinds.map(({ moves }) => moves), marked]);
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
           WHERE ID = ? AND CLAIMED_BY = ? AND CLAIM_NUMBER = ?${running}`,
    params: [...params, claim.sendId, claim.by, claim.number],
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

/** The same for all untouched rows of a range, found in one go instead of one by one. */
const markRange = (claim: Claim, { fromSeq, cursorSeq }: Step): Guarded => ({
  sql: `${MARK} WHERE ${UNTOUCHED_IN_RANGE}`,
  params: [claim.number, claim.sendId, fromSeq, cursorSeq],
  touches: cursorSeq - fromSeq,
});

/** Untouched rows that a step would pass over for good: there must be none. */
const nonePassedOver = (claim: Claim, { fromSeq, cursorSeq }: Step): Guarded => ({
  sql: `UPDATE CAMPAIGN_SEND_RESULTS SET STATUS = STATUS WHERE ${UNTOUCHED_IN_RANGE}`,
  params: [claim.sendId, fromSeq, cursorSeq],
  touches: 0,
});

/**
 * What marks a step's rows. Fresh rows that fill the range up to the new cursor are marked by it: as many touched as it
 * has numbers are those rows and no others, and none can be passed over.
 */
function marking(claim: Claim, step: Step): Guarded[] {
  const fresh = step.mark.filter((seq) => seq > step.fromSeq);
  const fills = new Set(fresh).size === step.cursorSeq - step.fromSeq;
  const single = fills ? step.mark.filter((seq) => seq <= step.fromSeq) : step.mark;
  return [
    ...(fills && fresh.length > 0 ? [markRange(claim, step)] : []),
    ...(single.length > 0 ? [markRows(claim, single)] : []),
    ...(fills ? [] : [nonePassedOver(claim, step)]),
  ];
}

/**
 * One step of a batch in one transaction of one round trip: the fence, what came in, what is marked anew, and COMMIT if
 * every statement touched exactly the rows it should. A message may be handed to a connection only after this.
 */
export async function step(db: Database, claim: Claim, step: Step): Promise<StepResult> {
  const kinds = byKind(claim, step.settlements, 'sending');
  const committed = await db.guardedTransaction([
    fenceStatement(claim, step, kinds),
    ...kinds.map(({ moves, sql, params }) => ({ sql, params, touches: moves.rows })),
    ...marking(claim, step),
  ]);
  if (committed) return { kind: 'done' };
  const state = await readState(db, claim);
  if (!state.held) return { kind: 'lost' };
  return step.mark.length > 0 && state.status !== 'running'
    ? { kind: 'not-running', state }
    : { kind: 'mismatch' };
}
