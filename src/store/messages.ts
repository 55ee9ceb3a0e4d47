import type { HeaderField } from '../domain/header-fields.js';
import type { NewMessage, StoredMessage } from '../domain/message.js';
import { encodedBytes } from '../domain/message-file.js';
import { MESSAGE_VALUES, VALUE_KEYS } from '../domain/message-values.js';
import type { MessageVersion } from '../domain/message-version.js';
import { type Columns, select } from './columns.js';
import { readFiles } from './files/send-files.js';
import { type Executor, format, type Statement } from './mysql/packet.js';

const COLUMNS = {
  ...Object.fromEntries(VALUE_KEYS.map((key) => [key, MESSAGE_VALUES[key].column])),
  fieldNames: 'FIELD_NAMES',
  headers: 'HEADERS',
  secret: 'MESSAGE_SECRET',
} as Columns<keyof NewMessage>;

const STORED = select({
  ...Object.fromEntries(Object.entries(COLUMNS).map(([key, column]) => [key, `m.${column}`])),
  version: 'm.VERSION',
  rowFileBytes:
    '(SELECT MAX(q.ROW_FILE_BYTES) FROM CAMPAIGN_MESSAGES q WHERE q.SEND_ID = m.SEND_ID)',
  queuedFrom: `IF(m.VERSION = 1, NULL, (SELECT q.${MESSAGE_VALUES.from.column} FROM CAMPAIGN_MESSAGES q
     WHERE q.SEND_ID = m.SEND_ID AND q.VERSION = 1))`,
});

const AS_QUEUED: MessageVersion = { version: 1, fromClaimNumber: 0 };

function insertStatement(
  sendId: number,
  message: NewMessage,
  { version, fromClaimNumber }: MessageVersion,
): Statement {
  const { fieldNames, headers } = message;
  const values = {
    ...message,
    fieldNames: JSON.stringify(fieldNames),
    headers: headers.length === 0 ? null : JSON.stringify(headers),
  };
  const keys = Object.keys(COLUMNS) as (keyof NewMessage)[];
  return {
    sql: `INSERT INTO CAMPAIGN_MESSAGES (SEND_ID, VERSION, FROM_CLAIM_NUMBER, ${keys.map((key) => COLUMNS[key]).join(', ')}) VALUES (?)`,
    params: [[sendId, version, fromClaimNumber, ...keys.map((key) => values[key])]],
  };
}

/** To be run in the transaction that creates the send, or that changes its message. */
export async function insertMessage(
  tx: Executor,
  sendId: number,
  message: NewMessage,
  place = AS_QUEUED,
): Promise<void> {
  const { sql, params } = insertStatement(sendId, message, place);
  await tx.run(sql, params);
}

/** Bytes of the statement that stores a message, its values escaped: what must fit in `max_allowed_packet`. */
export const messageBytes = (message: NewMessage): number =>
  Buffer.byteLength(format(insertStatement(Number.MAX_SAFE_INTEGER, message, AS_QUEUED)));

/**
 * The message of a send, or undefined when there is no such send.
 * @param version the latest when left out
 */
export async function readMessage(
  db: Executor,
  sendId: number,
  version?: number,
): Promise<StoredMessage | undefined> {
  const [row] = await db.rows<
    Omit<StoredMessage, 'fieldNames' | 'headers' | 'files' | 'rowFilesBytes'> & {
      fieldNames: string;
      headers: string | null;
      rowFileBytes: number | null;
    }
  >(
    `SELECT ${STORED} FROM CAMPAIGN_MESSAGES m
      WHERE m.SEND_ID = ?${version === undefined ? '' : ' AND m.VERSION = ?'}
      ORDER BY m.VERSION DESC LIMIT 1`,
    version === undefined ? [sendId] : [sendId, version],
  );
  if (!row) return undefined;
  const { fieldNames, headers, rowFileBytes, ...message } = row;
  const files = await readFiles(db, sendId, [0]);
  return {
    ...message,
    fieldNames: JSON.parse(fieldNames) as string[],
    headers: headers === null ? [] : (JSON.parse(headers) as HeaderField[]),
    files: files.get(0) ?? [],
    rowFilesBytes: rowFileBytes === null ? 0 : encodedBytes(rowFileBytes),
  };
}

/** The versions of a send's message, the first first. */
export const readVersions = (db: Executor, sendId: number): Promise<MessageVersion[]> =>
  db.rows<MessageVersion>(
    `SELECT VERSION AS version, FROM_CLAIM_NUMBER AS fromClaimNumber
       FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ? ORDER BY VERSION`,
    [sendId],
  );
