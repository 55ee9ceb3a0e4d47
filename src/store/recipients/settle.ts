import { mayMove, type SendStatus } from '../../domain/states.js';
import { clip, REASON_LENGTH } from '../../domain/text.js';
import { writeEvent } from '../events.js';
import { filesRemoved } from '../files/send-files.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Param } from '../mysql/packet.js';
import { keepBooks, rowsMoved } from '../sends/counters.js';
import { move } from '../sends/lifecycle.js';
import { IS_FORGOTTEN, rowMove } from './row.js';
import { listSelected, type Selection } from './selection.js';

/** One row to settle, with what is noted as the reason; without a text its last reply stays. */
export interface Decision {
  seq: number;
  text?: string;
}

export interface Settle {
  from: 'unknown' | 'failed';
  to: 'sent' | 'failed' | 'pending';
  event: 'resolved' | 'retried';
  actor: string;
}

/** Rows changed, or the send's status when that does not allow it. */
export type Settled = { changed: number; reopened: boolean } | { refused: SendStatus };

/** What each target does to a row besides its status. */
const CHANGES = {
  sent: 'RESOLVED_AT = UTC_TIMESTAMP(3), SENT_AT = UTC_TIMESTAMP(3), SMTP_CODE = NULL, ENHANCED_CODE = NULL',
  failed: 'RESOLVED_AT = UTC_TIMESTAMP(3), SMTP_CODE = NULL, ENHANCED_CODE = NULL',
  pending: 'RESOLVED_AT = NULL, ATTEMPTS = 0, NEXT_ATTEMPT_AT = UTC_TIMESTAMP(3)',
} as const;

/** Whether rows may be given back to be sent: the send goes on, or may be opened again. */
const takesRows = (status: SendStatus): boolean =>
  mayMove(status, 'complete') || mayMove(status, 'reopen');

/** What its messages need is there still. */
const WITH_FILES = { sql: "COALESCE(FILES, 'kept') = 'kept'", params: [] };

/**
 * Settles a chunk of rows, wherever they are still in the state `from` and no claim holds them, with counters and
 * event in the same transaction. Rows put back to pending reopen a completed send.
 * @returns undefined when there is no such send
 * @throws CampaignError WRONG_STATE where they are to be sent, and the send's files were removed
 */
export function settleRows(
  db: Database,
  sendId: number,
  settle: Settle,
  decisions: readonly Decision[],
): Promise<Settled | undefined> {
  return db.transaction(async (tx) => {
    const [send] = await tx.rows<{
      status: SendStatus;
      heldNumber: number | null;
      hasLostFiles: 0 | 1;
    }>(
      `SELECT STATUS AS status, IF(CLAIMED_BY IS NULL, NULL, CLAIM_NUMBER) AS heldNumber,
              COALESCE(FILES <> 'kept', 0) AS hasLostFiles
         FROM CAMPAIGN_SENDS WHERE ID = ? FOR UPDATE`,
      [sendId],
    );
    if (!send) return undefined;
    if (settle.to === 'pending' && !takesRows(send.status)) return { refused: send.status };
    if (settle.to === 'pending' && send.hasLostFiles) throw filesRemoved(sendId);
    const changed = await updateRows(
      tx,
      sendId,
      settle,
      decisions,
      settle.from === 'unknown' ? send.heldNumber : null,
    );
    const reopened = changed > 0 && settle.to === 'pending' && mayMove(send.status, 'reopen');
    if (changed > 0) {
      const { event, actor, from, to } = settle;
      const moved = [{ from, to, rows: changed }];
      if (!reopened) await keepBooks(tx, sendId, moved);
      else if (!(await move(tx, sendId, 'reopen', { set: rowsMoved(moved), where: WITH_FILES })))
        throw new Error(`send ${sendId} changed while its row was locked`);
      const details = { from, to, rows: changed, ...(reopened ? { reopened } : {}) };
      await writeEvent(tx, { sendId, event, actor, details });
    }
    return { changed, reopened };
  });
}

async function updateRows(
  tx: Executor,
  sendId: number,
  { from, to }: Settle,
  decisions: readonly Decision[],
  heldNumber: number | null,
): Promise<number> {
  const seqs = decisions.map(({ seq }) => seq);
  const texts = decisions.map(({ text }) => text && clip(text, REASON_LENGTH));
  const [first] = texts;
  const same = texts.every((text) => text === first);
  const response = same ? '?' : 'ELT(FIELD(SEQ, ?), ?)';
  const responseParams: Param[] = same
    ? [first ?? null]
    : [seqs, texts.map((text) => text ?? null)];
  const { set, where } = rowMove(from, to);
  const { affectedRows } = await tx.run(
    `UPDATE CAMPAIGN_SEND_RESULTS r
        SET ${set}, ${CHANGES[to]}, RESPONSE = COALESCE(${response}, RESPONSE)
      WHERE SEND_ID = ? AND SEQ IN (?) AND ${where} AND NOT CLAIM_NUMBER <=> COALESCE(?, -1)
            ${to === 'pending' ? `AND NOT ${IS_FORGOTTEN}` : ''}`,
    [...responseParams, sendId, seqs, heldNumber],
  );
  return affectedRows;
}

const CHUNK_ROWS = 2000;

/**
 * Settles a whole selection, chunk by chunk; the books balance after each.
 * @param text noted as the reason of every row; its last reply stays where undefined
 */
export async function settleSelected(
  db: Database,
  sendId: number,
  settle: Settle,
  selection: Selection,
  text?: string,
): Promise<Settled | undefined> {
  const sum = { changed: 0, reopened: false };
  for (let after = 0; ; ) {
    const seqs = await listSelected(db, sendId, selection, after, CHUNK_ROWS);
    const decisions = seqs.map((seq) => (text === undefined ? { seq } : { seq, text }));
    if (decisions.length > 0) {
      const settled = await settleRows(db, sendId, settle, decisions);
      if (!settled || 'refused' in settled) return settled;
      sum.changed += settled.changed;
      sum.reopened ||= settled.reopened;
    }
    if (seqs.length < CHUNK_ROWS) return sum;
    after = seqs.at(-1) ?? after;
  }
}
