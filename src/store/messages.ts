import type { HeaderField } from '../domain/header-fields.js';
import type { StoredMessage } from '../domain/message.js';
import { MESSAGE_VALUES, VALUE_KEYS } from '../domain/message-values.js';
import { type Columns, select } from './columns.js';
import { type Executor, format, type Statement } from './mysql/packet.js';

const COLUMNS = {
  ...Object.fromEntries(VALUE_KEYS.map((key) => [key, MESSAGE_VALUES[key].column])),
  fieldNames: 'FIELD_NAMES',
  headers: 'HEADERS',
  secret: 'MESSAGE_SECRET',
} as Columns<keyof StoredMessage>;

function insertStatement(sendId: number, message: StoredMessage): Statement {
  const { fieldNames, headers } = message;
  const values = {
    ...message,
    fieldNames: JSON.stringify(fieldNames),
    headers: headers.length === 0 ? null : JSON.stringify(headers),
  };
  const keys = Object.keys(COLUMNS) as (keyof StoredMessage)[];
  return {
    sql: `INSERT INTO CAMPAIGN_MESSAGES (SEND_ID, ${keys.map((key) => COLUMNS[key]).join(', ')}) VALUES (?)`,
    params: [[sendId, ...keys.map((key) => values[key])]],
  };
}

/** To be run in the transaction that creates the send. */
export async function insertMessage(
  tx: Executor,
  sendId: number,
  message: StoredMessage,
): Promise<void> {
  const { sql, params } = insertStatement(sendId, message);
  await tx.run(sql, params);
}

/** Bytes of the statement that stores a message, its values escaped: what must fit in `max_allowed_packet`. */
export const messageBytes = (message: StoredMessage): number =>
  Buffer.byteLength(format(insertStatement(Number.MAX_SAFE_INTEGER, message)));

/** The message of a send, or undefined when there is no such send. */
export async function readMessage(
  db: Executor,
  sendId: number,
): Promise<StoredMessage | undefined> {
  const [row] = await db.rows<
    Omit<StoredMessage, 'fieldNames' | 'headers'> & { fieldNames: string; headers: string | null }
  >(`SELECT ${select(COLUMNS)} FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ?`, [sendId]);
  return (
    row && {
      ...row,
      fieldNames: JSON.parse(row.fieldNames) as string[],
      headers: row.headers === null ? [] : (JSON.parse(row.headers) as HeaderField[]),
    }
  );
}
