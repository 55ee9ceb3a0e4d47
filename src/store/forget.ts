import { FORGOTTEN, type HeldRow } from '../domain/forgotten.js';
import type { RecipientStatus } from '../domain/states.js';
import { type Columns, select } from './columns.js';
import type { Database } from './mysql/database.js';
import type { Executor } from './mysql/packet.js';
import { IS_RESOLVED } from './recipients/row.js';

/** Sends whose ledgers are looked into by one statement. */
const SENDS = 500;

const HELD = select({
  id: 'r.SEND_ID',
  name: 's.NAME',
  seq: 'r.SEQ',
  email: 'r.EMAIL',
  status: 'r.STATUS',
  fields: 'r.FIELDS',
  response: 'r.RESPONSE',
  sentAt: 'r.SENT_AT',
  isOver: `r.STATUS IN ('sent', 'failed', 'unknown', 'skipped') OR s.STATUS = 'cancelled'`,
} satisfies Columns<Exclude<keyof HeldRow, 'files'> | 'seq' | 'isOver'>);

/** A row of somebody's. */
export interface FoundRow extends Omit<HeldRow, 'fields' | 'files'> {
  seq: number;
  fields: string | null;
  /** Whether nothing more is made of what it holds. */
  isOver: 0 | 1;
}

/** The rows of an address in every send, a look-up by index in each. */
export async function findRowsOf(db: Executor, norm: string): Promise<FoundRow[]> {
  const found: FoundRow[] = [];
  for (let after = 0; ; ) {
    const ids = await db.rows<{ id: number }>(
      'SELECT ID AS id FROM CAMPAIGN_SENDS WHERE ID > ? ORDER BY ID LIMIT ?',
      [after, SENDS],
    );
    const last = ids.at(-1);
    if (!last) return found;
    after = last.id;
    found.push(
      ...(await db.rows<FoundRow>(
        `SELECT ${HELD} FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (EMAIL_ONCE)
           JOIN CAMPAIGN_SENDS s ON s.ID = r.SEND_ID
          WHERE r.SEND_ID IN (?) AND r.EMAIL_NORM = ? ORDER BY r.SEND_ID`,
        [ids.map(({ id }) => id), norm],
      )),
    );
  }
}

/** The rows of all test mails: who got one, and whom it is about, is for their reader to see. */
export const findTestRows = (db: Executor): Promise<FoundRow[]> =>
  db.rows<FoundRow>(
    `SELECT ${HELD} FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r ON r.SEND_ID = s.ID
      WHERE s.TEST_OF IS NOT NULL ORDER BY r.SEND_ID, r.SEQ`,
  );

/** What stays of a row's words: why it was skipped or that it was resolved, which the books are proved by. */
const BLANKED = `CASE
  WHEN RESPONSE IS NULL OR ${IS_RESOLVED} THEN RESPONSE
  WHEN STATUS = 'skipped' THEN CONCAT(SUBSTRING_INDEX(RESPONSE, ':', 1), ': ${FORGOTTEN}')
  ELSE '${FORGOTTEN}' END`;

/**
 * Blanks what a row that is over holds beside its address and its outcome.
 * @returns whether it was as it had been read
 */
export async function blankRow(
  database: Database,
  { id, seq, status }: { id: number; seq: number; status: RecipientStatus },
): Promise<boolean> {
  const { affectedRows } = await database.run(
    `UPDATE CAMPAIGN_SEND_RESULTS SET FIELDS = NULL, RESPONSE = ${BLANKED}, FORGOTTEN_AT = COALESCE(FORGOTTEN_AT, UTC_TIMESTAMP(3))
      WHERE SEND_ID = ? AND SEQ = ? AND STATUS = ?`,
    [id, seq, status],
  );
  return affectedRows === 1;
}

/** An event that names somebody. */
export interface NamingEvent {
  id: number;
  reason: string | null;
  details: string | null;
}

/** Events whose words have the address in them, in any case. */
export const findEventsNaming = (db: Executor, norm: string): Promise<NamingEvent[]> => {
  const pattern = `%${norm.replace(/[\\%_]/g, '\\$&')}%`;
  return db.rows<NamingEvent>(
    `SELECT ID AS id, REASON AS reason, DETAILS AS details FROM CAMPAIGN_SEND_EVENTS
      WHERE LOWER(REASON) LIKE ? OR LOWER(CAST(DETAILS AS CHAR)) LIKE ?`,
    [pattern, pattern],
  );
};

/** Writes the words of an event anew. */
export async function rewordEvent(
  db: Executor,
  { id, reason, details }: NamingEvent,
): Promise<void> {
  await db.run('UPDATE CAMPAIGN_SEND_EVENTS SET REASON = ?, DETAILS = ? WHERE ID = ?', [
    reason,
    details,
    id,
  ]);
}

/** The same for why a send stands as it does, which may be a server's words of one recipient. */
export async function rewordSends(
  db: Executor,
  norm: string,
  reword: (text: string) => string,
): Promise<void> {
  const pattern = `%${norm.replace(/[\\%_]/g, '\\$&')}%`;
  const sends = await db.rows<{ id: number; reason: string }>(
    'SELECT ID AS id, STATUS_REASON AS reason FROM CAMPAIGN_SENDS WHERE LOWER(STATUS_REASON) LIKE ?',
    [pattern],
  );
  for (const { id, reason } of sends) {
    await db.run('UPDATE CAMPAIGN_SENDS SET STATUS_REASON = ? WHERE ID = ? AND STATUS_REASON = ?', [
      reword(reason),
      id,
      reason,
    ]);
  }
}
