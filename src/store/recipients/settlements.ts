import type { Claim } from '../../domain/claim.js';
import type { Settlement } from '../../domain/settlement.js';
import type { RecipientStatus } from '../../domain/states.js';
import { clip, REASON_LENGTH } from '../../domain/text.js';
import type { Executor, Statement } from '../mysql/packet.js';
import type { RowsMoved } from '../sends/counters.js';
import { PerRow, rowMove } from './row.js';

type Kind = Settlement['to'];
type Of<K extends Kind> = Extract<Settlement, { to: K }>;

/** The status each kind of settlement leaves its row in. */
const LEADS_TO: Record<Kind, RecipientStatus> = {
  sent: 'sent',
  failed: 'failed',
  unknown: 'unknown',
  deferred: 'pending',
  returned: 'pending',
  limited: 'pending',
};

const KINDS = Object.keys(LEADS_TO) as Kind[];

/**
 * The UPDATE that settles rows of one kind, wherever they are still in the state `from` under this claim. Of those that are
 * `unknown` somebody may have been forgotten meanwhile: they are mailed no more, and the words stay blanked.
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
  const isLate = from === 'unknown';
  const isUntouched = kind === 'returned' || kind === 'limited';
  if (!isUntouched) {
    const answered = rows as Of<Exclude<Kind, 'returned' | 'limited'>>[];
    sets.push(
      `SMTP_CODE = ${perRow.value(answered.map((row) => row.code))}`,
      `ENHANCED_CODE = ${perRow.value(answered.map((row) => row.enhanced))}`,
    );
    const words = perRow.value(answered.map((row) => clip(row.text, REASON_LENGTH)));
    sets.push(
      `RESPONSE = ${isLate ? `IF(FORGOTTEN_AT IS NULL, ${words}, RESPONSE)` : words}`,
      'ROOM = NULL',
    );
  }
  if (kind === 'deferred' || isUntouched) {
    const waiting = rows as Of<'deferred' | 'returned' | 'limited'>[];
    const micros = perRow.value(waiting.map((row) => row.delayMs * 1000));
    sets.push(
      `NEXT_ATTEMPT_AT = UTC_TIMESTAMP(3) + INTERVAL CAST(${micros} AS SIGNED) MICROSECOND`,
    );
  } else {
    sets.push('NEXT_ATTEMPT_AT = NULL');
  }
  if (kind === 'sent') sets.push('SENT_AT = UTC_TIMESTAMP(3)');
  if (!isUntouched) sets.push('ATTEMPTS = ATTEMPTS + 1');
  if (kind === 'limited') {
    sets.push(`LIMITED = ${perRow.value((rows as Of<'limited'>[]).map(({ times }) => times))}`);
  }
  if (kind === 'deferred') sets.push('LIMITED = NULL');
  return {
    sql: `UPDATE CAMPAIGN_SEND_RESULTS SET ${sets.join(', ')}
           WHERE SEND_ID = ? AND SEQ IN (?) AND ${where} AND CLAIM_NUMBER = ?${
             isLate && LEADS_TO[kind] === 'pending' ? ' AND FORGOTTEN_AT IS NULL' : ''
           }`,
    params: [...perRow.params, claim.sendId, seqs, claim.number],
  };
}

/** The statement that settles rows of one kind, and the rows that it is to move. */
export interface KindStatement extends Statement {
  moves: RowsMoved;
}

/** A statement for each kind among the settlements, its rows in the order of the list. */
export const byKind = (
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
