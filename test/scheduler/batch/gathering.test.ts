import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Ledger } from '../../../src/scheduler/ports.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { balancedBooks } from '../../support/ledger.ts';
import { type RunningScheduler, startScheduler } from '../../support/scheduler.ts';
import { seedQueuedSend } from '../../support/seed.ts';
import { type SmtpServer, startSmtpServer } from '../../support/smtp.ts';

const CONNECTIONS = 8;

let db: TestDatabase;
let smtp: SmtpServer;
let scheduler: RunningScheduler | undefined;
/** How many results each transaction recorded, of those that recorded any. */
let recorded: number[];
/** Replies the server owes, in the order their messages came. */
let owed: (() => void)[];
let came: number;
let now: number;

beforeEach(async () => {
  db = await createTestDatabase();
  recorded = [];
  owed = [];
  came = 0;
  now = Date.now();
  smtp = await startSmtpServer({
    // So that a connection takes one message at a time.
    server: { hidePIPELINING: true },
    onData: () => {
      came += 1;
      return new Promise((resolve) => owed.push(() => resolve(undefined)));
    },
  });
});

afterEach(async () => {
  await scheduler?.stop().catch(() => undefined);
  await smtp.close();
  await db.drop();
});

/**
 * Counts what is recorded; and sets the clock back once a send is claimed, so that the next look at the database is an
 * hour off, and a step comes of a result or not at all.
 */
const observed = (ledger: Ledger): Ledger => ({
  ...ledger,
  claim: (...args) => {
    now -= 3_600_000;
    return ledger.claim(...args);
  },
  step: (claim, step) => {
    if (step.settlements.length > 0) recorded.push(step.settlements.length);
    return ledger.step(claim, step);
  },
});

/** Until as many messages have come to the server. */
const arrived = (messages: number) => vi.waitFor(() => expect(came).toBe(messages), 10_000);

const accept = (messages: number): void => {
  for (const reply of owed.splice(0, messages)) reply();
};

/** A send by a clock that stands still, up to where every connection carries a message. */
async function start(recipients: number): Promise<number> {
  const sendId = await seedQueuedSend(db.database, { recipients, batchSize: 1000 });
  scheduler = startScheduler(db.connect({ connections: 4 }), smtp.settings, {
    connections: CONNECTIONS,
    clock: () => ({ monotonic: now, wall: now }),
    ledger: observed,
  });
  await arrived(Math.min(recipients, CONNECTIONS));
  return sendId;
}

async function finish(sendId: number, recipients: number): Promise<void> {
  const flow = setInterval(() => {
    now += 10;
    accept(owed.length);
  }, 5);
  await scheduler?.done.finally(() => clearInterval(flow));
  expect(await balancedBooks(db.database, sendId)).toMatchObject({
    status: 'completed',
    sent: recipients,
  });
}

describe('results', () => {
  test('are recorded together once they are as many as the rows that wait for a connection', async () => {
    // 16 rows are in the hand: 8 on the wire, 8 waiting.
    const sendId = await start(100);
    accept(3);
    await arrived(CONNECTIONS + 3);
    expect(recorded).toEqual([]);
    accept(1);
    await vi.waitFor(() => expect(recorded).toEqual([4]), 10_000);
    await finish(sendId, 100);
  });

  test('wait for others no longer than 10 ms', async () => {
    const sendId = await start(100);
    accept(1);
    await arrived(CONNECTIONS + 1);
    expect(recorded).toEqual([]);
    now += 10;
    await vi.waitFor(() => expect(recorded).toEqual([1]), 10_000);
    await finish(sendId, 100);
  });

  test('are recorded at once where no row waits for a connection', async () => {
    const sendId = await start(CONNECTIONS);
    accept(1);
    await vi.waitFor(() => expect(recorded).toEqual([1]), 10_000);
    await finish(sendId, CONNECTIONS);
  });
});
