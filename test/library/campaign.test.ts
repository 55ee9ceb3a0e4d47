import { getEventListeners, once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { messageIdsOf } from '../../src/domain/message-id.ts';
import {
  Campaign,
  CampaignError,
  type CampaignOptions,
  type Progress,
  type QueueFinding,
  type QueueOptions,
  type RejectedLine,
  type SchedulerEvent,
} from '../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { rowsOf, type SendSeed, seedSendWithRows } from '../support/seed.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

let db: TestDatabase;
let smtp: SmtpServer;
let directory: string;
let campaign: Campaign;

beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'campaign-library-'));
});
afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true });
});
beforeEach(async () => {
  smtp = await startSmtpServer();
  campaign = new Campaign({ databaseUrl: db.url, smtpUrl: smtp.url, actor: 'shop@web1' });
});
afterEach(async () => {
  await campaign.close();
  await smtp.close();
  // No other test's scheduler is to find what this one left.
  await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE STATUS = 'running'");
});

const LIST = 'email,name\nann@example.org,Ann\nbob@example.org,Bob\n';

const message = (more: Partial<QueueOptions> = {}): QueueOptions => ({
  list: [LIST],
  from: 'News <news@example.org>',
  subject: 'Hello {{ name }}',
  text: 'Dear {{ name }}',
  ...more,
});

const failure = (call: Promise<unknown>): Promise<CampaignError> =>
  call.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: CampaignError) => error,
  );

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** A send as it may be found. */
const seeded = (counts: Parameters<typeof rowsOf>[0], send: SendSeed = {}): Promise<number> =>
  seedSendWithRows(db.database, rowsOf(counts), send);

const census = async (): Promise<number> =>
  (await db.database.rows<{ n: number }>('SELECT COUNT(*) AS n FROM CAMPAIGN_SENDS'))[0]?.n ?? -1;

/** A list that gives rows, tells of each piece, and never ends. */
async function* endless(given: () => void): AsyncGenerator<string> {
  yield 'email\n';
  for (let i = 0; ; i++) {
    yield Array.from({ length: 500 }, (_, j) => `p${i}-${j}@example.org\n`).join('');
    given();
  }
}

async function* throwing(error: unknown): AsyncGenerator<string> {
  yield LIST;
  throw error;
}

/** A stream of the web, which tells when it was cancelled. */
function webStream(
  pull: (stream: ReadableStreamDefaultController<string>) => void | Promise<void>,
  cancelled?: () => void,
): ReadableStream<string> {
  return new ReadableStream({ pull, ...(cancelled ? { cancel: cancelled } : {}) });
}

describe('queue', () => {
  test('takes a stream, mails it by runScheduler, and watch ends with completed', async () => {
    const { id, ...queued } = await campaign.queue(
      message({ list: Readable.from([Buffer.from(LIST)]), html: '<p>Dear {{ name }}</p>' }),
    );
    expect(queued).toMatchObject({ status: 'running', total: 2, alreadyQueued: false });
    const events: SchedulerEvent['kind'][] = [];
    const watched = all(campaign.watch(id));
    const result = await campaign.runScheduler({
      until: 'idle',
      onEvent: ({ kind }) => events.push(kind),
    });
    expect(result).toEqual({ pausedThemselves: [], serverTrouble: null, relayHeld: null });
    expect(smtp.countsByRecipient()).toEqual(
      new Map([
        ['ann@example.org', 1],
        ['bob@example.org', 1],
      ]),
    );
    expect(events).toContain('started');
    expect(events.at(-1)).toBe('stopped');
    const readings = await watched;
    expect(readings.at(-1)).toMatchObject({ status: 'completed', send: { id, sent: 2 } });
    expect(readings.filter(({ status }) => status === 'completed')).toHaveLength(1);
    expect((await all(campaign.events(id))).map(({ event }) => event)).toEqual([
      'queued',
      'imported',
      'claimed',
      'completed',
    ]);
    expect((await all(campaign.events(id)))[0]?.actor).toBe('shop@web1');
    expect(await campaign.verify(id)).toEqual({ id, ok: true, contradictions: [] });
  });

  test('takes the path of a list, a file as a stream, and pieces that cut a character', async () => {
    const path = join(directory, 'list.csv');
    writeFileSync(path, 'email,name\nann@example.org,Änn\n');
    const bytes = Buffer.from('email,name\nann@example.org,Änn\n');
    const cut = bytes.indexOf(0xc3) + 1;
    for (const list of [
      path,
      createReadStream(path),
      [bytes.subarray(0, cut), bytes.subarray(cut)],
    ]) {
      const { total, encoding } = await campaign.queue(message({ list, dryRun: true }));
      expect({ total, encoding }).toEqual({ total: 1, encoding: 'utf-8' });
    }
  });

  test('a dry run changes nothing', async () => {
    const before = await census();
    const checked = await campaign.queue({ ...message(), dryRun: true });
    expect(checked).toMatchObject({ id: null, status: 'dry-run', total: 2 });
    expect(await census()).toBe(before);
  });

  test('tells each line that is no recipient, and what it finds of the list', async () => {
    const rejected: RejectedLine[] = [];
    const findings: QueueFinding['kind'][] = [];
    let lines = 0;
    await campaign.queue(
      message({
        list: ['A report,,\n', 'email,Name,name\nann@example.org,A,B\n', 'nobody,C,D\n'],
        subject: 'Hello',
        text: undefined,
        html: '<img src="https://example.org/a.png">',
        paused: true,
        onRejected: async (line) => void rejected.push(line),
        onFinding: ({ kind }) => findings.push(kind),
        onProgress: (progress) => {
          lines = progress.lines;
        },
      }),
    );
    expect(rejected).toEqual([
      { line: 4, reason: 'no @ in the address', cells: ['nobody', 'C', 'D'] },
    ]);
    expect(findings).toEqual(['above-header', 'ambiguous-fields', 'no-text', 'rejected']);
    expect(lines).toBe(2);
  });

  test('takes the rows that meet a condition, and skips those who said no unless it is not to', async () => {
    const list = [
      'email,name,country,opt_out\n',
      'a@example.org,A,DE,0\nb@example.org,B,DE,1\nc@example.org,C,FR,0\n\n',
    ];
    const findings: QueueFinding[] = [];
    const where = "country == 'DE'";
    const queued = await campaign.queue(
      message({ list, where, paused: true, onFinding: (finding) => findings.push(finding) }),
    );
    expect(queued).toMatchObject({ total: 2, filtered: 1, blank: 1, declined: 1 });
    expect(findings).toEqual([
      {
        kind: 'declined',
        total: 1,
        by: [{ column: 'opt_out', recipients: 1, values: ['1'], more: false }],
      },
    ]);
    const all = await campaign.queue(message({ list, where, ignoreDeclined: true, dryRun: true }));
    expect(all).toMatchObject({ total: 2, filtered: 1, blank: 1, declined: 0 });
    await expect(campaign.queue(message({ list, where: 'land' }))).rejects.toMatchObject({
      code: 'BAD_TEMPLATE',
      message: 'where, line 1, column 1: there is no merge field "land"',
    });
  });

  test('with the key of an earlier send gives that back', async () => {
    const key = 'once';
    const first = await campaign.queue(message({ key, paused: true }));
    const again = await campaign.queue(message({ key, list: ['not read'] }));
    expect(again).toMatchObject({ id: first.id, alreadyQueued: true });
  });

  test('aborted in the middle rejects with the reason, and leaves a cancelled send that nobody is mailed from', async () => {
    const abort = new AbortController();
    let pieces = 0;
    const list = endless(() => {
      if (++pieces === 20) abort.abort(new Error('enough'));
    });
    const call = campaign.queue(
      message({ list, text: 'Hi', subject: 'aborted', signal: abort.signal }),
    );
    await expect(call).rejects.toThrow('enough');
    const [latest] = await campaign.list({ limit: 1 });
    expect(latest).toMatchObject({ status: 'cancelled', send: { name: 'aborted' } });
    const events = await all(campaign.events(latest?.send.id as number));
    expect(events.at(-1)).toMatchObject({ event: 'cancelled', reason: 'import interrupted' });
  });

  test('aborted before anything was written leaves nothing, though its stream hangs', async () => {
    const before = await census();
    const hanging = new PassThrough();
    const abort = new AbortController();
    const call = campaign.queue(message({ list: hanging, signal: abort.signal }));
    abort.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    expect(hanging.destroyed).toBe(true);
    expect(await census()).toBe(before);
    await expect(campaign.queue(message({ signal: abort.signal }))).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await census()).toBe(before);
  });

  test('a stream that fails in the middle, or before it is read, leaves nothing and is named', async () => {
    const before = await census();
    async function* broken(): AsyncGenerator<string> {
      yield LIST;
      throw new Error('the other side hung up');
    }
    const lists: [() => QueueOptions['list'], string][] = [
      [broken, 'the other side hung up'],
      [() => createReadStream(join(directory, 'nowhere.csv')), 'ENOENT'],
      [() => [1] as unknown as string[], 'it gives a number'],
      [() => throwing(undefined), 'undefined'],
      [() => throwing(Object.create(null)), 'of the type object'],
      [() => throwing(new DOMException('another was aborted', 'AbortError')), 'another was'],
      [() => webStream((stream) => stream.error(new Error('the web is down'))), 'the web is down'],
    ];
    for (const [list, reason] of lists) {
      const error = await failure(campaign.queue(message({ list: list(), key: 'fails' })));
      expect(error).toBeInstanceOf(CampaignError);
      expect(error).toMatchObject({
        code: 'BAD_LIST',
        message: expect.stringContaining(`list cannot be read: ${reason}`),
      });
    }
    expect(await census()).toBe(before);
  });

  test('takes a stream of the web', async () => {
    const pieces = [LIST, ''];
    const list = webStream((stream) => {
      const piece = pieces.shift();
      if (piece) stream.enqueue(piece);
      else stream.close();
    });
    expect(await campaign.queue(message({ list, dryRun: true }))).toMatchObject({ total: 2 });
  });

  test('cancels a stream of the web that hangs when its signal comes, and one that is not read', async () => {
    const abort = new AbortController();
    const cancelled = vi.fn();
    let failed: Promise<CampaignError> | undefined;
    const pulled = new Promise<ReadableStream<string>>((resolve) => {
      const list: ReadableStream<string> = webStream(() => {
        resolve(list);
        return new Promise(() => undefined);
      }, cancelled);
      failed = failure(campaign.queue(message({ list, signal: abort.signal })));
    });
    await pulled;
    abort.abort(new Error('enough'));
    expect(await failed).toMatchObject({ message: 'enough' });
    expect(cancelled).toHaveBeenCalledOnce();
    const unread = webStream(() => undefined, cancelled);
    await failure(campaign.queue(message({ list: unread, subject: '' })));
    expect(cancelled).toHaveBeenCalledTimes(2);
    const early = webStream((stream) => stream.enqueue('a,b\n1,2\n'), cancelled);
    await failure(campaign.queue(message({ list: early })));
    expect(cancelled).toHaveBeenCalledTimes(3);
  });

  test.each<[string, string, Record<string, unknown>]>([
    ['BAD_SETTING', 'list is missing', { list: undefined }],
    ['BAD_SETTING', 'list is of the type Object', { list: {} }],
    ['BAD_SETTING', 'from is missing', { from: undefined }],
    ['BAD_ADDRESS', 'from: "nobody" is not one sender', { from: 'nobody' }],
    [
      'BAD_SETTING',
      'from is "a@example.org\\nBcc: b@example.org"',
      { from: 'a@example.org\nBcc: b@example.org' },
    ],
    ['BAD_ADDRESS', 'replyTo: ', { replyTo: 'x' }],
    ['BAD_SETTING', 'subject is "a\\r\\nb"', { subject: 'a\r\nb' }],
    [
      'BAD_SETTING',
      'there is nothing to send: neither html nor text is given',
      { text: undefined },
    ],
    ['BAD_TEMPLATE', 'text is empty', { text: ' \n' }],
    ['BAD_TEMPLATE', 'html is no text', { html: 5 }],
    ['BAD_TEMPLATE', 'html, line 1, column 7', { html: '<p>{{ nam }}</p>' }],
    ['BAD_TEMPLATE', 'listUnsubscribe', { listUnsubscribe: 'ftp://example.org' }],
    ['BAD_SETTING', 'unsubscribeUrl begins with http:', { unsubscribeUrl: 'http://example.org' }],
    ['BAD_ADDRESS', 'unsubscribeMailto is "x"', { unsubscribeMailto: 'x' }],
    [
      'BAD_SETTING',
      'listUnsubscribe is given beside unsubscribeUrl',
      { listUnsubscribe: 'https://example.org/u', unsubscribeUrl: 'https://example.org/u' },
    ],
    ['BAD_SETTING', 'batchSize is 0', { batchSize: 0 }],
    ['BAD_SETTING', 'delayMs is "5"', { delayMs: '5' }],
    ['BAD_SETTING', 'rate is "5/fortnight"', { rate: '5/fortnight' }],
    ['BAD_SETTING', 'rate is 5', { rate: 5 }],
    ['BAD_SETTING', 'rate is given beside delayMs', { rate: '5/s', delayMs: 0 }],
    ['BAD_SETTING', 'rate is given beside cooldownSeconds', { rate: '5/s', cooldownSeconds: 5 }],
    ['BAD_SETTING', 'timezone is "Nowhere"', { timezone: 'Nowhere' }],
    ['BAD_SETTING', 'timezone is 1', { timezone: 1n }],
    ['BAD_SETTING', 'timezone is of the type object', { timezone: Object.create(null) }],
    ['BAD_SETTING', 'encoding is of the type symbol', { encoding: Symbol('x') }],
    ['BAD_SETTING', 'startAt is of the type Date', { startAt: new Date(Number.NaN) }],
    ['BAD_SETTING', 'paused is "yes"', { paused: 'yes' }],
    ['BAD_SETTING', 'encoding is "klingon"', { encoding: 'klingon' }],
    ['BAD_SETTING', 'signal is of the type Object', { signal: {} }],
    ['BAD_SETTING', 'queue has no option "htlm"', { htlm: '<p>' }],
    ['BAD_LIST', 'list has no address column', { list: ['a,b\n1,2\n'] }],
    ['BAD_FILE', 'there is no such file', { list: '/nonexistent/list.csv' }],
  ])('refuses with %s: %s', async (code, what, more) => {
    const before = await census();
    const options = { ...message(), ...more } as QueueOptions;
    const error = await failure(campaign.queue(options));
    expect(error).toMatchObject({ code, message: expect.stringContaining(what) });
    expect(error.remedy).toBeTruthy();
    expect(`${error.message} ${error.remedy}`).not.toMatch(/(^|\s)--|CAMPAIGN_/);
    expect(await census()).toBe(before);
  });
});

describe('steering', () => {
  test('a rate is a delay without a cooldown, and goes with neither', async () => {
    const id = await seeded({ pending: 3 });
    expect((await campaign.controls(id, { rate: '5/s' })).send).toMatchObject({
      delayMs: 200,
      cooldownSeconds: 0,
    });
    expect(await failure(campaign.controls(id, { rate: '5/s', delayMs: 1 }))).toMatchObject({
      code: 'BAD_SETTING',
    });
  });

  test('pause, resume, controls and cancel change a send and say how it stands', async () => {
    const id = await seeded({ pending: 3 });
    expect(await campaign.pause(id, { reason: 'a typo' })).toMatchObject({
      changed: true,
      progress: { status: 'paused', send: { reason: 'a typo' } },
    });
    expect(await campaign.pause(id)).toMatchObject({ changed: false });
    expect(await campaign.resume(id)).toMatchObject({
      changed: true,
      progress: { status: 'running' },
    });
    expect((await campaign.controls(id, { delayMs: 7 })).send).toMatchObject({
      delayMs: 7,
      batchSize: 100,
    });
    expect(await campaign.cancel(id, { reason: 'no more' })).toMatchObject({
      changed: true,
      progress: { status: 'cancelled', pending: 3 },
    });
    expect(await failure(campaign.resume(id))).toMatchObject({ code: 'WRONG_STATE' });
    expect((await all(campaign.events(id))).map(({ event }) => event)).toEqual([
      'paused',
      'resumed',
      'controls',
      'cancelled',
    ]);
  });

  test('a relay is limited, and what is no limit is refused and changes nothing', async () => {
    expect(await campaign.limitRelay({ rates: '14/s,500/h', connections: 3 })).toMatchObject({
      rates: '14/s,500/h',
      connections: 3,
      limits: [
        { count: 14, perSeconds: 1, used: 0, left: 14 },
        { count: 500, perSeconds: 3600, used: 0, left: 500 },
      ],
    });
    for (const wrong of [
      { rates: '0/s' },
      { rates: 14 as never },
      { rates: '14/fortnight', connections: 5 },
      { connections: 0 },
      { connections: '3' as never },
    ]) {
      expect(await failure(campaign.limitRelay(wrong))).toMatchObject({ code: 'BAD_SETTING' });
    }
    await expect(campaign.limitRelay({ relay: 'nowhere', rates: '1/s' })).rejects.toMatchObject({
      code: 'NO_SUCH_RELAY',
    });
    expect(await campaign.relay()).toMatchObject({ rates: '14/s,500/h', connections: 3 });
    expect(await campaign.limitRelay({ rates: 'none', connections: 'none' })).toMatchObject({
      rates: null,
      connections: null,
      limits: [],
    });
  });

  test('a relay is held, shown and released, and one that there is not is said', async () => {
    expect((await campaign.relay()).hold).toBeNull();
    const { hold } = await campaign.holdRelay({ seconds: 7200, reason: 'asked for' });
    expect(hold).toMatchObject({ kind: 'operator', reason: 'asked for' });
    expect((await campaign.relay('default')).hold?.until).toEqual(hold?.until);
    expect((await campaign.releaseRelay()).hold).toBeNull();
    await expect(campaign.releaseRelay()).rejects.toMatchObject({ code: 'WRONG_STATE' });
    await expect(campaign.relay('nowhere')).rejects.toMatchObject({ code: 'NO_SUCH_RELAY' });
    for (const seconds of [0, 1.5, 366 * 86_400 + 1, '2h' as unknown as number]) {
      await expect(campaign.holdRelay({ seconds })).rejects.toMatchObject({ code: 'BAD_SETTING' });
    }
  });

  test('release frees a claim, and says who had it', async () => {
    const id = await seeded({ sending: 2 }, { claimedBy: 'other:1:a:1' });
    expect(await campaign.release(id)).toMatchObject({
      changed: true,
      heldBy: 'other:1:a:1',
      progress: { send: { unknown: 2 } },
    });
    expect(await campaign.release(id)).toMatchObject({ changed: false, heldBy: null });
  });

  test('resolve decides about unknown recipients, one or all', async () => {
    const id = await seeded({ unknown: 3 }, { status: 'completed' });
    expect(await campaign.resolve(id, { as: 'failed', email: 'r2@example.org' })).toMatchObject({
      changed: true,
      recipients: 1,
      progress: { send: { failed: 1, unknown: 2 } },
    });
    expect(await campaign.resolve(id, { as: 'pending' })).toMatchObject({
      recipients: 2,
      reopened: true,
      progress: { status: 'running' },
    });
  });

  test("resolve reads the relay's log as a stream", async () => {
    const secret = Buffer.alloc(32, 9);
    const id = await seeded({ sent: 1, unknown: 1, failed: 1 }, { status: 'completed', secret });
    const messageId = messageIdsOf(id, secret, 'example.org')(2);
    const log = [
      `Nov 25 03:00:00 mx postfix/cleanup[11]: 4XyZ12345: message-id=${messageId}\n`,
      'Nov 25 03:00:01 mx postfix/qmgr[12]: 4XyZ12345: from=<news@example.org>, size=900, nrcpt=1 (queue active)\n',
    ];
    expect(await campaign.resolve(id, { mailLog: Readable.from(log) })).toMatchObject({
      sent: 1,
      pending: 0,
      unknown: 0,
      progress: { send: { sent: 2 } },
    });
    const other = await seeded({ unknown: 1 }, { status: 'completed' });
    expect(await failure(campaign.resolve(other, { mailLog: ['no log\n'] }))).toMatchObject({
      code: 'BAD_FILE',
      message: 'mailLog is no mail log of Postfix or Exim',
    });
    const mailLog = createReadStream(join(directory, 'nowhere.log'));
    expect(await failure(campaign.resolve(other, { mailLog }))).toMatchObject({
      code: 'BAD_FILE',
      message: expect.stringContaining('mailLog cannot be read'),
    });
  });

  test('retry puts failed recipients back, by code or all', async () => {
    const id = await seeded({ failed: 2, sent: 1 }, { status: 'completed' });
    expect(await failure(campaign.retry(id, { code: '4xx' }))).toMatchObject({
      code: 'WRONG_STATE',
    });
    expect(await campaign.retry(id, { code: 550 })).toMatchObject({
      recipients: 2,
      reopened: true,
      progress: { pending: 2 },
    });
  });

  test('list and verifyAll go over the sends', async () => {
    const ids = [await seeded({ sent: 1 }, { status: 'completed' }), await seeded({ pending: 1 })];
    const [newest, older] = await campaign.list({ limit: 2 });
    expect([older?.send.id, newest?.send.id]).toEqual(ids);
    const [before] = await campaign.list({ before: newest?.send.id, limit: 1 });
    expect(before?.send.id).toBe(ids[0]);
    expect((await campaign.list({ status: 'running' })).map(({ send }) => send.id)).toContain(
      ids[1],
    );
    const verified = await all(campaign.verifyAll());
    expect(verified.filter(({ id }) => ids.includes(id))).toEqual(
      ids.map((id) => ({ id, ok: true, contradictions: [] })),
    );
  });

  test('recipients come one by one, all or of a status, with nothing of the ledger inside', async () => {
    const id = await seeded({ sent: 2, failed: 1, pending: 1 });
    expect((await all(campaign.recipients(id))).map(({ status }) => status)).toEqual([
      'sent',
      'sent',
      'failed',
      'pending',
    ]);
    const [failed] = await all(campaign.recipients(id, { status: 'failed' }));
    expect(failed).toEqual({
      email: 'r3@example.org',
      status: 'failed',
      attempts: 1,
      smtpCode: 550,
      enhancedCode: '5.1.1',
      response: 'No such user',
      messageId: expect.stringContaining('@example.org'),
      sentAt: null,
      version: 1,
    });
  });

  test('a send that there is not is said by every call', async () => {
    const none = 999_999_999;
    for (const call of [
      () => campaign.progress(none),
      () => campaign.pause(none),
      () => campaign.resume(none),
      () => campaign.cancel(none),
      () => campaign.release(none),
      () => campaign.controls(none, { delayMs: 1 }),
      () => campaign.verify(none),
      () => campaign.resolve(none, { as: 'sent' }),
      () => campaign.resolve(none, { mailLog: [] }),
      () => campaign.retry(none),
      () => all(campaign.watch(none)),
      () => all(campaign.events(none)),
      () => all(campaign.recipients(none)),
    ]) {
      expect(await failure(call())).toMatchObject({
        code: 'NO_SUCH_SEND',
        message: 'there is no send 999999999',
      });
    }
  });

  test.each<[string, () => Promise<unknown>]>([
    ['id is 0', () => campaign.progress(0)],
    ['id is "1"', () => campaign.pause('1' as unknown as number)],
    ['limit is 0', () => campaign.list({ limit: 0 })],
    ['status is "lost"', () => campaign.list({ status: 'lost' as 'running' })],
    ['status is "lost"', () => all(campaign.recipients(1, { status: 'lost' as 'sent' }))],
    ['as is missing', () => campaign.resolve(1, {} as { as: 'sent' })],
    ['as is "gone"', () => campaign.resolve(1, { as: 'gone' as 'sent' })],
    ['code is "abc"', () => campaign.retry(1, { code: 'abc' })],
    ['events has no option "folow"', () => all(campaign.events(1, { folow: true } as object))],
    ['until is "done"', () => campaign.runScheduler({ until: 'done' as 'idle' })],
    ['connections is 0', () => campaign.runScheduler({ connections: 0 })],
    [
      'retryMaxSeconds (1) is below retryFirstSeconds (60)',
      () => campaign.runScheduler({ retryMaxSeconds: 1 }),
    ],
  ])('refuses what it is given: %s', async (what, call) => {
    expect(await failure(call())).toMatchObject({
      code: 'BAD_SETTING',
      message: expect.stringContaining(what),
    });
  });
});

describe('an AbortSignal', () => {
  test('ends a watch, which throws its reason; the send goes on', async () => {
    const id = await seeded({ pending: 1 });
    const abort = new AbortController();
    const seen: Progress[] = [];
    const watch = async (): Promise<void> => {
      for await (const progress of campaign.watch(id, { signal: abort.signal })) {
        seen.push(progress);
        abort.abort(new Error('seen enough'));
      }
    };
    await expect(watch()).rejects.toThrow('seen enough');
    expect(seen).toHaveLength(1);
    expect((await campaign.progress(id)).status).toBe('running');
    await expect(all(campaign.watch(id, { signal: abort.signal }))).rejects.toThrow('seen enough');
  });

  test('that comes with the last reading does not spoil the end', async () => {
    const id = await seeded({ sent: 1 }, { status: 'completed' });
    const abort = new AbortController();
    for await (const { status } of campaign.watch(id, { signal: abort.signal })) {
      expect(status).toBe('completed');
      abort.abort();
    }
  });

  test('ends events that are followed, which come as they happen', async () => {
    const id = await seeded({ pending: 1 });
    const abort = new AbortController();
    const seen: string[] = [];
    const follow = async (): Promise<void> => {
      for await (const { event } of campaign.events(id, { follow: true, signal: abort.signal })) {
        seen.push(event);
        if (event === 'paused') await campaign.resume(id);
        if (event === 'resumed') abort.abort(new Error('that is it'));
      }
    };
    await campaign.pause(id);
    await expect(follow()).rejects.toThrow('that is it');
    expect(seen).toEqual(['paused', 'resumed']);
  });

  test('stops a scheduler, which lets what is on the wire end and then is fulfilled', async () => {
    const abort = new AbortController();
    const { id } = await campaign.queue(message({ batchSize: 1, cooldownSeconds: 3600 }));
    const result = await campaign.runScheduler({
      signal: abort.signal,
      onEvent: ({ kind }) => {
        if (kind === 'batch-ended') abort.abort();
      },
    });
    expect(result).toEqual({ pausedThemselves: [], serverTrouble: null, relayHeld: null });
    expect(await campaign.progress(id)).toMatchObject({
      status: 'running',
      send: { sent: 1, sending: 0, claimedBy: null },
    });
  });

  test.each<[string, (error: Error) => void | Promise<void>]>([
    [
      'throws',
      (error) => {
        throw error;
      },
    ],
    ['rejects', (error) => Promise.reject(error)],
  ])(
    'is not needed where onEvent %s: the scheduler stops, holds nothing, and gives that error',
    async (_, fail) => {
      const { id } = await campaign.queue(message({ batchSize: 1, cooldownSeconds: 3600 }));
      const first = new Error('the log is full');
      const kinds: string[] = [];
      const call = campaign.runScheduler({
        onEvent: ({ kind }) => {
          kinds.push(kind);
          return fail(kinds.length === 1 ? first : new Error('again'));
        },
      });
      expect(await failure(call)).toBe(first);
      expect(kinds.at(-1)).toBe('stopped');
      expect((await campaign.progress(id)).send).toMatchObject({ sending: 0, claimedBy: null });
      expect(await campaign.verify(id)).toMatchObject({ ok: true });
    },
  );

  test('is not needed where onEvent throws in the middle of a batch', async () => {
    const { id } = await campaign.queue(message({ batchSize: 1, cooldownSeconds: 3600 }));
    const full = new Error('the log is full');
    const call = campaign.runScheduler({
      onEvent: ({ kind }) => {
        if (!['started', 'stopped'].includes(kind)) throw full;
      },
    });
    expect(await failure(call)).toBe(full);
    expect((await campaign.progress(id)).send).toMatchObject({ sending: 0, claimedBy: null });
    expect(await campaign.verify(id)).toMatchObject({ ok: true });
  });

  test('gives what onRejected throws as it is', async () => {
    const before = await census();
    const full = new Error('the log is full');
    const onRejected = (): Promise<void> => Promise.reject(full);
    const call = campaign.queue(
      message({ list: ['email\nnobody\na@example.org\n'], subject: 'x', text: 'x', onRejected }),
    );
    expect(await failure(call)).toBe(full);
    expect(await census()).toBe(before);
  });

  test('that is not aborted keeps nothing of the calls that it was given to', async () => {
    const id = await seeded({ sent: 1 }, { status: 'completed' });
    const { signal } = new AbortController();
    await all(campaign.watch(id, { signal }));
    await campaign.queue(message({ paused: true, signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('a signal that was aborted before', () => {
  test.each(['queue', 'runScheduler'] as const)('%s connects to nothing', async (call) => {
    const away = new Campaign({
      databaseUrl: 'mysql://u@127.0.0.1:1/d',
      smtpUrl: 'smtp://127.0.0.1:1',
      actor: 'a',
    });
    const signal = AbortSignal.abort(new Error('never mind'));
    if (call === 'queue') {
      await expect(away.queue(message({ key: 'k', signal }))).rejects.toThrow('never mind');
    } else {
      const nothing = { pausedThemselves: [], serverTrouble: null, relayHeld: null };
      expect(await away.runScheduler({ signal })).toEqual(nothing);
    }
    await away.close();
  });
});

describe('a campaign', () => {
  test.each([1n, Object.create(null), Symbol('x')])('refuses a code that is none', async (code) => {
    expect(await failure(campaign.retry(1, { code }))).toMatchObject({
      code: 'BAD_SETTING',
      message: expect.stringContaining('code is '),
    });
  });

  test('gives what it does not know as INTERNAL, with its cause', async () => {
    const cause = new TypeError('no such option today');
    const options = Object.defineProperty({}, 'reason', {
      enumerable: true,
      get: () => {
        throw cause;
      },
    });
    const error = await failure(campaign.pause(1, options));
    expect(error).toBeInstanceOf(CampaignError);
    expect(error).toMatchObject({ code: 'INTERNAL', message: cause.message, cause });
  });

  test('says what a failing server was to runScheduler', async () => {
    await smtp.close();
    const { id } = await campaign.queue(message());
    const { serverTrouble } = await campaign.runScheduler({ until: 'once' });
    expect(serverTrouble).toContain('ECONNREFUSED');
    await campaign.cancel(id);
  });

  test('without smtpUrl does all but run a scheduler', async () => {
    const plain = new Campaign({ databaseUrl: db.url, actor: 'a' });
    await plain.queue(message({ paused: true }));
    expect(await failure(plain.runScheduler())).toMatchObject({
      code: 'BAD_SETTING',
      message: expect.stringContaining('smtpUrl'),
    });
    await plain.close();
  });

  test('brings a new database to the schema, and says until then that it is not there', async () => {
    const fresh = await createTestDatabase();
    const tables = await fresh.database.rows<{ name: string }>(
      'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()',
    );
    await fresh.database.run(`DROP TABLE ${tables.map(({ name }) => name).join(', ')}`);
    const plain = new Campaign({ databaseUrl: fresh.url, actor: 'a' });
    expect(await failure(plain.list())).toMatchObject({ code: 'SCHEMA_MISMATCH' });
    expect((await plain.migrate()).length).toBeGreaterThan(5);
    expect(await plain.migrate()).toEqual([]);
    expect(await plain.list()).toEqual([]);
    await plain.close();
    await fresh.drop();
  });

  test('closed in the middle ends what is under way, and then takes no more calls', async () => {
    const id = await seeded({ pending: 1 });
    const watched = all(campaign.watch(id));
    const running = campaign.runScheduler();
    const queued = campaign.queue(
      message({ list: endless(() => undefined), text: 'Hi', subject: 'x' }),
    );
    const followed = all(campaign.events(id, { follow: true }));
    const ends = Promise.allSettled([watched, queued, followed]);
    await campaign.progress(id);
    await campaign.close();
    await campaign.close();
    expect(await running).toMatchObject({ serverTrouble: null, relayHeld: null });
    for (const end of await ends) {
      expect(end).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
    }
    expect(await failure(campaign.progress(id))).toMatchObject({
      message: 'this campaign has been closed',
    });
    expect(await failure(all(campaign.watch(id)))).toMatchObject({
      message: 'this campaign has been closed',
    });
  });

  describe('on a database that takes connections and stays silent', () => {
    const sockets = new Set<Socket>();
    const silent = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.resume();
    });
    let hung: Campaign;
    let connected: Promise<unknown>;
    beforeAll(async () => {
      await once(silent.listen(0, '127.0.0.1'), 'listening');
    });
    afterAll(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    beforeEach(() => {
      const { port } = silent.address() as AddressInfo;
      hung = new Campaign({ databaseUrl: `mysql://u@127.0.0.1:${port}/d`, actor: 'a' });
      connected = once(silent, 'connection');
    });
    afterEach(async () => {
      await hung.close();
      // Nothing of ours is left that is connected.
      await vi.waitFor(() => expect(ownSockets()).toEqual([]));
    });
    const ownSockets = (): unknown[] => {
      const { port } = silent.address() as AddressInfo;
      // biome-ignore lint/suspicious/noExplicitAny: Node does not declare it
      return (process as any)
        ._getActiveHandles()
        .filter((handle: unknown) => handle instanceof Socket && handle.remotePort === port);
    };

    const iterations: [string, (signal?: AbortSignal) => AsyncIterator<unknown>][] = [
      ['watch', (signal) => hung.watch(1, { signal })],
      ['events', (signal) => hung.events(1, { signal })],
      ['events that are followed', (signal) => hung.events(1, { follow: true, signal })],
      ['recipients', (signal) => hung.recipients(1, { signal })],
    ];

    test.each(iterations)('%s is ended by its signal', async (_, start) => {
      const abort = new AbortController();
      const next = start(abort.signal).next();
      await connected;
      abort.abort(new Error('too long'));
      await expect(next).rejects.toThrow('too long');
      expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    });

    test.each(iterations)('%s is ended by close', async (_, start) => {
      const next = failure(start().next());
      await connected;
      await hung.close();
      expect(await next).toMatchObject({ name: 'AbortError' });
    });

    test('a call that has only begun makes no connection after close', async () => {
      const next = failure(hung.watch(1).next());
      await hung.close();
      expect(await next).toMatchObject({ name: 'AbortError' });
      expect(ownSockets()).toEqual([]);
    });
  });

  test('closed between two items of an iteration does not wait for the caller', async () => {
    const id = await seeded({ sent: 2 }, { status: 'completed' });
    const rows = campaign.recipients(id);
    await rows.next();
    await campaign.close();
    expect(await failure(rows.next())).toMatchObject({ name: 'AbortError' });
  });

  test('closed lets go of a log that never comes', async () => {
    const id = await seeded({ unknown: 1 });
    const mailLog = new PassThrough();
    const reading = once(mailLog, 'resume');
    const call = failure(campaign.resolve(id, { mailLog }));
    await Promise.race([reading, new Promise((resolve) => mailLog.once('newListener', resolve))]);
    await campaign.close();
    expect(mailLog.destroyed).toBe(true);
    expect(await call).toMatchObject({ name: 'AbortError' });
  });

  const SECRET = 'hunter2%23';

  test.each<[string, unknown]>([
    ['new Campaign is given is undefined', undefined],
    ['is given is of the type string', `mysql://u:${SECRET}@h/d`],
    ['is given is of the type Array', [`mysql://u:${SECRET}@h/d`]],
    ['databaseUrl is no text', { databaseUrl: new URL(`mysql://u:${SECRET}@h/d`), actor: 'a' }],
    ['databaseUrl is no text', { databaseUrl: [`mysql://u:${SECRET}@h/d`], actor: 'a' }],
    [
      'smtpUrl is no text',
      { databaseUrl: 'mysql://h/d', smtpUrl: [`smtp://u:${SECRET}@h`], actor: 'a' },
    ],
    ['databaseUrl is missing', { actor: 'a' }],
    ['actor is missing', { databaseUrl: `mysql://u:${SECRET}@h/d` }],
    ['actor is ""', { databaseUrl: `mysql://u:${SECRET}@h/d`, actor: '' }],
    ['databaseUrl is no text', { databaseUrl: 5, actor: 'a' }],
    ['databaseUrl is not a MySQL URL', { databaseUrl: `http://u:${SECRET}@h/d`, actor: 'a' }],
    ['databaseUrl has', { databaseUrl: `mysql://u:${SECRET}@h:99999/d`, actor: 'a' }],
    ['smtpUrl', { databaseUrl: 'mysql://h/d', smtpUrl: `smtp://u:${SECRET}@h:99999`, actor: 'a' }],
    [
      'new Campaign has no option "databaseURL"',
      { databaseURL: `mysql://u:${SECRET}@h/d`, actor: 'a' },
    ],
  ])('is refused, its secrets kept: %s', (what, options) => {
    try {
      new Campaign(options as unknown as CampaignOptions);
    } catch (error) {
      expect(error).toBeInstanceOf(CampaignError);
      const { code, message: text, remedy, stack } = error as CampaignError;
      expect(code).toBe('BAD_SETTING');
      expect(text).toContain(what);
      expect(`${text} ${remedy} ${stack} ${JSON.stringify(error)}`).not.toContain('hunter2');
      return;
    }
    throw new Error('it was not refused');
  });

  test('says which server refuses it, and keeps both passwords out of every error', async () => {
    const url = new URL(db.url);
    const away = new Campaign({
      databaseUrl: `mysql://root@${url.host}${url.pathname}`,
      databasePassword: 'hunter2-wrong',
      smtpUrl: `smtp://news@127.0.0.1:${new URL(smtp.url).port}`,
      smtpPassword: 'hunter2-mail',
      actor: 'a',
    });
    const error = await failure(away.list());
    expect(error).toMatchObject({ code: 'DATABASE_REFUSED' });
    expect(error.remedy).toContain('databaseUrl (or databasePassword)');
    const seen = new Set<unknown>();
    for (let at: unknown = error; at instanceof Error && !seen.has(at); at = at.cause) {
      seen.add(at);
      expect(`${at.message} ${at.stack} ${JSON.stringify(at)}`).not.toContain('hunter2');
    }
    await away.close();
  });
});
