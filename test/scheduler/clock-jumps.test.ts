import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { DEFAULT_RELAY } from '../../src/domain/relay.ts';
import * as relays from '../../src/store/relays/relays.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { balancedBooks } from '../support/ledger.ts';
import { noteStarts } from '../support/noted-starts.ts';
import { worstWindow } from '../support/relay-limits.ts';
import {
  type RunningScheduler,
  type SchedulerSetup,
  startScheduler,
} from '../support/scheduler.ts';
import { people, type QueuedSeed, seedQueuedSend } from '../support/seed.ts';
import { type ShiftedClock, startShiftedClock } from '../support/shifted-clock.ts';
import { type SmtpServer, type SmtpServerSettings, startSmtpServer } from '../support/smtp.ts';

const HOUR_MS = 3_600_000;
/** Clocks of hosts that a failover may lead to. */
const JUMPS_MS = [HOUR_MS, -HOUR_MS, 120_000, -120_000, 5_000, -5_000];

let db: TestDatabase;
let clocks: ShiftedClock[] = [];
let running: RunningScheduler[] = [];
let server: SmtpServer;
/** When each MAIL went out, by the monotonic clock. */
let starts: number[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
afterEach(async () => {
  await Promise.all(running.map((scheduler) => scheduler.stop().catch(() => undefined)));
  await Promise.all(clocks.map((clock) => clock.close()));
  await server.close();
  [running, clocks, starts] = [[], [], []];
  await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled', CLAIMED_BY = NULL");
  await db.database.run('DELETE FROM CAMPAIGN_RELAY_STATES');
  await db.database.run('DELETE FROM CAMPAIGN_RELAYS');
  await db.database.run("INSERT INTO CAMPAIGN_RELAYS (NAME) VALUES ('default')");
});

const serve = async (settings: SmtpServerSettings = {}): Promise<void> => {
  server = await startSmtpServer(settings);
};

async function clock(): Promise<ShiftedClock> {
  const made = await startShiftedClock(db);
  clocks.push(made);
  return made;
}

function schedule({ database }: ShiftedClock, setup: SchedulerSetup = {}): RunningScheduler {
  const scheduler = startScheduler(database, server.settings, {
    ...setup,
    transmission: noteStarts((at) => starts.push(at)),
  });
  running.push(scheduler);
  return scheduler;
}

const seed = (count: number, send: QueuedSeed = {}): Promise<number> =>
  seedQueuedSend(db.database, { emails: people(count), cooldownSeconds: 1, ...send });
const books = (sendId: number) => balancedBooks(db.database, sendId);
const setLimits = (set: string) => db.database.run(`UPDATE CAMPAIGN_RELAYS SET ${set}`);
const most = (ms: number): number =>
  worstWindow(
    starts.toSorted((a, b) => a - b),
    ms,
  );
const completed = (sendId: number, sent: number) =>
  vi.waitFor(
    async () => expect(await books(sendId)).toMatchObject({ status: 'completed', sent, failed: 0 }),
    20_000,
  );

describe.each(JUMPS_MS)('where the clock of the database jumps by %i ms', (jumpMs) => {
  test('a hold is ended by its probe as soon as ever, and the send goes on', async () => {
    let isOpen = false;
    await serve({
      onRcptTo: () =>
        isOpen || server.messages.length < 20
          ? undefined
          : { reply: [452, '4.5.3 daily quota exceeded'] },
    });
    const time = await clock();
    const sendId = await seed(60);
    schedule(time, { until: 'stopped' });
    await vi.waitFor(
      async () => expect((await relays.readRelay(db.database, DEFAULT_RELAY))?.hold).not.toBeNull(),
      10_000,
    );
    time.set(jumpMs);
    isOpen = true;
    // Who was given back or put off waits by the clock: at most for as long as that went back.
    if (jumpMs < 0) {
      await vi.waitFor(async () => expect((await books(sendId)).sent).toBeGreaterThan(40), 20_000);
      time.set(0);
    }
    await completed(sendId, 60);
  });

  test('the cooldown of a send is no longer than it is', async () => {
    await serve();
    const time = await clock();
    const sendId = await seed(30, { batchSize: 10 });
    schedule(time, { until: 'stopped' });
    await vi.waitFor(async () => expect((await books(sendId)).sent).toBe(10), 10_000);
    time.set(jumpMs);
    await completed(sendId, 30);
  });
});

describe.each([HOUR_MS, -HOUR_MS, -120_000])('where it jumps by %i ms, and back,', (jumpMs) => {
  test('two schedulers keep a rate, and go on', async () => {
    await serve();
    await setLimits("RATES = '20/s,30/4s'");
    const time = await clock();
    const ids = [await seed(35, { batchSize: 100 }), await seed(35, { batchSize: 100 })];
    for (let i = 0; i < 2; i++) schedule(time, { until: 'stopped' });
    await vi.waitFor(() => expect(starts.length).toBeGreaterThan(20), 10_000);
    time.set(jumpMs);
    await vi.waitFor(() => expect(starts.length).toBeGreaterThan(45), 30_000);
    time.set(0);
    for (const id of ids) await completed(id, 35);
    expect(most(1_000)).toBeLessThanOrEqual(20);
    expect(most(4_000)).toBeLessThanOrEqual(30);
  }, 90_000);

  test('two schedulers keep their connections', async () => {
    let open = 0;
    let mostOpen = 0;
    await serve({
      onData: async () => {
        open += 1;
        mostOpen = Math.max(mostOpen, open);
        await new Promise((go) => setTimeout(go, 30));
        open -= 1;
        return undefined;
      },
    });
    await setLimits('CONNECTIONS = 3');
    const time = await clock();
    const ids = [await seed(150, { batchSize: 150 }), await seed(150, { batchSize: 150 })];
    for (let i = 0; i < 2; i++) schedule(time, { until: 'stopped' });
    await vi.waitFor(() => expect(server.messages.length).toBeGreaterThan(60), 20_000);
    time.set(jumpMs);
    await vi.waitFor(() => expect(server.messages.length).toBeGreaterThan(180), 20_000);
    time.set(0);
    for (const id of ids) await completed(id, 150);
    expect(mostOpen).toBeLessThanOrEqual(3);
  }, 90_000);
});

test('a claim that looks stale, for the clock was set ahead, is not taken from who lives', async () => {
  await serve();
  const time = await clock();
  const sendId = await seed(2, { delayMs: 6_000 });
  const two = [1, 2].map(() => schedule(time, { until: 'stopped' }));
  await vi.waitFor(() => expect(starts).toHaveLength(1), 10_000);
  time.set(HOUR_MS);
  await completed(sendId, 2);
  expect(two.flatMap(({ events }) => events).map(({ kind }) => kind)).not.toContain('reclaimed');
}, 30_000);

test('a rate that is used up for an hour lets nothing start by a clock that goes ahead by one, nor where a scheduler begins anew', async () => {
  await serve();
  await setLimits("RATES = '10/h'");
  const time = await clock();
  const sendId = await seed(30, { batchSize: 100 });
  let looks = 0;
  const begin = () =>
    schedule(time, {
      until: 'stopped',
      ledger: (ledger) => ({
        ...ledger,
        readLeases: async () => {
          const reading = await ledger.readLeases();
          looks += 1;
          return reading;
        },
      }),
    });
  const looksAgain = async (): Promise<void> => {
    const before = looks;
    await vi.waitFor(() => expect(looks).toBeGreaterThan(before + 1), 10_000);
  };
  const scheduler = begin();
  await vi.waitFor(async () => {
    expect(await books(sendId)).toMatchObject({ sent: 10, claimedBy: null });
  }, 20_000);
  for (const ms of [HOUR_MS, 0, -HOUR_MS, 2 * HOUR_MS]) {
    time.set(ms);
    await looksAgain();
  }
  await scheduler.stop();
  expect(scheduler.events.map(({ kind }) => kind)).toContain('clock-jumped');
  const another = begin();
  await looksAgain();
  await another.stop();
  expect(starts).toHaveLength(10);
}, 60_000);
