import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { SmtpSettings } from '../../src/smtp/url.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { balancedBooks, ledgerRows } from '../support/ledger.ts';
import {
  type RunningScheduler,
  type SchedulerSetup,
  startScheduler,
} from '../support/scheduler.ts';
import { seedQueuedSend } from '../support/seed.ts';
import {
  type HookAnswer,
  type SmtpServer,
  type SmtpServerSettings,
  startSmtpServer,
} from '../support/smtp.ts';

let db: TestDatabase;
let server: SmtpServer;
let scheduler: RunningScheduler | undefined;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

afterEach(async () => {
  await scheduler?.stop();
  await server.close();
  await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled', CLAIMED_BY = NULL");
});

const delayed = (ms: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), ms));

async function sendThrough(
  settings: SmtpServerSettings,
  recipients: number,
  setup: SchedulerSetup = {},
  smtp: (plain: SmtpSettings) => SmtpSettings = (plain) => plain,
) {
  server = await startSmtpServer(settings);
  const sendId = await seedQueuedSend(db.database, { recipients, batchSize: recipients });
  scheduler = startScheduler(db.connect({ connections: 4 }), smtp(server.settings), setup);
  await scheduler.done;
  const books = await balancedBooks(db.database, sendId);
  const counts = [...server.countsByRecipient().values()];
  return {
    sent: books.sent,
    unknown: books.unknown,
    twice: counts.filter((count) => count !== 1).length,
    troubles: scheduler.events.filter(({ kind }) => kind === 'server-trouble').length,
  };
}

const WELL = { unknown: 0, twice: 0, troubles: 0 };

test('a login that is refused pauses the send with a reason that names user and host, and no password', async () => {
  await sendThrough({ auth: { user: 'news', password: 'right' } }, 3, {}, (plain) => ({
    ...plain,
    password: 'wr0ng',
  }));
  const paused = scheduler?.events.find(({ kind }) => kind === 'paused-itself');
  expect(paused).toMatchObject({
    reason: expect.stringMatching(
      new RegExp(`^login refused \\(news at 127\\.0\\.0\\.1:${server.settings.port}\\): 535 `),
    ),
  });
  expect(JSON.stringify(scheduler?.events)).not.toContain('wr0ng');
});

describe('a server', () => {
  test('that takes a single connection gets everything over that one', async () => {
    let holder: string | undefined;
    const result = await sendThrough(
      {
        onConnect: ({ id }) => {
          if (holder !== undefined) return { reply: [421, '4.7.0 one at a time'] };
          holder = id;
          return undefined;
        },
        server: {
          onClose: ({ id }) => {
            if (id === holder) holder = undefined;
          },
        },
      },
      300,
      { connections: 8 },
    );
    expect(result).toEqual({ ...WELL, sent: 300 });
  });

  test.each(['connect', 'mail', 'rcpt', 'dot'] as const)(
    'that takes three connections, and says so at %s, gets three, without a backoff',
    async (refusing) => {
      server = await startSmtpServer({
        takes: { connections: 3, refusing },
        onData: () => delayed(20),
      });
      const ids = [
        await seedQueuedSend(db.database, { recipients: 120 }),
        await seedQueuedSend(db.database, { recipients: 120 }),
      ];
      scheduler = startScheduler(db.connect({ connections: 4 }), server.settings, {
        connections: 8,
      });
      await scheduler.done;
      for (const id of ids) {
        expect(await balancedBooks(db.database, id)).toMatchObject({
          status: 'completed',
          sent: 120,
        });
        const rows = await ledgerRows(db.database, id);
        expect(rows.every(({ attempts }) => attempts === 1)).toBe(true);
      }
      // Both sends go to the same addresses.
      expect([...server.countsByRecipient().values()].every((count) => count === 2)).toBe(true);
      const told = scheduler.events.filter(({ kind }) => /trouble|paused|learnt/.test(kind));
      expect(told).toContainEqual(
        expect.objectContaining({ kind: 'connections-learnt', connections: 3 }),
      );
      expect(told.every(({ kind }) => kind === 'connections-learnt')).toBe(true);
    },
  );

  test('that refuses every connection while one is too many gets fewer all the same', async () => {
    const result = await sendThrough(
      {
        onMailFrom: () =>
          server.open > 3
            ? { reply: [432, '4.3.2 Concurrent connections limit exceeded'] }
            : undefined,
        onData: () => delayed(20),
      },
      120,
      { connections: 8 },
    );
    expect(result).toMatchObject({ sent: 120, unknown: 0, twice: 0 });
  });

  test('whose connections another process has is waited for, and pauses nothing', async () => {
    server = await startSmtpServer({
      takes: { connections: 1, refusing: 'connect' },
      onData: () => delayed(10),
    });
    const ids = [
      await seedQueuedSend(db.database, { recipients: 60, batchSize: 60 }),
      await seedQueuedSend(db.database, { recipients: 60, batchSize: 60 }),
    ];
    const setup = { maxServerFailures: 2, backoffMaxSeconds: 1 };
    scheduler = startScheduler(db.connect({ connections: 4 }), server.settings, setup);
    const other = startScheduler(db.connect({ connections: 4 }), server.settings, setup);
    await Promise.all([scheduler.done, other.done]);
    for (const id of ids) {
      expect(await balancedBooks(db.database, id)).toMatchObject({ status: 'completed', sent: 60 });
    }
    expect([...server.countsByRecipient().values()].every((count) => count === 2)).toBe(true);
  });

  test('that has no place for anybody is tried once after each backoff', async () => {
    server = await startSmtpServer({
      onConnect: () => ({ reply: [421, '4.7.0 Too many connections from your IP'] }),
    });
    const sendId = await seedQueuedSend(db.database, { recipients: 100, batchSize: 100 });
    let troubles = 0;
    let tried = 0;
    const threeTimes = new Promise<void>((resolve) => {
      scheduler = startScheduler(db.connect({ connections: 4 }), server.settings, {
        connections: 50,
        maxServerFailures: 2,
        report: ({ kind }) => {
          if (kind !== 'server-trouble' || ++troubles < 3) return;
          tried = server.connected;
          resolve();
        },
      });
    });
    await threeTimes;
    await scheduler?.stop();
    expect(tried).toBeLessThanOrEqual(50 + 2);
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      status: 'running',
      pending: 100,
    });
  });

  test.each([
    [552, '5.3.4 Message size exceeds fixed maximum message size, closing connection'],
    [554, '5.4.6 Maximum hop count exceeded; closing connection'],
  ])('that refuses one text with %s %s has refused that one, once', async (code, text) => {
    let refused = 0;
    const result = await sendThrough(
      {
        onData: ({ to }) => {
          if (to[0] !== 'p7@example.org') return undefined;
          refused += 1;
          return { reply: [code, text] };
        },
      },
      40,
    );
    expect(result).toEqual({ ...WELL, sent: 39 });
    expect(refused).toBe(1);
  });

  test('that has too many connections for one text only gets the others, and that row fails', async () => {
    server = await startSmtpServer({
      onData: ({ to }) =>
        to[0] === 'p1@example.org'
          ? { reply: [451, '4.7.0 Too many connections from your IP'] }
          : delayed(300),
    });
    const sendId = await seedQueuedSend(db.database, {
      recipients: 150,
      batchSize: 150,
      maxAttempts: 1,
    });
    scheduler = startScheduler(db.connect({ connections: 4 }), server.settings);
    await scheduler.done;
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      status: 'completed',
      sent: 149,
      failed: 1,
    });
  });

  test('that has too many connections for the only text there is pauses the send', async () => {
    server = await startSmtpServer({
      onData: () => ({ reply: [451, '4.7.0 Too many connections from your IP'] }),
    });
    const sendId = await seedQueuedSend(db.database, { recipients: 1 });
    scheduler = startScheduler(db.connect({ connections: 4 }), server.settings, {
      maxServerFailures: 2,
      backoffMaxSeconds: 1,
    });
    await scheduler.done;
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      status: 'paused',
      pending: 1,
    });
  });

  test('that closes after every ten messages is gone back to, nobody twice or unknown', async () => {
    const carried = new Map<string, number>();
    const result = await sendThrough(
      {
        onMailFrom: (_, { id }) => {
          carried.set(id, (carried.get(id) ?? 0) + 1);
          return (carried.get(id) ?? 0) > 10 ? 'drop' : undefined;
        },
      },
      300,
    );
    expect(result).toEqual({ ...WELL, sent: 300 });
  });

  test.each([
    ['onMailFrom', 451, 'Mails per session limit exceeded'],
    ['onRcptTo', 451, 'Requested action aborted Mails per session limit'],
    ['onRcptTo', 550, 'This message has exceeded the max number of messages per session. IB510'],
    ['onData', 451, '4.4.5 Maximum number of messages per session exceeded.'],
  ] as const)(
    'that takes ten messages over a connection (%s: %i %s) is gone back to, nobody charged',
    async (hook, code, text) => {
      const carried = new Map<string, number>();
      const answer = (id: string): HookAnswer => {
        carried.set(id, (carried.get(id) ?? 0) + 1);
        return (carried.get(id) ?? 0) > 10 ? { reply: [code, text] } : undefined;
      };
      const result = await sendThrough(
        { [hook]: (_: unknown, { id }: { id: string }) => answer(id) },
        300,
      );
      expect(result).toEqual({ ...WELL, sent: 300 });
      const [last] = await db.database.rows<{ id: number }>(
        'SELECT MAX(ID) AS id FROM CAMPAIGN_SENDS',
        [],
      );
      const rows = await ledgerRows(db.database, last?.id ?? 0);
      expect(rows.filter(({ attempts }) => attempts !== 1)).toEqual([]);
      expect(scheduler?.events.map(({ kind }) => kind)).not.toContain('relay-held');
    },
  );

  test('that greets slowly is waited for', async () => {
    expect(await sendThrough({ onConnect: () => delayed(700) }, 30)).toEqual({ ...WELL, sent: 30 });
  });

  test('that grows slow under many connections gets fewer, instead of time-outs without end', async () => {
    const result = await sendThrough(
      { onMailFrom: () => delayed(server.open > 6 ? 600 : 1) },
      3000,
      { connections: 16 },
      (plain) => ({ ...plain, options: { ...plain.options, socketTimeout: 300 } }),
    );
    expect(result).toMatchObject({ sent: 3000, unknown: 0, twice: 0 });
    expect(result.troubles).toBeLessThanOrEqual(8);
  });

  test('that is slow to accept holds no message up behind another while connections are free', async () => {
    const held: (() => void)[] = [];
    server = await startSmtpServer({
      onData: ({ to }) =>
        to[0]?.startsWith('p')
          ? delayed(60)
          : new Promise((resolve) => {
              held.push(() => resolve(undefined));
              if (held.length === 8) for (const accept of held) accept();
            }),
    });
    const database = db.connect({ connections: 4 });
    await seedQueuedSend(db.database, { recipients: 100 });
    scheduler = startScheduler(database, server.settings, { until: 'stopped', connections: 16 });
    await vi.waitFor(() => expect(server.messages).toHaveLength(100), 10_000);
    await seedQueuedSend(db.database, {
      emails: Array.from({ length: 8 }, (_, i) => `all.at.once${i}@example.org`),
    });
    await vi.waitFor(() => expect(server.messages).toHaveLength(108), 10_000);
  });
});

test('rows with a megabyte of fields are read a few at a time, and go out', async () => {
  server = await startSmtpServer();
  const sendId = await seedQueuedSend(db.database, { recipients: 12, batchSize: 12 });
  await db.database.run(
    "UPDATE CAMPAIGN_SEND_RESULTS SET FIELDS = JSON_SET(FIELDS, '$.note', REPEAT('x', 1000000)) WHERE SEND_ID = ?",
    [sendId],
  );
  scheduler = startScheduler(db.connect({ connections: 4 }), server.settings);
  await scheduler.done;
  expect(await balancedBooks(db.database, sendId)).toMatchObject({ status: 'completed', sent: 12 });
});

describe('a template that takes long to render', () => {
  // About 50 ms each.
  const text =
    '{% for i in (1..200) %}{% for j in (1..1000) %}{% endfor %}{% endfor %}Dear {{ name }}';

  test('holds up a pause by no more than the messages it is made for at that moment', async () => {
    server = await startSmtpServer();
    const sendId = await seedQueuedSend(db.database, { recipients: 200, batchSize: 200, text });
    scheduler = startScheduler(db.connect({ connections: 4 }), server.settings, {
      until: 'stopped',
    });
    await vi.waitFor(() => expect(server.messages.length).toBeGreaterThan(3), 10_000);
    await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'paused' WHERE ID = ?", [sendId]);
    const before = server.messages.length;
    await vi.waitFor(
      async () => expect((await balancedBooks(db.database, sendId)).claimedBy).toBeNull(),
      10_000,
    );
    const books = await balancedBooks(db.database, sendId);
    expect(books).toMatchObject({ status: 'paused', sending: 0, unknown: 0 });
    expect(books.sent).toBe(server.messages.length);
    expect(books.sent - before).toBeLessThan(50);
  });

  test('keeps its claim, and its messages are sent once, beside another scheduler that would take over', async () => {
    server = await startSmtpServer();
    // Longer than a claim lasts unrenewed, which is longer than a busy machine may hold us up.
    const sendId = await seedQueuedSend(db.database, { recipients: 120, batchSize: 120, text });
    const setup = { staleSeconds: 5 };
    scheduler = startScheduler(db.connect({ connections: 4 }), server.settings, setup);
    const other = startScheduler(db.connect({ connections: 4 }), server.settings, setup);
    await Promise.all([scheduler.done, other.done]);
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sent: 120, unknown: 0 });
    expect([...server.countsByRecipient().values()].every((count) => count === 1)).toBe(true);
    const events = [...scheduler.events, ...other.events];
    expect(events.filter(({ kind }) => kind === 'reclaimed')).toEqual([]);
  });
});
