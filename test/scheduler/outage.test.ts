import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Step } from '../../src/domain/settlement.ts';
import { CampaignError } from '../../src/errors.ts';
import type { Ledger } from '../../src/scheduler/ports.ts';
import {
  createTestDatabase,
  startTestServer,
  type TestDatabase,
  type TestServer,
} from '../support/database.ts';
import { ageClaim, balancedBooks, ledgerRows } from '../support/ledger.ts';
import { type RunningScheduler, startScheduler } from '../support/scheduler.ts';
import { seedQueuedSend } from '../support/seed.ts';
import { sessionsIn } from '../support/sessions.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

let server: TestServer;
let db: TestDatabase;
let smtp: SmtpServer;
let running: RunningScheduler[] = [];

beforeAll(async () => {
  server = await startTestServer({ durable: true });
});
afterAll(() => server.stop());

afterEach(async () => {
  await Promise.all(running.map((scheduler) => scheduler.stop().catch(() => undefined)));
  running = [];
  await smtp.close();
  await db.drop();
});

/** @param over the 100th message is accepted only then */
async function set(recipients: number, over?: Promise<void>): Promise<number> {
  db = await createTestDatabase(server.url);
  let messages = 0;
  smtp = await startSmtpServer({
    onData: async () => {
      if (++messages === 100) await over;
      else await new Promise((resolve) => setTimeout(resolve, 5));
      return undefined;
    },
  });
  return seedQueuedSend(db.database, { recipients, batchSize: 1000 });
}

function schedule(setup: Parameters<typeof startScheduler>[2] = {}): RunningScheduler {
  const scheduler = startScheduler(db.connect({ connections: 4 }), smtp.settings, setup);
  running.push(scheduler);
  return scheduler;
}

const everyoneOnce = (count: number) => {
  const counts = smtp.countsByRecipient();
  expect(counts.size).toBe(count);
  expect([...counts.values()].every((copies) => copies === 1)).toBe(true);
};

describe('the database goes away in mid-batch', () => {
  test('killed and started again: the scheduler waits and goes on, nobody unknown, nobody twice', async () => {
    const sendId = await set(400);
    const scheduler = schedule();
    await vi.waitFor(() => expect(smtp.messages.length).toBeGreaterThan(20), 10_000);
    await server.crash();
    await vi.waitFor(
      () => expect(scheduler.events.some(({ kind }) => kind === 'database-away')).toBe(true),
      10_000,
    );
    await server.restart();
    await scheduler.done;
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      status: 'completed',
      sent: 400,
      unknown: 0,
    });
    everyoneOnce(400);
  });

  test('a start without a database ends with an error', async () => {
    await set(1);
    await server.crash();
    const error = await schedule().done.catch((caught: unknown) => caught);
    await server.restart();
    expect(error).toBeInstanceOf(CampaignError);
    expect((error as CampaignError).exitCode).toBe(5);
  });

  test('every connection killed by an administrator again and again: nobody unknown, nobody twice', async () => {
    let end = (): void => undefined;
    const sendId = await set(
      300,
      new Promise((resolve) => {
        end = resolve;
      }),
    );
    const scheduler = schedule();
    await vi.waitFor(() => expect(smtp.messages.length).toBeGreaterThan(0), 10_000);
    try {
      for (let kills = 0; kills < 12; ) {
        const sessions = await sessionsIn(db.database);
        const session = sessions[Math.floor(Math.random() * sessions.length)];
        if (session) {
          kills += 1;
          await db.database.run('KILL CONNECTION ?', [session.id]).catch(() => undefined);
        }
        await new Promise((resolve) => setTimeout(resolve, 120 * Math.random()));
      }
    } finally {
      end();
    }
    await scheduler.done;
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      status: 'completed',
      sent: 300,
      unknown: 0,
    });
    everyoneOnce(300);
  });
});

describe('nothing is left behind', () => {
  test('by a read that was under way when a step was lost', async () => {
    const sendId = await set(1200);
    await db.database.run('UPDATE CAMPAIGN_SENDS SET BATCH_SIZE = 2000 WHERE ID = ?', [sendId]);
    let reads = 0;
    let slowRead = false;
    let lostSteps = 0;
    const scheduler = schedule({
      connections: 8,
      ledger: (ledger: Ledger) => ({
        ...ledger,
        nextRows: async (...args) => {
          const rows = await ledger.nextRows(...args);
          if (++reads === 2) {
            slowRead = true;
            await vi.waitFor(() => expect(lostSteps).toBe(1), 10_000);
            await new Promise((resolve) => setTimeout(resolve, 200));
          }
          return rows;
        },
        step: async (...args) => {
          if (!slowRead || lostSteps > 0) return ledger.step(...args);
          lostSteps += 1;
          throw new CampaignError('DATABASE_UNREACHABLE', 'connection lost');
        },
      }),
    });
    await scheduler.done;
    expect(lostSteps).toBe(1);
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      status: 'completed',
      sent: 1200,
    });
    everyoneOnce(1200);
  });

  test('by an error of the database that is no outage: outcomes that are known are recorded', async () => {
    const sendId = await set(60);
    let steps = 0;
    await schedule({
      ledger: (ledger: Ledger) => ({
        ...ledger,
        step: async (...args) => {
          if (++steps === 3) throw Object.assign(new Error('out of luck'), { errno: 9999 });
          return ledger.step(...args);
        },
      }),
    }).done;
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      status: 'completed',
      sent: 60,
      unknown: 0,
    });
    everyoneOnce(60);
  });

  test('by an error that stays: the claim is let go and what was accepted is recorded', async () => {
    const sendId = await set(60);
    let steps = 0;
    const scheduler = schedule({
      until: 'stopped',
      ledger: (ledger: Ledger) => ({
        ...ledger,
        step: async (claim, step) => {
          if (++steps > 2 && step.mark.length > 0) {
            throw Object.assign(new Error('out of luck'), { errno: 9999 });
          }
          return ledger.step(claim, step);
        },
      }),
    });
    await vi.waitFor(
      () => expect(scheduler.events.some(({ kind }) => kind === 'fault')).toBe(true),
      20_000,
    );
    const books = await balancedBooks(db.database, sendId);
    expect(books).toMatchObject({ claimedBy: null, sending: 0, unknown: 0 });
    expect(books.sent).toBe(smtp.messages.length);
  });
});

describe('the database is busy with one send for long', () => {
  test('the others go on, though rows are short and that one had asked for some', async () => {
    const busyId = await set(300);
    const others: number[] = [];
    for (let i = 0; i < 3; i++) {
      others.push(await seedQueuedSend(db.database, { recipients: 300, batchSize: 1000 }));
    }
    const seen = new Set<number>();
    let isBusy = false;
    let isOver = false;
    const unlessStuck = <T>(sendId: number, work: () => Promise<T>): Promise<T> => {
      if (sendId !== busyId || !isBusy || isOver) return work();
      throw new CampaignError('DATABASE_UNREACHABLE', 'lock wait timeout');
    };
    const scheduler = schedule({
      connections: 2,
      ledger: (ledger: Ledger) => ({
        ...ledger,
        step: async (claim, step) => {
          seen.add(claim.sendId);
          // It asked for rows while several share them, and was given none: it waits for its turn.
          const waits = step.settlements.length > 0 && step.mark.length === 0;
          if (claim.sendId === busyId && waits && seen.size > 2) isBusy = true;
          return unlessStuck(claim.sendId, () => ledger.step(claim, step));
        },
        reconcile: async (claim) => unlessStuck(claim.sendId, () => ledger.reconcile(claim)),
      }),
    });
    await vi.waitFor(() => expect(isBusy).toBe(true), 20_000);
    await vi.waitFor(async () => {
      for (const id of others) {
        expect(await balancedBooks(db.database, id)).toMatchObject({ status: 'completed' });
      }
    }, 20_000);
    isOver = true;
    await scheduler.done;
    expect(await balancedBooks(db.database, busyId)).toMatchObject({ sent: 300, unknown: 0 });
  });
});

describe('a database that hangs', () => {
  test('does not hold up a stop', async () => {
    await set(200);
    const scheduler = schedule({ until: 'stopped', drainSeconds: 1 });
    await vi.waitFor(() => expect(smtp.messages.length).toBeGreaterThan(10), 10_000);
    process.kill(server.pid, 'SIGSTOP');
    try {
      await scheduler.stop();
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    expect(scheduler.events.at(-1)).toEqual({ kind: 'stopped' });
  });
});

describe('the reply of a COMMIT is lost', () => {
  const lost = () => new CampaignError('DATABASE_UNREACHABLE', 'connection lost');

  test.each([
    ['after it took effect', true],
    ['before it took effect', false],
  ])(
    '%s: what happened is read, nobody is unknown, nobody mailed twice',
    async (_, takesEffect) => {
      const sendId = await set(120);
      let steps = 0;
      await schedule({
        ledger: (ledger: Ledger) => ({
          ...ledger,
          step: async (...args) => {
            if (++steps % 3 !== 0) return ledger.step(...args);
            if (takesEffect) await ledger.step(...args);
            throw lost();
          },
        }),
      }).done;
      expect(await balancedBooks(db.database, sendId)).toMatchObject({
        status: 'completed',
        sent: 120,
        unknown: 0,
      });
      everyoneOnce(120);
      for (const row of await ledgerRows(db.database, sendId)) expect(row.attempts).toBe(1);
    },
  );

  test.each<[string, (step: Step) => boolean]>([
    ['what was recorded counts for the batch', ({ settlements }) => settlements.length > 0],
    ['rows marked and given back use up no more of it', ({ mark }) => mark.length > 0],
  ])('BATCH_SIZE and the cooldown hold all the same: %s', async (_, isLost) => {
    const sendId = await set(40);
    await db.database.run('UPDATE CAMPAIGN_SENDS SET BATCH_SIZE = 5 WHERE ID = ?', [sendId]);
    let losses = 0;
    const scheduler = schedule({
      until: 'once',
      ledger: (ledger: Ledger) => ({
        ...ledger,
        step: async (claim, step) => {
          const result = await ledger.step(claim, step);
          if (isLost(step) && losses++ === 0) throw lost();
          return result;
        },
      }),
    });
    await scheduler.done;
    expect(losses).toBeGreaterThan(0);
    expect(smtp.messages).toHaveLength(5);
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sent: 5, pending: 35 });
    expect(scheduler.events.find(({ kind }) => kind === 'batch-ended')).toMatchObject({ sent: 5 });
    const [row] = await db.database.rows<{ at: Date | null }>(
      'SELECT LAST_BATCH_AT AS at FROM CAMPAIGN_SENDS WHERE ID = ?',
      [sendId],
    );
    expect(row?.at).toBeInstanceOf(Date);
  });

  test('of a claim: it is let go by name at the next look, not after five minutes', async () => {
    const sendId = await set(10);
    let claims = 0;
    await schedule({
      ledger: (ledger: Ledger) => ({
        ...ledger,
        claim: async (...args) => {
          const claimed = await ledger.claim(...args);
          if (++claims === 1) throw lost();
          return claimed;
        },
      }),
    }).done;
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      status: 'completed',
      sent: 10,
    });
    everyoneOnce(10);
  });
});

describe('a holder that wakes late', () => {
  test('after a takeover starts nothing more, and what it never started goes back to pending', async () => {
    const sendId = await set(50);
    let skew = 0;
    const scheduler = schedule({
      clock: () => ({ monotonic: performance.now(), wall: Date.now() + skew }),
      ledger: (ledger: Ledger) => ({
        ...ledger,
        // The machine is suspended with the answer to a step on its way, and somebody takes over.
        step: async (claim, step) => {
          const result = await ledger.step(claim, step);
          if (step.mark.length > 0 && skew === 0) {
            skew = 301_000;
            await ageClaim(db.database, sendId);
            await ledger.reclaim({ sendId, by: claim.by }, 'another');
          }
          return result;
        },
      }),
    });
    await scheduler.done;
    expect(scheduler.events).toContainEqual(
      expect.objectContaining({ kind: 'claim-lost', settledLate: expect.any(Number) }),
    );
    expect(await balancedBooks(db.database, sendId)).toMatchObject({
      status: 'completed',
      sent: 50,
      unknown: 0,
    });
    everyoneOnce(50);
  });
});
