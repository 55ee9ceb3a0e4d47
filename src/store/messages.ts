import { type Columns, select } from './columns.js';
import { type Executor, format, type Statement } from './mysql/packet.js';

/** What a send consists of, as it was queued. */
export interface StoredMessage {
  /** `Name <address>` or a bare address. */
  sender: string;
  replyTo: string | null;
  /** Liquid templates. */
  subject: string;
  html: string | null;
  text: string | null;
  listUnsubscribe: string | null;
  /** IANA name of the time zone in which `now` and times with an offset are shown. */
  timezone: string;
  /** Merge fields the list brought, besides `email`. */
  fieldNames: string[];
  /** 32 random bytes that key the Message-IDs. */
  secret: Buffer;
}

const COLUMNS: Columns<keyof StoredMessage> = {
  sender: 'SENDER',
  replyTo: 'REPLY_TO',
  subject: 'SUBJECT',
  html: 'HTML',
  text: 'BODY_TEXT',
  listUnsubscribe: 'LIST_UNSUBSCRIBE',
  timezone: 'TIMEZONE',
  fieldNames: 'FIELD_NAMES',
  secret: 'MESSAGE_SECRET',
};

function insertStatement(sendId: number, message: StoredMessage): Statement {
  const values = { ...message, fieldNames: JSON.stringify(message.fieldNames) };
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
  const [row] = await db.rows<Omit<StoredMessage, 'fieldNames'> & { fieldNames: string }>(
    `SELECT ${select(COLUMNS)} FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ?`,
    [sendId],
  );
  return row && { ...row, fieldNames: JSON.parse(row.fieldNames) as string[] };
}
