import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import {
  createTestDatabase,
  startTestServer,
  type TestDatabase,
  type TestServer,
} from '../../support/database.ts';
import { startScheduler } from '../../support/scheduler.ts';
import { seedQueuedSend } from '../../support/seed.ts';
import { type SmtpServer, startSmtpServer } from '../../support/smtp.ts';
import { spawnCampaign } from '../../support/spawn-campaign.ts';

/** A server of our own, on which nobody else counts. */
let server: TestServer;
let db: TestDatabase;
let smtp: SmtpServer;
/** The window through which its counters are read: one session, opened before they are. */
let window: Connection;

beforeAll(async () => {
  server = await startTestServer();
  smtp = await startSmtpServer();
});
afterAll(async () => {
  await smtp.close();
  await server.stop();
});
beforeEach(async () => {
  db = await createTestDatabase(server.url);
  window = await mysql.createConnection(server.url);
});
afterEach(async () => {
  await window.end();
  await db.drop();
});

async function counters(): Promise<{ opened: number; aborted: number; open: number }> {
  const [found] = await window.query<RowDataPacket[]>(
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Connections', 'Aborted_clients', 'Threads_connected')",
  );
  const of = (name: string): number =>
    Number(found.find(({ Variable_name }) => Variable_name === name)?.Value);
  return {
    opened: of('Connections'),
    aborted: of('Aborted_clients'),
    open: of('Threads_connected'),
  };
}

/** The counters once our own window is the only session. */
async function alone(): Promise<Awaited<ReturnType<typeof counters>>> {
  await db.database.close();
  return vi.waitFor(async () => {
    const found = await counters();
    expect(found.open).toBe(1);
    return found;
  }, 5_000);
}

test('an idle scheduler keeps its sessions over many polls, and takes leave of the server at its end', async () => {
  await seedQueuedSend(db.database, { recipients: 50 });
  const begun = await alone();
  const pool = db.connect({ connections: 4 });
  let polls = 0;
  const scheduler = startScheduler(pool, smtp.settings, {
    until: 'stopped',
    pollSeconds: 5,
    ledger: (plain) => ({
      ...plain,
      findStale: () => {
        polls += 1;
        return plain.findStale();
      },
    }),
  });
  await vi.waitFor(() => expect(smtp.messages).toHaveLength(50), 20_000);
  const { opened } = await counters();
  const before = polls;
  await vi.waitFor(() => expect(polls).toBe(before + 4), 40_000);
  expect(await counters()).toMatchObject({ opened, aborted: begun.aborted });
  await scheduler.stop();
  await pool.close();
  await vi.waitFor(async () => expect((await counters()).open).toBe(begun.open), 5_000);
  expect((await counters()).aborted).toBe(begun.aborted);
});

test('sessions that nobody needs are ended in good order before the server ends them', async () => {
  const begun = await alone();
  const pool = db.connect({ connections: 3 });
  await Promise.all([1, 2, 3].map(() => pool.rows('SELECT SLEEP(0.05)')));
  await vi.waitFor(async () => expect((await counters()).open).toBe(begun.open + 3), 5_000);
  await vi.waitFor(async () => expect((await counters()).open).toBe(begun.open), 30_000);
  expect((await counters()).aborted).toBe(begun.aborted);
});

test.each([
  ['list', ['list'], 0],
  ['verify', ['verify', '--all'], 0],
  ['a send that is not there', ['progress', '7'], 3],
  ['migrate', ['migrate'], 0],
  ['a send in another state', ['pause', '1'], 4],
])('a command takes leave of the server: %s', async (_, args, code) => {
  const id = await seedQueuedSend(db.database, { recipients: 1 });
  await db.database.run(
    "UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled', FINISHED_AT = UTC_TIMESTAMP(3) WHERE ID = ?",
    [id],
  );
  const begun = await alone();
  const result = await spawnCampaign(args, { env: { CAMPAIGN_DATABASE_URL: db.url } });
  expect(result.code).toBe(code);
  await vi.waitFor(async () => expect((await counters()).open).toBe(begun.open), 5_000);
  expect((await counters()).aborted).toBe(begun.aborted);
});
