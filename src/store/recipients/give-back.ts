import { likeness } from '../../domain/likeness.js';
import type { Run } from '../../domain/refusal-watch.js';
import { pick, select } from '../columns.js';
import type { Executor } from '../mysql/packet.js';
import { keepBooks } from '../sends/counters.js';
import { IS_RESOLVED, LEDGER, type LedgerRow, rowMove } from './row.js';

const REFUSAL = ['seq', 'status', 'smtpCode', 'enhancedCode', 'response'] as const;
type RefusedRow = Pick<LedgerRow, (typeof REFUSAL)[number]>;

/** Those that were deferred are pending as they are: only their attempts go back. */
const GOES_BACK = {
  failed: rowMove('failed', 'pending'),
  pending: { set: "STATUS = 'pending'", where: "STATUS = 'pending'" },
} as const;

/**
 * Gives back, as they were before it, the rows of a run that still are as the run left them: whoever was sent meanwhile,
 * or refused otherwise, or decided on by the operator, is no longer of it.
 * @returns how many
 */
export async function giveRunBack(tx: Executor, sendId: number, run: Run): Promise<number> {
  const rows = await tx.rows<RefusedRow>(
    `SELECT ${select(pick(LEDGER, ...REFUSAL))} FROM CAMPAIGN_SEND_RESULTS r
      WHERE SEND_ID = ? AND SEQ IN (?) AND STATUS IN ('failed', 'pending') AND ATTEMPTS > 0
        AND NOT ${IS_RESOLVED}`,
    [sendId, [...run.attempts.keys()]],
  );
  const ofRun = rows.filter(
    ({ smtpCode: code, enhancedCode: enhanced, response }) =>
      likeness({ code, enhanced, text: response ?? '' }) === run.key,
  );
  const back = { failed: 0, pending: 0 };
  for (const status of ['failed', 'pending'] as const) {
    const seqs = ofRun.filter((row) => row.status === status).map(({ seq }) => seq);
    if (seqs.length === 0) continue;
    const { set, where } = GOES_BACK[status];
    const { affectedRows } = await tx.run(
      `UPDATE CAMPAIGN_SEND_RESULTS
          SET ${set}, ATTEMPTS = LEAST(ATTEMPTS, CAST(ELT(FIELD(SEQ, ?), ?) AS UNSIGNED)), NEXT_ATTEMPT_AT = UTC_TIMESTAMP(3)
        WHERE SEND_ID = ? AND SEQ IN (?) AND ${where}`,
      [seqs, seqs.map((seq) => run.attempts.get(seq) ?? 0), sendId, seqs],
    );
    back[status] = affectedRows;
  }
  await keepBooks(tx, sendId, [{ from: 'failed', to: 'pending', rows: back.failed }]);
  return back.failed + back.pending;
}
