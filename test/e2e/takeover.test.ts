import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listEvents } from '../../src/store/events.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { balancedBooks, seedSend } from '../support/sends.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';
import { makeStateFolder } from '../support/state-folder.ts';
import { type SchedulerProcess, startSchedulerProcess } from './scheduler-process.ts';

const CONNECTIONS = 4;

let db: TestDatabase;
let smtp: SmtpServer;
let state: ReturnType<typeof makeStateFolder>;
let running: SchedulerProcess[] = [];

beforeEach(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer({
    onData: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 10)),
  });
  state = makeStateFolder();
});
afterEach(async () => {
  for (const scheduler of running) scheduler.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
  await smtp.close();
  await db.drop();
  state.remove();
});

function schedule(
  args: readonly string[] = [],
  env: Record<string, string> = {},
): SchedulerProcess {
  const scheduler = startSchedulerProcess(db.url, smtp.url, {
    args,
    env: { CAMPAIGN_STATE_DIR: state.directory, ...env },
  });
  running.push(scheduler);
  return scheduler;
}

const someAreSent = (count: number) =>
  vi.waitFor(() => expect(smtp.messages.length).toBeGreaterThan(count), 15_000);

function expectNobodyTwice(): void {
  expect([...smtp.countsByRecipient()].filter(([, copies]) => copies > 1)).toEqual([]);
}

test('a worker killed with kill -9 is taken over by the next one at its first look, nobody twice', async () => {
  const sendId = await seedSend(db.database, { recipients: 400, batchSize: 1000 });
  const first = schedule();
  await someAreSent(20);
  first.kill('SIGKILL');
  await first.ended;
  const left = await balancedBooks(db.database, sendId);
  const second = schedule(['--until-idle']);
  expect((await second.ended).code).toBe(0);
  expect(second.log).toContain('"event":"taken-over"');
  const end = await balancedBooks(db.database, sendId);
  expect(end).toMatchObject({ status: 'completed', failed: 0 });
  expect(end.sent + end.unknown).toBe(400);
  expect(end.unknown).toBeLessThanOrEqual(left.sending);
  expectNobodyTwice();
  const events = await listEvents(db.database, sendId, 0, 100);
  const reclaimed = events.find(({ event }) => event === 'reclaimed');
  expect(reclaimed?.reason).toContain(`:${first.pid}:`);
  expect(await db.database.rows('SELECT WORKER FROM CAMPAIGN_WORKERS')).toEqual([]);
});

test('a worker stopped with SIGSTOP keeps its claim while another looks, and goes on when woken', async () => {
  const sendId = await seedSend(db.database, { recipients: 200, batchSize: 1000 });
  const first = schedule(['--until-idle']);
  await someAreSent(20);
  first.kill('SIGSTOP');
  const stopped = await balancedBooks(db.database, sendId);
  expect(stopped.claimedBy).toContain(`:${first.pid}:`);
  // Its first look at the dead comes before its first look for work.
  const second = schedule(['--once']);
  expect((await second.ended).code).toBe(0);
  expect((await balancedBooks(db.database, sendId)).claimedBy).toBe(stopped.claimedBy);
  first.kill('SIGCONT');
  expect((await first.ended).code).toBe(0);
  expect(await balancedBooks(db.database, sendId)).toMatchObject({
    status: 'completed',
    sent: 200,
  });
  expectNobodyTwice();
});

test('without a folder for its state a worker says so once, and a death is still proved by the pid', async () => {
  const env = { CAMPAIGN_STATE_DIR: `${state.directory}/${'x'.repeat(120)}` };
  const sendId = await seedSend(db.database, { recipients: 200, batchSize: 1000 });
  const first = schedule([], env);
  await someAreSent(20);
  first.kill('SIGKILL');
  await first.ended;
  expect(first.log.match(/"event":"no-life-sign"/g)).toHaveLength(1);
  expect(first.log).toContain('107 bytes');
  const left = await balancedBooks(db.database, sendId);
  expect((await schedule(['--until-idle'], env).ended).code).toBe(0);
  const end = await balancedBooks(db.database, sendId);
  expect(end).toMatchObject({ status: 'completed', unknown: left.sending });
  expect(left.sending).toBeLessThanOrEqual(2 * CONNECTIONS);
  expectNobodyTwice();
});
