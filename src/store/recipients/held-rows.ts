import type { Recipient } from '../../domain/recipient.js';
import type { RecipientStatus } from '../../domain/states.js';
import { select } from '../columns.js';
import type { Executor } from '../mysql/packet.js';
import { RECIPIENT, type ResultRow, toRecipient } from './next-rows.js';
import { IS_FORGOTTEN } from './row.js';

const PAGE = 1000;

/**
 * What the rows of one status hold, in the order of the list, a page at a time; nothing where there are none. Whoever was
 * forgotten is left out: their row stays as the proof that they were mailed once.
 */
export async function* readHeld(
  db: Executor,
  sendId: number,
  status: RecipientStatus,
): AsyncGenerator<Recipient[], undefined> {
  for (let after = 0; ; ) {
    const rows = await db.rows<ResultRow>(
      `SELECT ${select(RECIPIENT)} FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (PRIMARY)
        WHERE r.SEND_ID = ? AND r.SEQ > ? AND r.STATUS = ? AND NOT ${IS_FORGOTTEN} ORDER BY r.SEQ LIMIT ?`,
      [sendId, after, status, PAGE],
    );
    const last = rows.at(-1);
    if (!last) return;
    after = last.seq;
    yield rows.map(toRecipient);
    if (rows.length < PAGE) return;
  }
}
