import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { LeaseState } from '../../src/domain/leases.ts';
import { limitUse } from '../../src/domain/limit-use.ts';
import { type RateLimit, readRates } from '../../src/domain/rates.ts';
import type { Ledger } from '../../src/scheduler/ports.ts';
import { readLeases } from '../../src/store/relays/leases.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { balancedBooks } from '../support/ledger.ts';
import { type LimitedRelay, startLimitedRelay } from '../support/limited-relay.ts';
import { noteStarts } from '../support/noted-starts.ts';
import { worstWindow } from '../support/relay-limits.ts';
import {
  type RunningScheduler,
  type SchedulerSetup,
  startScheduler,
} from '../support/scheduler.ts';
import { seedQueuedSend } from '../support/seed.ts';

let db: TestDatabase;
let relay: LimitedRelay;
let running: RunningScheduler[] = [];
/** When each MAIL went out, by the monotonic clock. */
let starts: number[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

afterEach(async () => {
  await Promise.all(running.map((scheduler) => scheduler.stop().catch(() => undefined)));
  await relay.close();
  running = [];
  starts = [];
  await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled', CLAIMED_BY = NULL");
  await db.database.run('DELETE FROM CAMPAIGN_RELAY_STATES');
  await setRates(null);
});

const setRates = (rates: string | null) =>
  db.database.run("UPDATE CAMPAIGN_RELAYS SET RATES = ? WHERE NAME = 'default'", [rates]);

function schedule(setup: SchedulerSetup = {}): RunningScheduler {
  const settings = {
    host: '127.0.0.1',
    port: relay.port,
    secure: false,
    startTls: 'never' as const,
    verifyCertificate: false,
    options: {},
  };
  const scheduler = startScheduler(db.connect({ connections: 4 }), settings, {
    ...setup,
    transmission: noteStarts((at) => starts.push(at)),
  });
  running.push(scheduler);
  return scheduler;
}

/** The most messages that began in any window of so many milliseconds; a server that is busy itself sees some late. */
const most = (ms: number): number =>
  worstWindow(
    starts.toSorted((a, b) => a - b),
    ms,
  );

describe('a relay with a rate', () => {
  test('is sent no more by three schedulers, two sends together, than it says in any second', async () => {
    relay = await startLimitedRelay({});
    await setRates('20/s');
    const sends = await Promise.all(
      [1, 2].map((n) =>
        seedQueuedSend(db.database, {
          emails: Array.from({ length: 60 }, (_, i) => `p${i}@s${n}.example.org`),
          batchSize: 60,
        }),
      ),
    );
    const three = [schedule(), schedule(), schedule()];
    await Promise.all(three.map(({ done }) => done));
    for (const id of sends) {
      expect(await balancedBooks(db.database, id)).toMatchObject({ status: 'completed', sent: 60 });
    }
    expect(relay.accepted).toHaveLength(120);
    expect(relay.started).toHaveLength(120);
    expect(most(1000)).toBeLessThanOrEqual(20);
  });

  test('is not left unused for a send of another host that is slow by its own pacing', async () => {
    relay = await startLimitedRelay({});
    await setRates('30/s');
    const [slow, fast] = [
      await seedQueuedSend(db.database, { recipients: 200, batchSize: 200, delayMs: 1_000 }),
      await seedQueuedSend(db.database, { recipients: 150, batchSize: 150 }),
    ];
    const only =
      (id: number) =>
      (ledger: Ledger): Ledger => ({
        ...ledger,
        findWork: async (limit) =>
          (await ledger.findWork(limit)).filter(({ sendId }) => sendId === id),
      });
    schedule({ until: 'stopped', ledger: only(slow) });
    await vi.waitFor(() => expect(relay.accepted.length).toBeGreaterThan(0), 20_000);
    schedule({ until: 'stopped', ledger: only(fast) });
    await vi.waitFor(
      async () => expect(await balancedBooks(db.database, fast)).toMatchObject({ sent: 150 }),
      30_000,
    );
    // In 5 s, by the rate; by half of it, it were 10.
    expect((await balancedBooks(db.database, slow)).sent).toBeLessThanOrEqual(8);
    expect(most(1000)).toBeLessThanOrEqual(30);
  });

  test.each([
    { acceptanceMs: 300, least: 12, upTo: 20 },
    { acceptanceMs: 0, least: 1, upTo: 4 },
  ])(
    'is used over as many connections as that takes, where each message takes $acceptanceMs ms',
    async ({ acceptanceMs, least, upTo }) => {
      relay = await startLimitedRelay({ delayMs: acceptanceMs });
      await setRates('50/s');
      const id = await seedQueuedSend(db.database, { recipients: 150, batchSize: 150 });
      await schedule({ connections: 20 }).done;
      expect(await balancedBooks(db.database, id)).toMatchObject({ sent: 150 });
      expect(most(1000)).toBeLessThanOrEqual(50);
      expect(relay.mostConnections).toBeGreaterThanOrEqual(least);
      expect(relay.mostConnections).toBeLessThanOrEqual(upTo);
    },
  );

  test('heeds a rate that is raised within a second, and one that is lifted', async () => {
    relay = await startLimitedRelay({});
    await setRates('1/s');
    const id = await seedQueuedSend(db.database, { recipients: 400, batchSize: 400 });
    const scheduler = schedule();
    await vi.waitFor(() => expect(relay.started.length).toBeGreaterThan(1), 20_000);
    expect(most(1000)).toBe(1);
    await setRates('none');
    await scheduler.done;
    expect(await balancedBooks(db.database, id)).toMatchObject({ status: 'completed', sent: 400 });
    expect(relay.started).toHaveLength(400);
  });

  test('whose hour is used up keeps no claim and no row, and the next run waits for nothing', async () => {
    relay = await startLimitedRelay({});
    await setRates('15/h');
    const id = await seedQueuedSend(db.database, { recipients: 40, batchSize: 40 });
    const first = schedule({ until: 'once' });
    await first.done;
    expect(first.events).toContainEqual(
      expect.objectContaining({ kind: 'rate-reached', limit: '15/h' }),
    );
    expect(await balancedBooks(db.database, id)).toMatchObject({
      status: 'running',
      sent: 15,
      sending: 0,
      claimedBy: null,
    });
    const second = schedule({ until: 'once' });
    await second.done;
    expect(second.events.map(({ kind }) => kind)).not.toContain('claimed');
    expect(relay.started).toHaveLength(15);
    const waits = schedule();
    await setRates('20/h');
    await vi.waitFor(() => expect(relay.accepted.length).toBe(20), 20_000);
    await waits.stop();
    expect(await balancedBooks(db.database, id)).toMatchObject({ sent: 20, sending: 0 });
  });

  test('whose hour is used up ends a run that is not to wait so long, which says so; one of one batch says it in a line', async () => {
    relay = await startLimitedRelay({});
    await setRates('15/h');
    const id = await seedQueuedSend(db.database, { recipients: 40, batchSize: 40 });
    const met = schedule({ until: 'idle', maxWaitSeconds: 600 });
    const before = Date.now();
    const { relayHeld } = await met.done;
    expect(relayHeld).toMatchObject({ kind: 'rate', reason: 'its rate of 15/h is used up' });
    expect(Number(relayHeld?.until.getTime()) - before).toBeGreaterThan(3_500_000);
    expect(Number(relayHeld?.until.getTime()) - before).toBeLessThan(3_800_000);
    expect(await balancedBooks(db.database, id)).toMatchObject({ sent: 15, claimedBy: null });
    const found = schedule({ until: 'idle', maxWaitSeconds: 600 });
    expect((await found.done).relayHeld).toMatchObject({ kind: 'rate' });
    const once = schedule({ until: 'once' });
    expect((await once.done).relayHeld).toBeNull();
    for (const { events } of [found, once]) {
      const kinds = events.map(({ kind }) => kind);
      expect(kinds).not.toContain('claimed');
      expect(kinds.filter((kind) => kind === 'rate-reached')).toHaveLength(1);
    }
    const waits = schedule({ until: 'idle', maxWaitSeconds: 7_200 });
    await vi.waitFor(
      () => expect(waits.events.map(({ kind }) => kind)).toContain('rate-reached'),
      20_000,
    );
    await setRates('1000/h');
    expect((await waits.done).relayHeld).toBeNull();
    expect(await balancedBooks(db.database, id)).toMatchObject({ status: 'completed', sent: 40 });
  });

  test('gets back what a pause left unused', async () => {
    relay = await startLimitedRelay({ delayMs: 300 });
    await setRates('1000/h');
    const id = await seedQueuedSend(db.database, { recipients: 200, batchSize: 200 });
    const scheduler = schedule({ until: 'stopped' });
    await vi.waitFor(() => expect(relay.started.length).toBeGreaterThan(5), 20_000);
    await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'paused' WHERE ID = ?", [id]);
    await vi.waitFor(
      async () =>
        expect(await balancedBooks(db.database, id)).toMatchObject({ claimedBy: null, sending: 0 }),
      20_000,
    );
    await scheduler.stop();
    const { limits } = readRates('1000/h') as { limits: RateLimit[] };
    const { state, databaseMs } = await readLeases(db.database, 'default');
    const [use] = limitUse(state as LeaseState, limits, databaseMs);
    expect(use?.used).toBe(relay.started.length);
  });

  test.each([3_600_000, -3_600_000])(
    'is kept, and goes on, when the clock of the database jumps by %i ms',
    async (jump) => {
      relay = await startLimitedRelay({});
      await setRates('20/s,30/8s');
      const id = await seedQueuedSend(db.database, { recipients: 75, batchSize: 75 });
      const jumping = (ledger: Ledger): Ledger => ({
        ...ledger,
        readLeases: async () => {
          const reading = await ledger.readLeases();
          const isLater = relay.started.length >= 20;
          return { ...reading, databaseMs: reading.databaseMs + (isLater ? jump : 0) };
        },
      });
      const two = [schedule({ ledger: jumping }), schedule({ ledger: jumping })];
      await Promise.all(two.map(({ done }) => done));
      expect(await balancedBooks(db.database, id)).toMatchObject({ status: 'completed', sent: 75 });
      expect(most(1000)).toBeLessThanOrEqual(20);
      expect(most(8000)).toBeLessThanOrEqual(30);
      expect(two.flatMap(({ events }) => events)).toContainEqual(
        expect.objectContaining({ kind: 'clock-jumped' }),
      );
    },
  );

  test('that nobody can read lets nothing start, and one that can be read goes on', async () => {
    relay = await startLimitedRelay({});
    await setRates('a lot');
    await seedQueuedSend(db.database, { recipients: 5 });
    const scheduler = schedule();
    await vi.waitFor(async () => {
      const [row] = await db.database.rows('SELECT 1 FROM CAMPAIGN_WORKERS WHERE WORKER = ?', [
        scheduler.worker,
      ]);
      expect(row).toBeDefined();
    }, 20_000);
    await schedule({ until: 'once' }).done;
    expect(relay.started).toHaveLength(0);
    await setRates('100/s');
    await scheduler.done;
    expect(relay.started).toHaveLength(5);
  });
});

const setConnections = (connections: number | null) =>
  db.database.run("UPDATE CAMPAIGN_RELAYS SET CONNECTIONS = ? WHERE NAME = 'default'", [
    connections,
  ]);

describe('a relay that takes so many connections over all hosts', () => {
  afterEach(() => setConnections(null));

  test('never has more of two schedulers, and each of them has some', async () => {
    relay = await startLimitedRelay({ delayMs: 20 });
    await setConnections(3);
    const sends = await Promise.all(
      [1, 2].map((n) =>
        seedQueuedSend(db.database, {
          emails: Array.from({ length: 200 }, (_, i) => `p${i}@s${n}.example.org`),
          batchSize: 200,
        }),
      ),
    );
    const two = [schedule({ connections: 4 }), schedule({ connections: 4 })];
    await Promise.all(two.map(({ done }) => done));
    for (const id of sends) {
      expect(await balancedBooks(db.database, id)).toMatchObject({
        status: 'completed',
        sent: 200,
      });
    }
    expect(relay.mostConnections).toBeLessThanOrEqual(3);
    expect(relay.mostConnections).toBeGreaterThanOrEqual(2);
    const [row] = await db.database.rows<{ state: string }>(
      "SELECT STATE AS state FROM CAMPAIGN_RELAY_STATES WHERE KIND = 'connections'",
    );
    expect(JSON.parse(row?.state ?? '')).toMatchObject({ workers: {} });
  });

  test.each([
    '451 Mails per session limit exceeded',
    '421 4.7.0 Too many messages over this connection',
  ])('is asked for no more where each carries ten messages: %s', async (reply) => {
    relay = await startLimitedRelay({
      connections: { atOnce: 3, at: 'connect', reply: '421 4.7.0 Too many connections' },
      perConnection: { messages: 10, reply },
    });
    await setConnections(3);
    const id = await seedQueuedSend(db.database, { recipients: 150, batchSize: 150 });
    await schedule({ connections: 8 }).done;
    expect(await balancedBooks(db.database, id)).toMatchObject({ status: 'completed', sent: 150 });
    expect(relay.refused.filter(({ stage }) => stage === 'connect')).toEqual([]);
    expect(relay.countsByRecipient().size).toBe(150);
  });

  test('lets the one that has none leave its sends to the other', async () => {
    relay = await startLimitedRelay({});
    await setConnections(1);
    await Promise.all(
      [1, 2, 3].map(() => seedQueuedSend(db.database, { recipients: 30, batchSize: 30 })),
    );
    const two = [schedule(), schedule()];
    await Promise.all(two.map(({ done }) => done));
    expect(relay.accepted).toHaveLength(90);
    expect(relay.mostConnections).toBe(1);
  });
});
