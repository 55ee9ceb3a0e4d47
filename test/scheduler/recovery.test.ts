import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Ledger } from '../../src/scheduler/ports.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { balancedBooks } from '../support/ledger.ts';
import { type RunningScheduler, startScheduler } from '../support/scheduler.ts';
import { seedQueuedSend } from '../support/seed.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

const CONNECTIONS = 4;
const BUSY = { reply: [421, '4.3.2 busy'] as [number, string] };

let db: TestDatabase;
let smtp: SmtpServer;
let scheduler: RunningScheduler | undefined;

beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(async () => {
  await scheduler?.stop().catch(() => undefined);
  await smtp.close();
  await db.drop();
});

/** A promise and what fulfils it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

test('rows marked while the server fails are sent once it is well, though timers fire early', async () => {
  const marking = gate();
  const trouble = gate();
  let came = 0;
  let failing = true;
  smtp = await startSmtpServer({
    onData: async () => {
      if (++came === 1 || !failing) return undefined;
      await marking.opened;
      return BUSY;
    },
  });
  let steps = 0;
  // All but the first message are refused while the step that records it is under way, and that commits afterwards.
  const held = (ledger: Ledger): Ledger => ({
    ...ledger,
    step: async (claim, step) => {
      if (++steps === 2) {
        expect(step.mark.length).toBeGreaterThan(0);
        marking.open();
        await trouble.opened;
      }
      return ledger.step(claim, step);
    },
  });
  const sendId = await seedQueuedSend(db.database, { recipients: 30 });
  scheduler = startScheduler(db.connect({ connections: 4 }), smtp.settings, {
    connections: CONNECTIONS,
    // By a clock that is slow every timer fires early.
    clock: () => ({ monotonic: performance.now() * 0.9, wall: Date.now() }),
    ledger: held,
    report: ({ kind }) => {
      if (kind !== 'server-trouble') return;
      failing = false;
      trouble.open();
    },
  });
  await scheduler.done;
  expect(await balancedBooks(db.database, sendId)).toMatchObject({ status: 'completed', sent: 30 });
});

test('a message that hangs on the wire does not keep the others from a server that is well again', async () => {
  const hung = gate();
  let came = 0;
  smtp = await startSmtpServer({
    onData: async () => {
      if (++came === 1) await hung.opened;
      else if (came <= CONNECTIONS) return BUSY;
      return undefined;
    },
  });
  const sendId = await seedQueuedSend(db.database, { recipients: 60 });
  scheduler = startScheduler(db.connect({ connections: 4 }), smtp.settings, {
    connections: CONNECTIONS,
  });
  await vi.waitFor(() => expect(smtp.messages.length).toBeGreaterThan(40), 15_000);
  hung.open();
  await scheduler.done;
  expect(await balancedBooks(db.database, sendId)).toMatchObject({ status: 'completed', sent: 60 });
});
