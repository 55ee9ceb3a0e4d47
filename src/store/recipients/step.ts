import type { Claim, Reconciled } from '../../domain/claim.js';
import type { NextRows, Recipient } from '../../domain/recipient.js';
import type { Settlement, Step, StepResult } from '../../domain/settlement.js';
import { mayMove, type RecipientStatus } from '../../domain/states.js';
import { clip, REASON_LENGTH } from '../../domain/text.js';
import { ATTENTION } from '../generated.js';
import type { Database } from '../mysql/database.js';
import {
  type Executor,
  type Guarded,
  listed,
  type Param,
  type Statement,
} from '../mysql/packet.js';
import { readState, SENDING_ROWS } from '../sends/claim.js';
import { keepBooks, type RowsMoved, rowsMoved } from '../sends/counters.js';
import { rowMove } from './row.js';

interface ResultRow {
  seq: number;
  email: string;
  emailNorm: string;
  fields: string | null;
  attempts: number;
}

const COLUMNS =
  'SEQ AS seq, EMAIL AS email, EMAIL_NORM AS emailNorm, FIELDS AS fields, ATTEMPTS AS attempts';

const toRecipient = ({ seq, email, emailNorm, fields, attempts }: ResultRow): Recipient => ({
  seq,
  email,
  emailNorm,
  attempts,
  fields: fields === null ? {} : (JSON.parse(fields) as Record<string, string>),
});

/**
 * What is to be tried next, in one round trip: rows given back or deferred whose time has come, the longest due first,
 * and rows never tried, in the list's order.
 */
export async function nextRows(
  db: Executor,
  sendId: number,
  read: { afterSeq: number; untouched: number; deferred: number },
): Promise<NextRows> {
  const untouched: Statement = {
    sql: `SELECT ${COLUMNS} FROM CAMPAIGN_SEND_RESULTS
           WHERE SEND_ID = ? AND SEQ > ? AND STATUS = 'pending' AND NEXT_ATTEMPT_AT IS NULL
           ORDER BY SEQ LIMIT ?`,
    params: [sendId, read.afterSeq, read.untouched],
  };
  // Without the hint MySQL 9 may choose the primary key, and read all settled rows.
  const deferred: Statement = {
    sql: `SELECT ${COLUMNS} FROM CAMPAIGN_SEND_RESULTS FORCE INDEX (ATTENTION_DUE)
           WHERE SEND_ID = ? AND ATTENTION = ${ATTENTION.deferred} AND NEXT_ATTEMPT_AT <= UTC_TIMESTAMP(3)
           ORDER BY NEXT_ATTEMPT_AT LIMIT ?`,
    params: [sendId, read.deferred],
  };
  const [fresh, due] = await db.packet(read.deferred > 0 ? [untouched, deferred] : [untouched]);
  return {
    untouched: ((fresh ?? []) as ResultRow[]).map(toRecipient),
    deferred: ((due ?? []) as ResultRow[]).map(toRecipient),
  };
}

type Kind = Settlement['to'];
type Of<K extends Kind> = Extract<Settlement, { to: K }>;

/** The status each kind of settlement leaves its row in. */
const LEADS_TO: Record<Kind, RecipientStatus> = {
  sent: 'sent',
  failed: 'failed',
  unknown: 'unknown',
  deferred: 'pending',
  returned: 'pending',
};

const KINDS = Object.keys(LEADS_TO) as Kind[];

/** Picks each row's own value within one UPDATE of several rows. */
class PerRow {
  readonly params: Param[] = [];

  constructor(private readonly seqs: readonly number[]) {}

  value(values: readonly (string | number | null)[]): string {
    const [first] = values;
    if (first !== undefined && values.every((value) => value === first)) {
      this.params.push(first);
      return '?';
    }
    this.params.push(this.seqs, values);
    return 'ELT(FIELD(SEQ, ?), ?)';
  }
}

/**
 * The UPDATE that settles rows of one kind, wherever they are still in the state `from` under this claim.
 * `rows` is not empty.
 */
function settleStatement(
  claim: Claim,
  kind: Kind,
  rows: readonly Settlement[],
  from: RecipientStatus,
): Statement {
  const seqs = rows.map((row) => row.seq);
  const perRow = new PerRow(seqs);
  const { set, where } = rowMove(from, LEADS_TO[kind]);
  const sets = [set];
  if (kind !== 'returned') {
    const answered = rows as Of<Exclude<Kind, 'returned'>>[];
    sets.push(
      `SMTP_CODE = ${perRow.value(answered.map((row) => row.code))}`,
      `ENHANCED_CODE = ${perRow.value(answered.map((row) => row.enhanced))}`,
      `RESPONSE = ${perRow.value(answered.map((row) => clip(row.text, REASON_LENGTH)))}`,
      'ROOM = NULL',
    );
  }
  if (kind === 'deferred' || kind === 'returned') {
    const waiting = rows as Of<'deferred' | 'returned'>[];
    const micros = perRow.value(waiting.map((row) => row.delayMs * 1000));
    sets.push(
      `NEXT_ATTEMPT_AT = UTC_TIMESTAMP(3) + INTERVAL CAST(${micros} AS SIGNED) MICROSECOND`,
    );
  } else {
    sets.push('NEXT_ATTEMPT_AT = NULL');
  }
  if (kind === 'sent') sets.push('SENT_AT = UTC_TIMESTAMP(3)');
  if (kind !== 'returned') sets.push('ATTEMPTS = ATTEMPTS + 1');
  return {
    sql: `UPDATE CAMPAIGN_SEND_RESULTS SET ${sets.join(', ')}
           WHERE SEND_ID = ? AND SEQ IN (?) AND ${where} AND CLAIM_NUMBER = ?`,
    params: [...perRow.params, claim.sendId, seqs, claim.number],
  };
}

/** The statement of one kind, and the rows that it is to move. */
interface KindStatement extends Statement {
  moves: RowsMoved;
}

const byKind = (
  claim: Claim,
  settlements: readonly Settlement[],
  from: RecipientStatus,
): KindStatement[] =>
  KINDS.flatMap((kind) => {
    const rows = settlements
      .filter((settlement) => settlement.to === kind)
      .sort((a, b) => a.seq - b.seq);
    return rows.length === 0
      ? []
      : [
          {
            ...settleStatement(claim, kind, rows, from),
            moves: { from, to: LEADS_TO[kind], rows: rows.length },
          },
        ];
  });

/**
 * Settles rows that are in the state `from` under this claim, in a transaction that keeps the books by what it touched.
 * @returns the rows moved
 */
export async function settleEach(
  tx: Executor,
  claim: Claim,
  settlements: readonly Settlement[],
  from: RecipientStatus,
): Promise<RowsMoved[]> {
  const settled: RowsMoved[] = [];
  for (const { moves, sql, params } of byKind(claim, settlements, from)) {
    const { affectedRows } = await tx.run(sql, params);
    settled.push({ ...moves, rows: affectedRows });
  }
  return settled;
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
    const rows = await tx.rows<{ seq: number }>(SENDING_ROWS, [claim.sendId, claim.sendId]);
    const seqs = rows.map(({ seq }) => seq);
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
