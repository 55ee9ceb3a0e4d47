import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import queueDeclaration from '../../src/cli/commands/queue.ts';
import { type QueueInput, type QueueOptions, queueOptions } from '../../src/cli/queue-options.ts';
import { type QueueDeps, queue } from '../../src/cli/queue-run.ts';
import { readInput } from '../../src/cli/runner.ts';
import { queueJson } from '../../src/contract/queue.ts';
import { CampaignError } from '../../src/errors.ts';
import { Database } from '../../src/store/mysql/database.ts';
import { cancelImport } from '../../src/store/sends/lifecycle.ts';
import { queueSummary } from '../../src/view/queue.ts';
import { createTestDatabase, startTestServer, type TestDatabase } from '../support/database.ts';
import { runCommand, startCommand } from '../support/run-command.ts';

let db: TestDatabase;
let directory: string;
let files = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'campaign-queue-'));
  writeFileSync(join(directory, 'body.html'), '<p>Dear {{ name }}, {{ email }}</p>');
});

afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true, force: true });
});

function file(content: string | Uint8Array): string {
  const path = join(directory, `list-${++files}.csv`);
  writeFileSync(path, content);
  return path;
}

const rows = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, i) => `p${from + i}@example.org,Person ${from + i}\n`).join('');

const listOf = (count: number): string => file(`email,name\n${rows(count)}`);

type Flags = Record<string, unknown>;

const flags = (more: Flags = {}): Flags => ({
  list: file('email,name\nann@example.org,Ann\n'),
  from: 'News <news@example.org>',
  subject: 'Hello {{ Name }}',
  html: join(directory, 'body.html'),
  yes: true,
  ...more,
});

/** What the command makes of its options, as commander gives them. */
async function optionsOf(given: Flags, unsubscribeUrl?: string): Promise<QueueOptions> {
  const input = await readInput(queueDeclaration, { arguments: [], options: given });
  return queueOptions(input as unknown as QueueInput, given.yes === true, { unsubscribeUrl });
}

interface Run extends Partial<QueueDeps> {
  notices?: string[];
  rejected?: { first: readonly { line: number }[]; total: number }[];
}

async function run(more: Flags = {}, deps: Run = {}) {
  return queue(await optionsOf(flags(more)), {
    database: async () => db.connect({ connections: 2, countChangedRows: true }),
    stdin: Readable.from([]),
    signal: new AbortController().signal,
    actor: 'tester@host',
    randomBytes,
    now: () => performance.now(),
    announce: async () => {},
    confirm: async () => {
      throw new CampaignError('CONFIRMATION_NEEDED', 'not confirmed');
    },
    onProgress: () => {},
    onRejected: (first, total) => deps.rejected?.push({ first, total }),
    onNotice: (text) => deps.notices?.push(text),
    onWarning: (text) => deps.notices?.push(text),
    ...deps,
  });
}

const failure = (more: Flags, deps: Run = {}): Promise<CampaignError> =>
  run(more, deps).then(
    (result) => {
      throw new Error(`queued as ${result.id}`);
    },
    (error: CampaignError) => error,
  );

/** Rows of all tables but the schema's own. */
async function census(): Promise<Record<string, number>> {
  const [row] = await db.database.rows<Record<string, number>>(
    `SELECT (SELECT COUNT(*) FROM CAMPAIGN_SENDS) AS sends,
            (SELECT COUNT(*) FROM CAMPAIGN_MESSAGES) AS messages,
            (SELECT COUNT(*) FROM CAMPAIGN_SEND_RESULTS) AS results,
            (SELECT COUNT(*) FROM CAMPAIGN_SEND_EVENTS) AS events`,
  );
  return row ?? {};
}

/** Runs `work` and makes sure that the database is as it was. */
async function leavesNothing<T>(work: () => Promise<T>): Promise<T> {
  const before = await census();
  const result = await work();
  expect(await census()).toEqual(before);
  return result;
}

interface SendRow {
  STATUS: string;
  SEND_KEY: string | null;
  TOTAL_COUNT: number;
  SKIPPED_COUNT: number;
  LAST_SEQ: number;
  [column: string]: unknown;
}

async function sendRow(id: number | null): Promise<SendRow> {
  const [row] = await db.database.rows<SendRow>('SELECT * FROM CAMPAIGN_SENDS WHERE ID = ?', [id]);
  if (!row) throw new Error(`no send ${id}`);
  return row;
}

async function sendOf(key: string): Promise<SendRow> {
  const [row] = await db.database.rows<SendRow>('SELECT * FROM CAMPAIGN_SENDS WHERE SEND_KEY = ?', [
    key,
  ]);
  if (!row) throw new Error(`no send with the key ${key}`);
  return row;
}

async function ledger(id: number | null): Promise<Record<string, unknown>[]> {
  const all = await db.database.rows<Record<string, unknown>>(
    `SELECT SEQ, EMAIL, EMAIL_NORM, FIELDS, STATUS, RESPONSE FROM CAMPAIGN_SEND_RESULTS
      WHERE SEND_ID = ? ORDER BY SEQ`,
    [id],
  );
  return all.map((row) => ({ ...row, FIELDS: JSON.parse(row['FIELDS'] as string) }));
}

async function expectBalanced(id: number | null): Promise<void> {
  const { TOTAL_COUNT, SKIPPED_COUNT } = await sendRow(id);
  const all = await ledger(id);
  expect(TOTAL_COUNT).toBe(all.length);
  expect(SKIPPED_COUNT).toBe(all.filter((row) => row['STATUS'] === 'skipped').length);
}

const suppress = (email: string): Promise<unknown> =>
  db.database.run(
    "INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, CREATED_AT) VALUES (?, 'unsubscribed', UTC_TIMESTAMP(3))",
    [email],
  );

describe('a list that is queued', () => {
  it('becomes a running send with its message, ledger and events', async () => {
    const result = await run({
      list: file(
        'Name,E-Mail\nAnn,Ann@Example.org\nBob,bob@bücher.example\nAgain,ANN@example.org\nbad\n',
      ),
      name: 'Spring',
      batchSize: '7',
      delayMs: '20',
      cooldownSeconds: '0',
      maxAttempts: '3',
      replyTo: 'office@example.org',
      listUnsubscribe: 'https://example.org/u/{{ email }}',
      timezone: 'Europe/Berlin',
    });
    expect(result).toMatchObject({
      status: 'running',
      total: 2,
      rejected: 1,
      duplicates: 1,
      suppressed: 0,
    });
    expect(Object.keys(queueJson(result))).toEqual([
      'id',
      'status',
      'total',
      'rejected',
      'duplicates',
      'suppressed',
      'declined',
      'filtered',
      'blank',
      'missing',
      'alreadyQueued',
      'idnConverted',
      'needSmtpUtf8',
      'encoding',
      'headerLine',
      'looksEncodedTwice',
    ]);
    expect(await sendRow(result.id)).toMatchObject({
      NAME: 'Spring',
      SEND_KEY: null,
      STATUS: 'running',
      STATUS_REASON: null,
      BATCH_SIZE: 7,
      DELAY_MS: 20,
      COOLDOWN_SECONDS: 0,
      MAX_ATTEMPTS: 3,
      TOTAL_COUNT: 2,
      LAST_SEQ: 3,
      CURSOR_SEQ: 0,
      START_AT: null,
    });
    expect(await ledger(result.id)).toMatchObject([
      {
        SEQ: 1,
        EMAIL: 'Ann@Example.org',
        EMAIL_NORM: 'ann@example.org',
        FIELDS: { name: 'Ann' },
        STATUS: 'pending',
      },
      {
        SEQ: 2,
        EMAIL: 'bob@bücher.example',
        EMAIL_NORM: 'bob@xn--bcher-kva.example',
        STATUS: 'pending',
      },
    ]);
    const [message] = await db.database.rows<Record<string, unknown>>(
      'SELECT * FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ?',
      [result.id],
    );
    expect(message).toMatchObject({
      SENDER: 'News <news@example.org>',
      REPLY_TO: 'office@example.org',
      SUBJECT: 'Hello {{ Name }}',
      HTML: '<p>Dear {{ name }}, {{ email }}</p>',
      BODY_TEXT: null,
      LIST_UNSUBSCRIBE: 'https://example.org/u/{{ email }}',
      TIMEZONE: 'Europe/Berlin',
      FIELD_NAMES: '["name"]',
    });
    expect(message?.['MESSAGE_SECRET']).toHaveLength(32);
    const events = await db.database.rows<Record<string, unknown>>(
      'SELECT EVENT, ACTOR FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ? ORDER BY ID',
      [result.id],
    );
    expect(events).toEqual([
      { EVENT: 'queued', ACTOR: 'tester@host' },
      { EVENT: 'imported', ACTOR: 'tester@host' },
    ]);
  });

  it('has the defaults 100, 0 ms, 5 s and 5 attempts, and the subject for its name', async () => {
    const { id } = await run();
    expect(await sendRow(id)).toMatchObject({
      NAME: 'Hello {{ Name }}',
      BATCH_SIZE: 100,
      DELAY_MS: 0,
      COOLDOWN_SECONDS: 5,
      MAX_ATTEMPTS: 5,
    });
  });

  it('waits with --paused, and says scheduled while --start-at is ahead', async () => {
    const paused = await run({ paused: true });
    expect(paused.status).toBe('paused');
    expect((await sendRow(paused.id))['STATUS_REASON']).toContain('tester@host');
    const scheduled = await run({ startAt: '2999-01-31T09:00:00+01:00' });
    expect(scheduled.status).toBe('scheduled');
    expect((await sendRow(scheduled.id))['START_AT']).toEqual(new Date('2999-01-31T08:00:00Z'));
  });

  it('comes from standard input too', async () => {
    const result = await run(
      { list: '-' },
      { stdin: Readable.from([Buffer.from('email,name\na@example.org,A\n')]) },
    );
    expect(result.total).toBe(1);
  });

  it('skips suppressed addresses before it is released', async () => {
    await suppress('p1@example.org');
    const result = await run({ list: file('email,name\np0@example.org,x\nP1@Example.ORG,y\n') });
    await db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
    expect(result).toMatchObject({ total: 2, suppressed: 1 });
    expect(await ledger(result.id)).toMatchObject([
      { STATUS: 'pending' },
      { STATUS: 'skipped', RESPONSE: 'suppressed: unsubscribed' },
    ]);
    await expectBalanced(result.id);
  });

  it('keeps the first of two lines with one address, however far apart', async () => {
    const list = file(`email,name\nTWIN@example.org,first\n${rows(3000)}twin@example.org,second\n`);
    const result = await run({ list });
    expect(result).toMatchObject({ total: 3001, duplicates: 1 });
    const [first] = await ledger(result.id);
    expect(first).toMatchObject({ SEQ: 1, EMAIL: 'TWIN@example.org', FIELDS: { name: 'first' } });
    await expectBalanced(result.id);
  });

  it('takes a row of a megabyte, quotes and backslashes and all', async () => {
    const big = '\\"\'\n%?😀'.repeat(120_000);
    const list = file(
      `email,name\na@example.org,"${big.replaceAll('"', '""')}"\nb@example.org,y\n`,
    );
    const result = await run({ list });
    const [first] = await ledger(result.id);
    expect(first?.['FIELDS']).toEqual({ name: big });
    expect(result.total).toBe(2);
  });

  it('of 100,000 lines is in within seconds, the memory flat', async () => {
    const list = listOf(100_000);
    const started = performance.now();
    const result = await run({ list });
    expect(result).toMatchObject({ total: 100_000, duplicates: 0, rejected: 0 });
    expect(performance.now() - started).toBeLessThan(20_000);
    expect((await sendRow(result.id)).LAST_SEQ).toBe(100_000);
  });
});

describe('rejected lines', () => {
  it('are shown, the first few, and written whole to --rejects', async () => {
    const rejects = join(directory, 'rejects.csv');
    const rejected: Run['rejected'] = [];
    const bad = Array.from({ length: 8 }, (_, i) => `bad "${i}"`).map(
      (cell) => `"${cell.replaceAll('"', '""')}",x\n`,
    );
    await run({ list: file(`email,name\n${rows(1)}${bad.join('')}`), rejects }, { rejected });
    expect(rejected).toHaveLength(1);
    expect(rejected[0]?.total).toBe(8);
    expect(rejected[0]?.first.map(({ line }) => line)).toEqual([3, 4, 5, 6, 7]);
    const written = readFileSync(rejects, 'utf8').split('\n');
    expect(written).toHaveLength(10);
    expect(written[0]).toBe('line,reason,record');
    expect(written[1]).toBe('3,a space in the address,"""bad """"0"""""",x"');
  });

  it('are written even when the import fails', async () => {
    const rejects = join(directory, 'failed.csv');
    const error = await leavesNothing(() =>
      failure({ list: file('email,name\nbad,x\n'), rejects }),
    );
    expect(error.code).toBe('BAD_LIST');
    expect(readFileSync(rejects, 'utf8')).toBe(
      'line,reason,record\n2,no @ in the address,"bad,x"\n',
    );
  });

  it.each(['list', 'html', 'text'])('never overwrite what is read: %s', async (flag) => {
    const path = flag === 'list' ? listOf(1) : file('Dear {{ name }}');
    const before = readFileSync(path, 'utf8');
    const error = await leavesNothing(() => failure({ [flag]: path, rejects: path }));
    expect([error.code, error.message]).toEqual(['BAD_FILE', expect.stringContaining(path)]);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});

describe('bad input leaves nothing in the database', () => {
  it.each<[string, () => Flags, string, string]>([
    ['a missing list', () => ({ list: '/no/such/list.csv' }), 'BAD_FILE', 'no such file'],
    ['a directory', () => ({ list: directory }), 'BAD_FILE', 'it is a directory'],
    ['an empty list', () => ({ list: file('') }), 'BAD_LIST', 'is empty'],
    ['a header alone', () => ({ list: file('email,name\n') }), 'BAD_LIST', 'a header and no rows'],
    [
      'a binary list',
      () => ({ list: file('email,name\na@example.org,\0\n') }),
      'BAD_LIST',
      'NUL byte',
    ],
    [
      'no valid row',
      () => ({ list: file('email,name\nx,y\n') }),
      'BAD_LIST',
      'no valid row: its only row was rejected',
    ],
    [
      'no question for standard input',
      () => ({ list: '-', yes: false }),
      'CONFIRMATION_NEEDED',
      'nobody to ask',
    ],
    ['no address column', () => ({ list: file('a,name\nx,y\n') }), 'BAD_LIST', 'no address column'],
    [
      'an unclosed quote after thousands of rows',
      () => ({ list: file(`email,name\n${rows(5000)}z@example.org,"Z\n`) }),
      'BAD_LIST',
      'line 5002',
    ],
    [
      'bytes of another code page after thousands of rows',
      () => ({
        list: file(
          Buffer.concat([Buffer.from(`email,name\n${rows(5000)}`), Buffer.from([0x81, 0x0a])]),
        ),
      }),
      'BAD_LIST',
      'line 5002',
    ],
    [
      'an unknown merge field in the subject',
      () => ({ subject: 'Hi {{ nmae }}' }),
      'BAD_TEMPLATE',
      'nmae',
    ],
    [
      'a template that does not parse',
      () => ({ subject: 'Hi {{ name ' }),
      'BAD_TEMPLATE',
      'line 1, column 4',
    ],
    ['a missing template', () => ({ html: '/no/such.html' }), 'BAD_FILE', 'no such file'],
    [
      'a template that is not UTF-8',
      () => ({ html: file(Buffer.from([0xff])) }),
      'BAD_TEMPLATE',
      'not text',
    ],
    ['white space for a text', () => ({ text: file('\ufeff \n') }), 'BAD_TEMPLATE', 'csv is empty'],
    ['nothing for HTML', () => ({ html: file('') }), 'BAD_TEMPLATE', 'csv is empty'],
    [
      'HTML whose elements stand in one another without end',
      () => ({ html: file('<div>'.repeat(100_000)) }),
      'BAD_TEMPLATE',
      'too deep',
    ],
    [
      'an unwritable rejects file',
      () => ({ rejects: '/no/such/folder/r.csv' }),
      'BAD_FILE',
      'its folder is not there',
    ],
  ])('%s', async (_, more, code, message) => {
    const error = await leavesNothing(() => failure({ ...more(), key: 'bad-input' }));
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(message)]);
    expect(error.remedy).toBeTruthy();
  });

  it.each<[string, Flags, string]>([
    ['a batch of 0', { batchSize: '0' }, '--batch-size "0"'],
    ['a batch of -1', { batchSize: '-1' }, '--batch-size "-1"'],
    ['a batch of 1e9', { batchSize: '1e9' }, '--batch-size "1e9"'],
    ['a batch of abc', { batchSize: 'abc' }, '--batch-size "abc"'],
    ['a batch beyond the limit', { batchSize: '1000001' }, '--batch-size'],
    ['a delay of an hour and more', { delayMs: '3600001' }, '--delay-ms'],
    ['half a second of cooldown', { cooldownSeconds: '0.5' }, '--cooldown-seconds'],
    ['no attempts', { maxAttempts: '0' }, '--max-attempts'],
    ['a start tomorrow', { startAt: 'tomorrow' }, '--start-at "tomorrow"'],
    ['a start without a zone', { startAt: '2030-01-31T09:00:00' }, '--start-at'],
    ['a sender without @', { from: 'News' }, '--from'],
    ['two senders', { from: 'a@example.org, b@example.org' }, '--from'],
    ['a sender with a line break', { from: 'A\r\nBcc: x <a@example.org>' }, '--from'],
    ['a bad reply-to', { replyTo: 'x@' }, '--reply-to'],
    [
      'a line break in the URL',
      { listUnsubscribe: 'https://x.org/\nBcc: x' },
      '--list-unsubscribe',
    ],
    [
      'a URL of links with a password',
      { unsubscribeUrl: 'https://a:b@x.org' },
      '--unsubscribe-url has a user',
    ],
    [
      'a URL of links without TLS',
      { unsubscribeUrl: 'http://x.org/u' },
      '--unsubscribe-url begins with http:',
    ],
    [
      'a name beside the address of mails',
      { unsubscribeMailto: 'A <a@x.org>' },
      '--unsubscribe-mailto',
    ],
    ['a line break in the subject', { subject: 'Hi\nBcc: x' }, '--subject'],
    ['a time zone that is none', { timezone: 'Europe/Berlinn' }, '--timezone "Europe/Berlinn"'],
    ['an offset for a time zone', { timezone: '+01:00' }, '--timezone "+01:00"'],
    ['an empty time zone', { timezone: '' }, '--timezone ""'],
    ['an empty name', { name: ' ' }, '--name'],
    ['a key of 192 characters', { key: 'k'.repeat(192) }, '--key'],
    ['no body', { html: undefined }, '--html nor --text'],
  ])('%s', async (_, more, message) => {
    const check = optionsOf(flags(more));
    await expect(check).rejects.toThrow(message);
    await expect(check).rejects.toThrow(CampaignError);
  });
});

describe('where a send is unsubscribed from', () => {
  const URL = 'https://news.example.org/u';

  it('is kept with its message, and a template may use the link', async () => {
    const { id } = await run({
      unsubscribeUrl: `${URL}/`,
      unsubscribeMailto: 'leave@bücher.example',
      subject: '{{ name }} {{ unsubscribe_url }}',
    });
    const [message] = await db.database.rows('SELECT * FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ?', [
      id,
    ]);
    expect(message).toMatchObject({
      UNSUBSCRIBE_URL: URL,
      UNSUBSCRIBE_MAILTO: 'leave@xn--bcher-kva.example',
      FIELD_NAMES: '["name"]',
    });
  });

  it('is named by the setting, unless a flag says otherwise or somebody has a page of his own', async () => {
    const urlOf = async (more: Flags) => (await optionsOf(flags(more), URL)).unsubscribeUrl;
    expect(await urlOf({})).toBe(URL);
    expect(await urlOf({ unsubscribeUrl: 'https://other.example' })).toBe('https://other.example');
    expect(await urlOf({ unsubscribeUrl: 'none' })).toBeUndefined();
    expect(await urlOf({ unsubscribeUrl: 'None' })).toBeUndefined();
    expect(await urlOf({ listUnsubscribe: 'https://own.example/{{ email }}' })).toBeUndefined();
  });

  it('goes with no page of his own', async () => {
    for (const more of [
      ['--unsubscribe-url', URL],
      ['--unsubscribe-mailto', 'leave@example.org'],
    ]) {
      const { code, stderr } = await runCommand(
        [
          'queue',
          '--list',
          listOf(1),
          '--from',
          'a@example.org',
          '--subject',
          's',
          '--html',
          join(directory, 'body.html'),
          '--list-unsubscribe',
          URL,
          ...more,
        ],
        { url: db.url },
      );
      expect(code).toBe(2);
      expect(stderr).toContain('--list-unsubscribe');
      expect(stderr).toContain(more[0]);
    }
  });

  it('must be known to a template that uses the link', async () => {
    const error = await leavesNothing(() => failure({ subject: '{{ unsubscribe_url }}' }));
    expect(error).toMatchObject({
      code: 'BAD_TEMPLATE',
      message: expect.stringContaining('there is no merge field "unsubscribe_url"'),
      remedy: expect.stringContaining('--unsubscribe-url'),
    });
  });

  it('is told to whoever has a column of that name, which is not used', async () => {
    const notices: string[] = [];
    const list = file(
      'email,name,Unsubscribe URL\nann@example.org,Ann,https://elsewhere.example\n',
    );
    await run({ list, unsubscribeUrl: URL, dryRun: true }, { notices });
    expect(notices.join('\n')).toContain("The list's own unsubscribe_url is not used");
    notices.length = 0;
    await run({ list, dryRun: true }, { notices });
    expect(notices).toEqual([]);
  });
});

describe('a text part made from HTML', () => {
  it.each([
    '<img src="https://example.org/a.png">',
    '<div style="display:none">Hi {{ name }}</div><img src="https://example.org/a.png" alt="">',
  ])('that is empty is said before the question: %s', async (html) => {
    const notices: string[] = [];
    await failure(
      { html: file(html), yes: false },
      {
        notices,
        confirm: async () => {
          expect(notices).toEqual([expect.stringMatching(/^The text part made from .* is empty/)]);
          throw new CampaignError('CONFIRMATION_NEEDED', 'no');
        },
      },
    );
    expect(notices).toHaveLength(1);
  });

  it('that has words, or is not made, is passed over', async () => {
    const notices: string[] = [];
    await run(
      { html: file('<img src="https://example.org/a.png" alt="Sale">'), dryRun: true },
      { notices },
    );
    const text = file('Sale');
    await run(
      { html: file('<img src="https://example.org/a.png">'), text, dryRun: true },
      { notices },
    );
    expect(notices).toEqual([]);
  });
});

describe('the question whether to send', () => {
  const list = () => file(`email,name\n${rows(3)}p0@example.org,x\nbad,x\n`);

  it('comes when the list is in, with what it came to, and leaves nothing when the answer is no', async () => {
    const asked: unknown[] = [];
    await suppress('p2@example.org');
    const error = await leavesNothing(() =>
      failure(
        { yes: false, list: list(), key: 'no' },
        {
          announce: async ({ fieldNames }) => void asked.push(fieldNames),
          confirm: async (imported) => {
            asked.push(imported, (await sendOf('no')).STATUS);
            throw new CampaignError('CONFIRMATION_NEEDED', 'not confirmed');
          },
        },
      ),
    );
    await db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
    expect(error.code).toBe('CONFIRMATION_NEEDED');
    expect(asked).toEqual([
      ['name'],
      {
        total: 2,
        suppressed: 1,
        rejected: 1,
        duplicates: 1,
        blank: 0,
        filtered: 0,
        declined: 0,
        declinedBy: [],
        missing: 0,
        skipsMissing: false,
      },
      'importing',
    ]);
  });

  it('imports nothing where there is nobody to ask', async () => {
    const nobody = new CampaignError('CONFIRMATION_NEEDED', 'nobody to ask');
    const error = await leavesNothing(() =>
      failure(
        { yes: false },
        {
          announce: () => Promise.reject(nobody),
          database: () => Promise.reject(new Error('the database was opened')),
        },
      ),
    );
    expect(error).toBe(nobody);
  });

  it('may take longer than the database keeps an idle session', async () => {
    const pool = db.connect({ connections: 2, countChangedRows: true });
    const result = await run(
      { yes: false, list: list() },
      {
        database: async () => pool,
        confirm: async () => {
          const own = await pool.rows<{ id: number }>('SELECT CONNECTION_ID() AS id');
          await db.database.run(`KILL ${own[0]?.id}`);
        },
      },
    );
    expect(result).toMatchObject({ status: 'running', total: 3 });
  });

  it('comes too late for a send that was cancelled meanwhile', async () => {
    const error = await failure(
      { yes: false, list: list(), key: 'yes' },
      {
        confirm: async () => {
          const { ID } = await sendOf('yes');
          await db.database.transaction((tx) => cancelImport(tx, ID as number));
        },
      },
    );
    expect([error.code, error.exitCode]).toEqual(['WRONG_STATE', 4]);
  });

  it('interrupted by a signal leaves nothing', async () => {
    const controller = new AbortController();
    const interrupted = new CampaignError('CONFIRMATION_NEEDED', 'interrupted');
    const error = await leavesNothing(() =>
      failure(
        { yes: false, list: list() },
        {
          signal: controller.signal,
          confirm: async () => {
            controller.abort('SIGTERM');
            throw interrupted;
          },
        },
      ),
    );
    expect(error).toBe(interrupted);
  });

  it('answered with no while the database is away says what stays, and why', async () => {
    const server = await startTestServer();
    try {
      const other = await createTestDatabase(server.url);
      const pool = other.connect({ connections: 2, countChangedRows: true });
      const error = await failure(
        { yes: false, list: list() },
        {
          database: async () => pool,
          confirm: async () => {
            await server.crash();
            throw new CampaignError('CONFIRMATION_NEEDED', 'not confirmed');
          },
        },
      );
      expect([error.code, error.exitCode]).toEqual(['DATABASE_UNREACHABLE', 5]);
      expect(error.message).toContain('send 1 stays as importing and is never sent');
    } finally {
      await server.stop();
    }
  });
});

describe('a dry run', () => {
  it('counts, and touches no database', async () => {
    const result = await run(
      {
        list: file('email,name\na@example.org,x\nA@example.org,y\nbad,z\n'),
        dryRun: true,
        key: 'dry',
        yes: false,
      },
      { database: () => Promise.reject(new Error('the database was opened')) },
    );
    expect(result).toMatchObject({
      id: null,
      status: 'dry-run',
      total: 1,
      rejected: 1,
      duplicates: 1,
      suppressed: null,
    });
  });
});

describe('international addresses', () => {
  it('are counted and told, where there are any', async () => {
    const list = file(
      'email,name\na@bücher.example,x\njosé@example.org,y\nzoë@bücher.example,z\nb@example.org,w\n',
    );
    for (const dryRun of [true, false]) {
      const result = await run({ list, dryRun });
      expect(result).toMatchObject({ idnConverted: 2, needSmtpUtf8: 2 });
      expect(queueSummary(result)).toContain('2 with an internationalised domain');
      expect(queueSummary(result)).toContain('2 for servers with SMTPUTF8');
    }
    const plain = await run({ dryRun: true });
    expect(plain).toMatchObject({ idnConverted: 0, needSmtpUtf8: 0 });
    expect(queueSummary(plain)).not.toMatch(/SMTPUTF8|internationalised/);
  });
});

describe('what is odd about a list', () => {
  it('is told before the question, and in the JSON', async () => {
    const list = file(
      'Customers of 2026\n\nemail,name,Note,note\na@example.org,MÃ¼ller,1,2\nb@example.org,Ann,3,4\n',
    );
    const notices: string[] = [];
    await leavesNothing(() =>
      failure(
        { list, yes: false },
        {
          notices,
          confirm: async () => {
            notices.push('the question');
            throw new CampaignError('CONFIRMATION_NEEDED', 'not confirmed');
          },
        },
      ),
    );
    expect(notices).toEqual([
      expect.stringMatching(/is line 3\. Left out above it:\n {2}line 1: Customers of 2026$/),
      expect.stringContaining('note: "Note" (column 3), "note" (column 4)'),
      expect.stringContaining('in 1 cell: "MÃ¼ller" on line 4 was probably "Müller"'),
      'the question',
    ]);
    for (const dryRun of [true, false]) {
      expect(queueJson(await run({ list, dryRun }))).toMatchObject({
        headerLine: 3,
        looksEncodedTwice: { cells: 1, line: 4, cell: 'MÃ¼ller', probably: 'Müller' },
      });
    }
  });

  it('is refused where a template uses a field that two columns would fill', async () => {
    const list = file('email,Name,NAME\na@example.org,x,y\n');
    const error = await leavesNothing(() => failure({ list }));
    expect(error.code).toBe('BAD_TEMPLATE');
    expect(error.message).toContain(
      'the merge field "Name" could be any of the columns "Name" (column 2), "NAME" (column 3)',
    );
  });
});

describe('several address columns', () => {
  const list = (): string => file('Work Email,Home Email,name\nw@example.org,h@example.org,Ann\n');

  it('are asked about on a terminal, and the chosen one is used', async () => {
    const { from, html } = flags() as Record<string, string>;
    const command = startCommand(
      ['queue', `--list=${list()}`, `--from=${from}`, '--subject=Hi', `--html=${html}`],
      { url: db.url, terminal: true },
    );
    await vi.waitFor(() => expect(command.stderr).toContain('Which column holds'), 10_000);
    expect(command.stderr).toContain('Home Email (column 2): h@example.org');
    command.type('3\n');
    await vi.waitFor(
      () => expect(command.stderr.match(/Number \(1 to 2\)/g)).toHaveLength(2),
      10_000,
    );
    command.type('2\n');
    await vi.waitFor(() => expect(command.stderr).toContain('Send it to 1 recipient?'), 10_000);
    command.type('y');
    const { code, stdout } = await command.ended;
    expect(code).toBe(0);
    const [, id] = /send (\d+)/.exec(stdout) ?? [];
    expect(await ledger(Number(id))).toMatchObject([{ EMAIL: 'h@example.org' }]);
  });

  it('end the command elsewhere, and when none is chosen', async () => {
    await leavesNothing(async () => {
      const args = ['queue', `--list=${list()}`, '--from=a@example.org', '--subject=Hi'];
      const html = `--html=${join(directory, 'body.html')}`;
      const piped = await runCommand([...args, html, '--yes'], { url: db.url });
      expect(piped.code).toBe(2);
      expect(piped.stderr).toContain("--email-column 'Work Email' or --email-column 'Home Email'");
      const command = startCommand([...args, html], { url: db.url, terminal: true });
      await vi.waitFor(() => expect(command.stderr).toContain('Which column holds'), 10_000);
      command.type('\n');
      expect((await command.ended).code).toBe(2);
    });
  });
});

describe('a key', () => {
  it('gives the first send back, its figures included, without reading the list again', async () => {
    const list = file('email,name\na@example.org,x\nA@example.org,y\nbad,z\n');
    const first = await run({ key: 'again', list });
    const second = await leavesNothing(() => run({ key: 'again', list: '/gone.csv' }));
    expect(second).toEqual({
      ...first,
      alreadyQueued: true,
      idnConverted: null,
      needSmtpUtf8: null,
      encoding: null,
      headerLine: null,
    });
  });

  it('given to two queues at once makes one send', async () => {
    const list = listOf(4000);
    const results = await Promise.all([1, 2, 3].map(() => run({ key: 'race', list })));
    expect(new Set(results.map(({ id }) => id)).size).toBe(1);
    expect(results.filter(({ alreadyQueued }) => alreadyQueued)).toHaveLength(2);
    expect(results.map(({ total }) => total)).toEqual([4000, 4000, 4000]);
    const sends = await db.database.rows("SELECT ID FROM CAMPAIGN_SENDS WHERE SEND_KEY = 'race'");
    expect(sends).toHaveLength(1);
  });

  it('is free again after a failed import, so that a waiting queue takes it over', async () => {
    const stdin = new PassThrough();
    stdin.write(`email,name\n${rows(3000)}`);
    const notices: string[] = [];
    const failing = failure({ key: 'failed', list: '-' }, { stdin });
    await importing('failed');
    const waiting = run({ key: 'failed' }, { notices });
    await vi.waitFor(() => expect(notices).toHaveLength(1));
    stdin.end('x@example.org,"never closed\n');
    expect((await failing).code).toBe('BAD_LIST');
    expect(await waiting).toMatchObject({ alreadyQueued: false, total: 1, status: 'running' });
  });

  it('held by an import that was killed is told so, with the way out', async () => {
    const stdin = new PassThrough();
    stdin.write(`email,name\n${rows(3000)}`);
    const dead = failure({ key: 'dead', list: '-' }, { stdin });
    const id = await importing('dead');
    let clock = 0;
    const error = await failure({ key: 'dead' }, { now: () => (clock += 10_000) });
    expect([error.code, error.exitCode]).toEqual(['WRONG_STATE', 4]);
    expect(error.remedy).toContain(`campaign cancel ${id}`);
    await db.database.transaction((tx) => cancelImport(tx, id));
    expect(await run({ key: 'dead' })).toMatchObject({ alreadyQueued: false });
    stdin.end(rows(3000, 3000));
    await dead;
  });
});

/** Waits until the send with this key has rows in the ledger, still importing; gives its id. */
const importing = (key: string): Promise<number> =>
  vi.waitFor(async () => {
    const [send] = await db.database.rows<{ ID: number }>(
      "SELECT ID FROM CAMPAIGN_SENDS WHERE SEND_KEY = ? AND STATUS = 'importing' AND TOTAL_COUNT > 0",
      [key],
    );
    if (!send) throw new Error('not importing yet');
    return send.ID;
  }, 10_000);

describe('an import that is stopped', () => {
  it('by a signal cancels its send, keeps what there is for the record, and frees the key', async () => {
    const stdin = new PassThrough();
    stdin.write(`email,name\n${rows(2500)}`);
    const controller = new AbortController();
    const result = run({ key: 'ctrl-c', list: '-' }, { stdin, signal: controller.signal });
    const id = await importing('ctrl-c');
    controller.abort('SIGINT');
    expect(await result).toMatchObject({ id, status: 'cancelled' });
    expect(await sendRow(id)).toMatchObject({ STATUS: 'cancelled', SEND_KEY: null });
    await expectBalanced(id);
    const events = await db.database.rows<{ REASON: string }>(
      "SELECT REASON FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ? AND EVENT = 'cancelled'",
      [id],
    );
    expect(events).toEqual([{ REASON: 'import interrupted by SIGINT' }]);
    expect(await run({ key: 'ctrl-c' })).toMatchObject({ alreadyQueued: false });
  });

  it('by a signal before anything was written leaves nothing', async () => {
    const controller = new AbortController();
    controller.abort('SIGINT');
    await leavesNothing(() => run({}, { signal: controller.signal }).catch(() => {}));
  });

  it('by somebody who cancels it meanwhile writes nothing more, the books balanced', async () => {
    const stdin = new PassThrough();
    stdin.write(`email,name\n${rows(2500)}`);
    const result = failure({ key: 'cancelled', list: '-' }, { stdin });
    const id = await importing('cancelled');
    await db.database.transaction((tx) => cancelImport(tx, id));
    const before = (await ledger(id)).length;
    stdin.end(rows(5000, 2500));
    const error = await result;
    expect([error.code, error.exitCode]).toEqual(['WRONG_STATE', 4]);
    expect(error.message).toContain(`send ${id} was cancelled`);
    expect(await ledger(id)).toHaveLength(before);
    await expectBalanced(id);
  });

  it('by a cancel just before its release is not released', async () => {
    const stdin = new PassThrough();
    stdin.write(`email,name\n${rows(1100)}`);
    const result = failure({ key: 'late', list: '-' }, { stdin });
    const id = await importing('late');
    await db.database.transaction((tx) => cancelImport(tx, id));
    stdin.end();
    expect((await result).code).toBe('WRONG_STATE');
    expect((await sendRow(id)).STATUS).toBe('cancelled');
  });

  it('by a list that breaks off in the middle leaves nothing, the suppressed included', async () => {
    const error = await leavesNothing(() =>
      failure(
        { list: '-' },
        {
          stdin: Readable.from(
            (function* () {
              yield Buffer.from(`email,name\n${rows(12_000)}`);
              throw Object.assign(new Error('read error'), { code: 'EIO' });
            })(),
          ),
        },
      ),
    );
    expect(error.message).toContain('read error');
  });

  it('by a database that dies says which send stays, which is never released', async () => {
    const server = await startTestServer();
    try {
      const other = await createTestDatabase(server.url);
      const stdin = new PassThrough();
      stdin.write(`email,name\n${rows(1000)}`);
      const pool = other.connect({ connections: 2, countChangedRows: true });
      const result = failure({ list: '-' }, { stdin, database: async () => pool });
      const total = async (): Promise<number> => {
        const [send] = await other.database.rows<{ n: number }>(
          "SELECT TOTAL_COUNT AS n FROM CAMPAIGN_SENDS WHERE STATUS = 'importing'",
        );
        return send?.n ?? 0;
      };
      await vi.waitFor(async () => expect(await total()).toBe(1000), 10_000);
      // A commit is seen before it is in the log: a crash in between takes it back.
      await other.database.run('FLUSH ENGINE LOGS');
      await server.crash();
      stdin.end(rows(5000, 1000));
      const error = await result;
      expect([error.code, error.exitCode]).toEqual(['DATABASE_UNREACHABLE', 5]);
      expect(error.message).toContain('send 1 stays as importing and is never sent');
      expect(error.remedy).toContain('campaign cancel 1');
      await server.restart();
      const after = new Database(other.address);
      const [send] = await after.rows('SELECT STATUS, TOTAL_COUNT FROM CAMPAIGN_SENDS');
      expect(send).toEqual({ STATUS: 'importing', TOTAL_COUNT: 1000 });
      await after.close();
    } finally {
      await server.stop();
    }
  });
});

describe('the question on a terminal', () => {
  it.each([
    ['Ctrl-C', '\x03', 130],
    ['no', 'n', 2],
  ])('names the database, and ends at %s with the right exit code', async (_, key, code) => {
    const { list, from, subject, html } = flags() as Record<string, string>;
    await leavesNothing(async () => {
      const command = startCommand(
        ['queue', `--list=${list}`, `--from=${from}`, `--subject=${subject}`, `--html=${html}`],
        { url: db.url, terminal: true },
      );
      await vi.waitFor(() => expect(command.stderr).toContain('Send it to 1 recipient?'), 10_000);
      expect(command.stderr).toContain(`Database    ${db.database.name}`);
      command.type(key);
      expect((await command.ended).code).toBe(code);
    });
  });

  it('of another command ends at Ctrl-C with 130 too', async () => {
    const { id } = await run();
    const command = startCommand(['cancel', String(id)], { url: db.url, terminal: true });
    await vi.waitFor(() => expect(command.stderr).toContain('Go on?'), 10_000);
    command.type('\x03');
    expect((await command.ended).code).toBe(130);
    expect((await sendRow(id)).STATUS).toBe('running');
  });

  it('is not reached by what is no number of a send', async () => {
    const { code, stderr } = await runCommand(['cancel', 'abc'], { url: db.url });
    expect(code).toBe(2);
    expect(stderr).toContain('"abc" is not a send\'s number');
  });
});
