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

const insertStatement = (sendId: number, message: StoredMessage): Statement => ({
  sql: `INSERT INTO CAMPAIGN_MESSAGES
            (SEND_ID, SENDER, REPLY_TO, SUBJECT, HTML, BODY_TEXT, LIST_UNSUBSCRIBE, TIMEZONE, FIELD_NAMES,
             MESSAGE_SECRET)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  params: [
    sendId,
    message.sender,
    message.replyTo,
    message.subject,
    message.html,
    message.text,
    message.listUnsubscribe,
    message.timezone,
    JSON.stringify(message.fieldNames),
    message.secret,
  ],
});

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
    `SELECT SENDER AS sender, REPLY_TO AS replyTo, SUBJECT AS subject, HTML AS html, BODY_TEXT AS text,
            LIST_UNSUBSCRIBE AS listUnsubscribe, TIMEZONE AS timezone, FIELD_NAMES AS fieldNames,
            MESSAGE_SECRET AS secret
       FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ?`,
    [sendId],
  );
  return row && { ...row, fieldNames: JSON.parse(row.fieldNames) as string[] };
}
