import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { balancedBooks } from '../support/ledger.ts';
import { type LimitedRelay, startLimitedRelay } from '../support/limited-relay.ts';
import {
  type RunningScheduler,
  type SchedulerSetup,
  startScheduler,
} from '../support/scheduler.ts';
import { seedQueuedSend } from '../support/seed.ts';

let db: TestDatabase;
let relay: LimitedRelay;
let running: RunningScheduler[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

afterEach(async () => {
  await Promise.all(running.map((scheduler) => scheduler.stop().catch(() => undefined)));
  await relay.close();
  running = [];
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
  const scheduler = startScheduler(db.connect({ connections: 4 }), settings, setup);
  running.push(scheduler);
  return scheduler;
}

/** What a server's own clock, on a busy machine, may see a message later than it came. */
const SEEN_LATE_MS = 15;

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
    expect(relay.worst('started', 1000 - SEEN_LATE_MS)).toBeLessThanOrEqual(20);
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
