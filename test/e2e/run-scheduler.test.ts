import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTestDatabase, startTestServer, type TestDatabase } from '../support/database.ts';
import { ageClaim, ageWorkers, balancedBooks, ledgerRows } from '../support/ledger.ts';
import { seedQueuedSend } from '../support/seed.ts';
import {
  rawSmtpServer,
  type SmtpServer,
  type SmtpServerSettings,
  startSmtpServer,
} from '../support/smtp.ts';
import { spawnCampaign } from '../support/spawn-campaign.ts';
import { type SchedulerProcess, startSchedulerProcess } from './scheduler-process.ts';

const CONNECTIONS = 4;

let db: TestDatabase;
let smtp: SmtpServer;
let running: SchedulerProcess[] = [];

const afterMs = (ms: number): SmtpServerSettings => ({
  onData: () => new Promise((resolve) => setTimeout(() => resolve(undefined), ms)),
});

beforeEach(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer(afterMs(10));
});

afterEach(async () => {
  for (const scheduler of running) scheduler.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
  await smtp.close();
  await db.drop();
});

type Options = Parameters<typeof startSchedulerProcess>[2] & { url?: string; smtpUrl?: string };

function schedule({
  url = db.url,
  smtpUrl = smtp.url,
  ...options
}: Options = {}): SchedulerProcess {
  const scheduler = startSchedulerProcess(url, smtpUrl, options);
  running.push(scheduler);
  return scheduler;
}

const UNTIL_IDLE = { args: ['--until-idle'] };
const books = (sendId: number) => balancedBooks(db.database, sendId);
const someAreSent = (count = 20) =>
  vi.waitFor(() => expect(smtp.messages.length).toBeGreaterThan(count), 15_000);

function expectNobodyTwice(): void {
  expect([...smtp.countsByRecipient()].filter(([, copies]) => copies > 1)).toEqual([]);
}

async function expectVerified(sendId: number): Promise<void> {
  const { code, stdout } = await spawnCampaign(['verify', String(sendId)], {
    env: { CAMPAIGN_DATABASE_URL: db.url },
  });
  expect(stdout).toMatch(/\S/);
  expect(code).toBe(0);
}

describe('run-scheduler', () => {
  test('killed in mid-send: once its claim is stale the next one finishes the rest, nobody is mailed twice', async () => {
    const sendId = await seedQueuedSend(db.database, { recipients: 400, batchSize: 1000 });
    const first = schedule();
    await someAreSent();
    first.kill('SIGKILL');
    await first.ended;
    const left = await books(sendId);
    expect(left.sending).toBeGreaterThan(0);
    expect(left.sending).toBeLessThanOrEqual(2 * CONNECTIONS);
    await ageClaim(db.database, sendId);
    expect((await schedule(UNTIL_IDLE).ended).code).toBe(0);
    const end = await books(sendId);
    expect(end).toMatchObject({ status: 'completed', unknown: left.sending, failed: 0 });
    expect(end.sent + end.unknown).toBe(400);
    expectNobodyTwice();
    expect(smtp.messages.length).toBeGreaterThanOrEqual(end.sent);
    await expectVerified(sendId);
  });

  test('until the claim of one that was killed on another host is taken over, progress, list and the next one say who holds it', async () => {
    const sendId = await seedQueuedSend(db.database, { recipients: 400, batchSize: 1000 });
    const first = schedule();
    await someAreSent();
    first.kill('SIGKILL');
    await first.ended;
    await ageWorkers(db.database, 40);
    await ageClaim(db.database, sendId, 40);
    // As of another host, which cannot prove its death.
    await db.database.run('UPDATE CAMPAIGN_WORKERS SET BOOT_ID = NULL');
    const next = schedule(UNTIL_IDLE);
    await vi.waitFor(() => expect(next.log).toContain('"event":"held"'), 10_000);
    const env = { CAMPAIGN_DATABASE_URL: db.url };
    const progress = await spawnCampaign(['progress', String(sendId), '--json'], { env });
    const { waiting, etaSeconds, claimedAt } = JSON.parse(progress.stdout);
    const holder = `[^ :]+:${first.pid}`;
    expect(waiting.for).toBe('takeover');
    expect(waiting.text).toMatch(
      new RegExp(`^held by ${holder}, not seen for \\d+ s; taken over in [45] min$`),
    );
    expect(Date.parse(waiting.until) - Date.parse(claimedAt)).toBe(300_000);
    expect(etaSeconds).toBeNull();
    expect((await spawnCampaign(['list'], { env })).stdout).toContain(waiting.text.slice(0, 20));
    const told = () => next.log.match(/"event":"held"/g)?.length;
    expect(next.log).toMatch(
      new RegExp(`"send ${sendId} is held by ${holder}, .*; taken over in [45] min, at 20.*Z"`),
    );
    const seen = async () =>
      (await db.database.rows('SELECT MAX(SEEN_AT) AS at FROM CAMPAIGN_WORKERS'))[0];
    const before = await seen();
    await vi.waitFor(async () => expect(await seen()).not.toEqual(before), 15_000);
    expect(told()).toBe(1);
    await ageClaim(db.database, sendId);
    expect((await next.ended).code).toBe(0);
    expect(await books(sendId)).toMatchObject({ status: 'completed', failed: 0 });
    expectNobodyTwice();
    expect(next.log).toMatch(
      /send is completed; \d+ recipients? (is|are) unknown: `campaign resolve/,
    );
  });

  test('that is stopped says how many messages are on the wire, how long they have, and what a second signal does', async () => {
    const held: (() => void)[] = [];
    const holding = await startSmtpServer({
      onData: () => new Promise((resolve) => held.push(() => resolve(undefined))),
    });
    await seedQueuedSend(db.database, { recipients: 100, batchSize: 1000 });
    const scheduler = schedule({ smtpUrl: holding.url, args: ['--drain-seconds', '20'] });
    await vi.waitFor(() => expect(held).toHaveLength(CONNECTIONS), 15_000);
    scheduler.kill('SIGTERM');
    await vi.waitFor(() => expect(scheduler.log).toContain('"event":"stopping"'), 10_000);
    expect(scheduler.log).toContain(
      `"stopping: ${CONNECTIONS} messages on the wire may end, within 20 s; a second Ctrl-C or SIGTERM ends at once: what is not recorded by then is unknown, and its send stands for 5 min"`,
    );
    // While it drains it is alive, and nobody takes its send for one that will be taken over.
    await ageWorkers(db.database, 40);
    await vi.waitFor(
      async () =>
        expect(
          await db.database.rows(
            'SELECT 1 FROM CAMPAIGN_WORKERS WHERE SEEN_AT > UTC_TIMESTAMP(3) - INTERVAL 20 SECOND',
          ),
        ).toHaveLength(1),
      15_000,
    );
    for (const release of held) release();
    expect((await scheduler.ended).code).toBe(0);
    await holding.close();
  });

  test('six processes on one send mail everybody once', async () => {
    // Between batches all six know when the next is due, and want it.
    const pacing = { batchSize: 120, cooldownSeconds: 1 };
    const sendId = await seedQueuedSend(db.database, { recipients: 600, ...pacing });
    const six = Array.from({ length: 6 }, () => schedule(UNTIL_IDLE));
    for (const { code } of await Promise.all(six.map(({ ended }) => ended))) expect(code).toBe(0);
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 600 });
    expect(smtp.countsByRecipient().size).toBe(600);
    expectNobodyTwice();
    const workers = await db.database.rows(
      "SELECT DISTINCT ACTOR FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ? AND EVENT = 'claimed'",
      [sendId],
    );
    expect(workers.length).toBeGreaterThan(1);
  });

  test('lives through a crash of the database in mid-batch: nobody unknown, nobody twice', async () => {
    const server = await startTestServer({ durable: true });
    const own = await createTestDatabase(server.url);
    try {
      const sendId = await seedQueuedSend(own.database, { recipients: 400, batchSize: 1000 });
      const scheduler = schedule({ url: own.url, ...UNTIL_IDLE });
      await someAreSent();
      await server.crash();
      await vi.waitFor(() => expect(scheduler.log).toContain('"event":"database-away"'), 10_000);
      await server.restart();
      expect((await scheduler.ended).code).toBe(0);
      expect(await balancedBooks(own.database, sendId)).toMatchObject({
        status: 'completed',
        sent: 400,
        unknown: 0,
      });
      expect(smtp.countsByRecipient().size).toBe(400);
      expectNobodyTwice();
    } finally {
      await own.drop();
      await server.stop();
    }
  });

  test('SIGTERM while the database answers nothing: ends all the same, exit 0', async () => {
    const server = await startTestServer();
    const own = await createTestDatabase(server.url);
    try {
      await seedQueuedSend(own.database, { recipients: 400, batchSize: 1000 });
      const scheduler = schedule({ url: own.url, args: ['--drain-seconds', '1'] });
      await someAreSent();
      process.kill(server.pid, 'SIGSTOP');
      try {
        scheduler.kill('SIGTERM');
        expect(await scheduler.ended).toMatchObject({ code: 0, signal: null });
      } finally {
        process.kill(server.pid, 'SIGCONT');
      }
    } finally {
      await own.drop();
      await server.stop();
    }
  });

  test('SIGTERM in mid-batch: what is on the wire ends, the rest goes back, exit 0, nobody unknown', async () => {
    const sendId = await seedQueuedSend(db.database, { recipients: 400, batchSize: 1000 });
    const scheduler = schedule();
    await someAreSent();
    scheduler.kill('SIGTERM');
    expect(await scheduler.ended).toMatchObject({ code: 0, signal: null });
    const left = await books(sendId);
    expect(left).toMatchObject({ status: 'running', claimedBy: null, sending: 0, unknown: 0 });
    expect(left.sent).toBe(smtp.messages.length);
    expect(left.pending).toBe(400 - left.sent);
    expect((await schedule(UNTIL_IDLE).ended).code).toBe(0);
    expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 400 });
    expectNobodyTwice();
  });

  test('says once that the server does not bear commands behind a dot, and mails everybody all the same', async () => {
    let bodies = 0;
    const server = await rawSmtpServer({
      MAIL: (c) =>
        c.reply(c.number === 0 && bodies === 1 ? '503 5.5.1 MAIL first' : '250 2.1.0 Ok'),
      DOT: (c) => {
        bodies += 1;
        c.reply('250 2.0.0 Ok');
      },
    });
    try {
      const sendId = await seedQueuedSend(db.database, { recipients: 20 });
      const smtpUrl = `smtp://127.0.0.1:${server.port}`;
      const { code, stderr } = await schedule({
        smtpUrl,
        args: ['--until-idle', '--connections', '1'],
      }).ended;
      expect(code).toBe(0);
      const told = stderr.split('\n').filter((line) => line.includes('"commands-ahead-given-up"'));
      expect(told).toHaveLength(1);
      expect(JSON.parse(told[0] ?? '')).toMatchObject({ way: 'behindDot' });
      expect(await books(sendId)).toMatchObject({ status: 'completed', sent: 20 });
      expect(server.bodies).toHaveLength(20);
    } finally {
      await server.close();
    }
  });

  test('a second SIGTERM ends at once, and loses no more than a crash does', async () => {
    await smtp.close();
    let waiting = 0;
    smtp = await startSmtpServer({
      onData: () => {
        waiting += 1;
        return new Promise(() => undefined);
      },
    });
    const sendId = await seedQueuedSend(db.database, { recipients: 50 });
    const scheduler = schedule();
    await vi.waitFor(() => expect(waiting).toBe(CONNECTIONS), 15_000);
    scheduler.kill('SIGTERM');
    await vi.waitFor(() => expect(scheduler.log).toContain('"event":"stopping"'), 5_000);
    const asked = performance.now();
    scheduler.kill('SIGTERM');
    expect((await scheduler.ended).code).toBe(143);
    expect(performance.now() - asked).toBeLessThan(2_000);
    expect((await books(sendId)).sending).toBeLessThanOrEqual(2 * CONNECTIONS);
  });

  test('the time zones of processes and server change nothing', async () => {
    const server = await startTestServer({ extra: ['--default-time-zone=-08:00'] });
    const own = await createTestDatabase(server.url);
    try {
      const sendId = await seedQueuedSend(own.database, {
        recipients: 60,
        batchSize: 20,
        cooldownSeconds: 1,
      });
      const begun = Date.now();
      const zones = ['Pacific/Auckland', 'America/Los_Angeles'];
      const two = zones.map((TZ) => schedule({ url: own.url, ...UNTIL_IDLE, env: { TZ } }));
      for (const { code } of await Promise.all(two.map(({ ended }) => ended))) expect(code).toBe(0);
      // Two cooldowns lie between three batches, whoever runs them.
      expect(Date.now() - begun).toBeGreaterThan(2_000);
      expect(await balancedBooks(own.database, sendId)).toMatchObject({
        status: 'completed',
        sent: 60,
        unknown: 0,
      });
      for (const { sentAt } of await ledgerRows(own.database, sendId)) {
        expect(sentAt?.getTime()).toBeGreaterThan(begun - 1_000);
        expect(sentAt?.getTime()).toBeLessThan(Date.now() + 1_000);
      }
      const reclaimed = "SELECT 1 FROM CAMPAIGN_SEND_EVENTS WHERE EVENT = 'reclaimed'";
      expect(await own.database.rows(reclaimed)).toEqual([]);
      expectNobodyTwice();
    } finally {
      await own.drop();
      await server.stop();
    }
  });
});
