import { randomBytes } from 'node:crypto';
import type { DkimMode } from '../../src/domain/dkim.ts';
import type { RecipientStatus, SendStatus } from '../../src/domain/states.ts';
import { parseSender } from '../../src/message/sender.ts';
import { insertMessage } from '../../src/store/messages.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import type { Executor } from '../../src/store/mysql/packet.ts';

/** A recipient to put into the ledger; what is left out follows from its status. */
export interface SeedRow {
  status: RecipientStatus;
  email?: string;
  attempts?: number;
  code?: number | null;
  enhanced?: string | null;
  response?: string | null;
  claimNumber?: number | null;
  /** Pending: given back, due now. */
  deferred?: boolean;
}

export interface SendSeed {
  status?: SendStatus;
  name?: string;
  key?: string;
  reason?: string;
  batchSize?: number;
  delayMs?: number;
  cooldownSeconds?: number;
  claimedBy?: string;
  claimNumber?: number;
  startInSeconds?: number;
  lastBatchSecondsAgo?: number;
  secret?: Buffer;
}

const REPLIES: Record<RecipientStatus, [number | null, string | null, string | null]> = {
  pending: [null, null, null],
  sending: [null, null, null],
  sent: [250, '2.0.0', 'Ok: queued as 4XyZ'],
  failed: [550, '5.1.1', 'No such user'],
  unknown: [null, null, 'connection lost after the final dot'],
  skipped: [null, null, null],
};

const touched = (row: SeedRow): boolean =>
  row.deferred === true || !['pending', 'skipped'].includes(row.status);

/** `[{ status }, …]`, so many of each. */
export const rowsOf = (counts: Partial<Record<RecipientStatus, number>>): SeedRow[] =>
  (Object.entries(counts) as [RecipientStatus, number][]).flatMap(([status, count]) =>
    Array.from({ length: count }, () => ({ status })),
  );

/**
 * Writes a send with these rows, its books balanced: counters, high-water mark and times follow from the rows.
 * The n-th row is `r<n>@example.org` unless it has an address.
 * @returns the send's id
 */
export async function seedSendWithRows(
  db: Database,
  rows: readonly SeedRow[],
  send: SendSeed = {},
): Promise<number> {
  const { status = 'running', claimedBy = null, claimNumber = 1 } = send;
  const count = (wanted: RecipientStatus): number =>
    rows.filter((row) => row.status === wanted).length;
  const cursor = rows.findLastIndex(touched) + 1;
  const finished = status === 'completed' || status === 'cancelled';
  const { insertId } = await db.run(
    `INSERT INTO CAMPAIGN_SENDS
        (NAME, SEND_KEY, STATUS, STATUS_REASON, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS, TOTAL_COUNT,
         SENT_COUNT, FAILED_COUNT, UNKNOWN_COUNT, SKIPPED_COUNT, SENDING_COUNT, LAST_BATCH_AT, START_AT, CLAIMED_BY,
         CLAIMED_AT, CLAIM_NUMBER, CURSOR_SEQ, LAST_SEQ, CREATED_AT, STARTED_AT, FINISHED_AT, DECLINED_COUNT)
     VALUES (?, ?, ?, ?, ?, ?, ?, 5, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3) - INTERVAL ? SECOND,
             UTC_TIMESTAMP(3) + INTERVAL ? SECOND, ?, IF(? IS NULL, NULL, UTC_TIMESTAMP(3)), ?, ?, ?,
             UTC_TIMESTAMP(3), NULL, IF(?, UTC_TIMESTAMP(3), NULL), 0)`,
    [
      send.name ?? 'a send',
      send.key ?? null,
      status,
      send.reason ?? null,
      send.batchSize ?? 100,
      send.delayMs ?? 0,
      send.cooldownSeconds ?? 5,
      rows.length,
      count('sent'),
      count('failed'),
      count('unknown'),
      count('skipped'),
      count('sending'),
      send.lastBatchSecondsAgo ?? null,
      send.startInSeconds ?? null,
      claimedBy,
      claimedBy,
      claimNumber,
      cursor,
      rows.length,
      finished,
    ],
  );
  await insertMessage(db, insertId, {
    from: 'News <news@example.org>',
    replyTo: null,
    listUnsubscribe: null,
    unsubscribeUrl: null,
    unsubscribeMailto: null,
    envelopeFrom: null,
    headers: [],
    timezone: 'UTC',
    subject: 'Hello',
    html: null,
    text: 'Hello',
    fieldNames: [],
    secret: send.secret ?? Buffer.alloc(32, 7),
  });
  if (rows.length > 0) await insertRows(db, insertId, rows, cursor);
  return insertId;
}

async function insertRows(
  db: Database,
  sendId: number,
  rows: readonly SeedRow[],
  cursor: number,
): Promise<void> {
  const now = new Date();
  const values = rows.map((row, i) => {
    const email = row.email ?? `r${i + 1}@example.org`;
    const [code, enhanced, response] = REPLIES[row.status];
    const wasTouched = touched(row);
    return [
      sendId,
      i + 1,
      email,
      email.toLowerCase(),
      row.status,
      row.attempts ?? (['sent', 'failed'].includes(row.status) ? 1 : 0),
      row.status === 'pending' && i < cursor ? now : null,
      row.claimNumber === undefined ? Number(wasTouched) : row.claimNumber,
      row.code === undefined ? code : row.code,
      row.enhanced === undefined ? enhanced : row.enhanced,
      row.response === undefined ? response : row.response,
      row.status === 'sent' ? now : null,
    ];
  });
  for (let start = 0; start < values.length; start += 1000) {
    await db.run(
      `INSERT INTO CAMPAIGN_SEND_RESULTS (SEND_ID, SEQ, EMAIL, EMAIL_NORM, STATUS, ATTEMPTS, NEXT_ATTEMPT_AT,
              CLAIM_NUMBER, SMTP_CODE, ENHANCED_CODE, RESPONSE, SENT_AT) VALUES ?`,
      [values.slice(start, start + 1000)],
    );
  }
}

const SENDER = 'Sender <sender@example.com>';

export interface QueuedSeed {
  recipients?: number;
  /** Addresses instead of `p1@example.org` onwards. */
  emails?: readonly string[];
  status?: 'importing' | 'running' | 'paused';
  batchSize?: number;
  delayMs?: number;
  cooldownSeconds?: number;
  maxAttempts?: number;
  subject?: string;
  text?: string;
  from?: string;
  /** `required` of a sender at example.com, unless `from` says otherwise. */
  dkim?: DkimMode;
}

/** Puts a send with untouched recipients into the database, as `queue` leaves it; gives its id back. */
export async function seedQueuedSend(db: Executor, seed: QueuedSeed = {}): Promise<number> {
  const emails =
    seed.emails ?? Array.from({ length: seed.recipients ?? 10 }, (_, i) => `p${i + 1}@example.org`);
  const { insertId } = await db.run(
    `INSERT INTO CAMPAIGN_SENDS
            (NAME, DKIM, FROM_DOMAIN, STATUS, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS, TOTAL_COUNT,
             LAST_SEQ, CREATED_AT, DECLINED_COUNT)
     VALUES ('test', ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), 0)`,
    [
      seed.dkim ?? 'auto',
      parseSender(seed.from ?? SENDER).domain,
      seed.status ?? 'running',
      seed.batchSize ?? 100,
      seed.delayMs ?? 0,
      seed.cooldownSeconds ?? 0,
      seed.maxAttempts ?? 5,
      emails.length,
      emails.length,
    ],
  );
  await db.run(
    `INSERT INTO CAMPAIGN_MESSAGES (SEND_ID, SENDER, SUBJECT, BODY_TEXT, FIELD_NAMES, MESSAGE_SECRET)
     VALUES (?, ?, ?, ?, '["name"]', ?)`,
    [
      insertId,
      seed.from ?? SENDER,
      seed.subject ?? 'Hello {{ name }}',
      seed.text ?? 'Dear {{ name }}, this is for {{ email }}.',
      randomBytes(32),
    ],
  );
  for (let i = 0; i < emails.length; i += 1000) {
    const rows = emails
      .slice(i, i + 1000)
      .map((email, j) => [
        insertId,
        i + j + 1,
        email,
        email,
        JSON.stringify({ name: `N${i + j + 1}` }),
      ]);
    await db.run(
      'INSERT INTO CAMPAIGN_SEND_RESULTS (SEND_ID, SEQ, EMAIL, EMAIL_NORM, FIELDS) VALUES ?',
      [rows],
    );
  }
  return insertId;
}

/** Addresses of seven domains, neighbours in different ones. */
export const people = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `p${i + 1}@d${i % 7}.example`);
