import type { Recipient } from '../../domain/recipient.js';
import { select } from '../columns.js';
import type { Executor, Param } from '../mysql/packet.js';
import { RECIPIENT, type ResultRow, toRecipient } from './next-rows.js';

/** Rows of a ledger: one by its number or its address, or the first so many. */
export type Chosen = { seq: number } | { norm: string } | { first: number };

/** What those rows hold, whatever became of them. */
export async function readChosen(
  db: Executor,
  sendId: number,
  chosen: Chosen,
): Promise<Recipient[]> {
  const [where, params]: [string, Param[]] =
    'seq' in chosen
      ? ['AND r.SEQ = ?', [chosen.seq]]
      : 'norm' in chosen
        ? ['AND r.EMAIL_NORM = ?', [chosen.norm]]
        : ['ORDER BY r.SEQ LIMIT ?', [chosen.first]];
  const rows = await db.rows<ResultRow>(
    `SELECT ${select(RECIPIENT)} FROM CAMPAIGN_SEND_RESULTS r WHERE r.SEND_ID = ? ${where}`,
    [sendId, ...params],
  );
  return rows.map(toRecipient);
}
