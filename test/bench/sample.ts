import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { compileMessage } from '../../src/message/compile.ts';
import { insertMessage } from '../../src/store/messages.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import { dataOf } from '../support/filled.ts';

/** The message of the sending benches: HTML and text, 2 KB when filled, five merge fields. */
export const SENDER = 'News at Example <news@example.org>';
export const SUBJECT = '{{ first_name }}, what is new in {{ city }}';
const FIELD_NAMES = ['first_name', 'last_name', 'city', 'company', 'code'];
const TEXT = `Hello {{ first_name }} {{ last_name }},

this is what is new in {{ city }} for {{ company }}. ${'The quick brown fox jumps over the lazy dog. '.repeat(6)}

Your code is {{ code }}.
`;
const HTML = `<!doctype html>
<html lang="en"><body>
<h1>Hello {{ first_name }} {{ last_name }}</h1>
<p>This is what is new in <strong>{{ city }}</strong> for {{ company }}.</p>
<p>${'The quick brown fox jumps over the lazy dog. '.repeat(18)}</p>
<p>Your code is <b>{{ code }}</b>.</p>
</body></html>
`;

export interface SampleFiles {
  html: string;
  text: string;
}

export function writeTemplates(directory: string): SampleFiles {
  const files = { html: join(directory, 'message.html'), text: join(directory, 'message.txt') };
  writeFileSync(files.html, HTML);
  writeFileSync(files.text, TEXT);
  return files;
}

const fieldsOf = (n: number): string[] => [
  `First${n % 997}`,
  `Last${n % 1009}`,
  `City${n % 101}`,
  `Company ${n % 503}`,
  `C-${n}`,
];

export const emailOf = (n: number): string => `person.${n}@example.org`;

/** The bytes of one filled message, headers included. */
export function messageBytes(): number {
  const compiled = compileMessage({
    sendId: 1,
    topic: '',
    from: SENDER,
    replyTo: null,
    listUnsubscribe: null,
    unsubscribeUrl: null,
    unsubscribeMailto: null,
    envelopeFrom: null,
    headers: [],
    timezone: 'UTC',
    subject: SUBJECT,
    html: HTML,
    text: TEXT,
    fieldNames: FIELD_NAMES,
    secret: Buffer.alloc(32, 7),
    version: 1,
    queuedFrom: null,
    files: [],
    rowFilesBytes: 0,
  });
  const fields = Object.fromEntries(
    FIELD_NAMES.map((name, i) => [name, fieldsOf(12_345)[i] ?? '']),
  );
  const email = emailOf(12_345);
  const recipient = { seq: 12_345, email, emailNorm: email, fields, attempts: 0 };
  return dataOf(compiled.fill(recipient, new Date(0))).length;
}

const LINES_PER_CHUNK = 1000;

/** Writes `count` lines to a file, in pieces. */
export function writeLines(
  file: string,
  header: string,
  count: number,
  line: (n: number) => string,
): Promise<void> {
  function* chunks(): Generator<string> {
    if (header) yield `${header}\n`;
    for (let start = 1; start <= count; start += LINES_PER_CHUNK) {
      let chunk = '';
      for (let n = start; n < start + LINES_PER_CHUNK && n <= count; n++) chunk += `${line(n)}\n`;
      yield chunk;
    }
  }
  return pipeline(Readable.from(chunks()), createWriteStream(file));
}

/** A list of recipients with the five fields. */
export const writeList = (file: string, count: number): Promise<void> =>
  writeLines(file, ['email', ...FIELD_NAMES].join(','), count, (n) =>
    [emailOf(n), ...fieldsOf(n)].join(','),
  );

export const queueArguments = (list: string, files: SampleFiles, batchSize: number): string[] => [
  'queue',
  ...[
    '--list',
    list,
    '--from',
    SENDER,
    '--subject',
    SUBJECT,
    '--html',
    files.html,
    '--text',
    files.text,
  ],
  ...['--batch-size', String(batchSize), '--cooldown-seconds', '0', '--yes', '--json'],
];

export interface LargeSend {
  rows: number;
  /** Rows already sent, the first of the list. */
  sent: number;
  batchSize: number;
}

/** MESSAGE_SECRET of such a send. */
export const LARGE_SEND_SECRET = Buffer.alloc(32, 7);

const ROWS_PER_INSERT = 50_000;

/** Numbers 0 to 99,999 that both MariaDB and MySQL can make without a table. */
const NUMBERS = (() => {
  const digits = Array.from({ length: 10 }, (_, n) => `SELECT ${n} AS d`).join(' UNION ALL ');
  const places = ['a', 'b', 'c', 'd', 'e'];
  const sum = places.map((place, i) => `${place}.d * ${10 ** i}`).join(' + ');
  return `SELECT ${sum} AS n FROM ${places.map((place) => `(${digits}) AS ${place}`).join(' CROSS JOIN ')}`;
})();

/** Puts a running send of many rows into the ledger by SQL, its books balanced. @returns its id */
export async function seedLargeSend(database: Database, send: LargeSend): Promise<number> {
  const { rows, sent, batchSize } = send;
  const { insertId } = await database.run(
    `INSERT INTO CAMPAIGN_SENDS (NAME, STATUS, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS, TOTAL_COUNT,
            SENT_COUNT, CURSOR_SEQ, SETTLED_SEQ, LAST_SEQ, CREATED_AT)
     VALUES ('a large send', 'running', ?, 0, 0, 5, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))`,
    [batchSize, rows, sent, sent, sent, rows],
  );
  await insertMessage(database, insertId, {
    from: SENDER,
    replyTo: null,
    listUnsubscribe: null,
    unsubscribeUrl: null,
    unsubscribeMailto: null,
    envelopeFrom: null,
    headers: [],
    timezone: 'UTC',
    subject: SUBJECT,
    html: HTML,
    text: TEXT,
    fieldNames: FIELD_NAMES,
    secret: LARGE_SEND_SECRET,
  });
  for (let start = 0; start < rows; start += ROWS_PER_INSERT) {
    await database.run(
      `INSERT INTO CAMPAIGN_SEND_RESULTS
              (SEND_ID, SEQ, EMAIL, EMAIL_NORM, FIELDS, STATUS, ATTEMPTS, CLAIM_NUMBER, SMTP_CODE, ENHANCED_CODE,
               RESPONSE, SENT_AT, ROOM)
       SELECT ?, seq, CONCAT('person.', seq, '@example.org'), CONCAT('person.', seq, '@example.org'),
              CONCAT('{"first_name":"First', seq % 997, '","last_name":"Last', seq % 1009, '","city":"City', seq % 101,
                     '","company":"Company ', seq % 503, '","code":"C-', seq, '"}'),
              IF(seq <= ?, 'sent', 'pending'), IF(seq <= ?, 1, 0), seq <= ?, IF(seq <= ?, 250, NULL),
              IF(seq <= ?, '2.0.0', NULL), IF(seq <= ?, 'Ok', NULL), IF(seq <= ?, UTC_TIMESTAMP(3), NULL),
              IF(seq <= ?, NULL, ?)
         FROM (SELECT n + 1 + ? AS seq FROM (${NUMBERS}) AS numbers WHERE n < ?) AS seqs
        ORDER BY seq`,
      [
        insertId,
        ...Array.from({ length: 8 }, () => sent),
        '.'.repeat(80),
        start,
        Math.min(ROWS_PER_INSERT, rows - start),
      ],
    );
  }
  return insertId;
}
