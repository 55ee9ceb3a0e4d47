import { afterAll, beforeAll, expect, test } from 'vitest';
import { RefusalWatch } from '../../../src/domain/refusal-watch.ts';
import { NoMailboxes } from '../../../src/scheduler/batch/no-mailboxes.ts';
import { type OpenSend, OpenSends } from '../../../src/scheduler/batch/open-sends.ts';
import { Suppressions } from '../../../src/scheduler/batch/suppressions.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { collectGarbage } from '../../support/garbage.ts';
import { startScheduler } from '../../support/scheduler.ts';
import { seedQueuedSend } from '../../support/seed.ts';
import { startSmtpServer } from '../../support/smtp.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const openSend = (sendId: number, version = 1): OpenSend => ({
  sendId,
  version,
  goesFirst: false,
  message: {
    files: [],
    rowFilesBytes: 0,
    leastBytes: 0,
    fill: () => ({
      envelope: { from: 'a@example.com', to: 'b@example.com', utf8: false },
      header: '\r\n',
      body: [],
    }),
  },
  watch: new RefusalWatch({ block: 20, lostReplies: 16 }),
  suppressions: new Suppressions('', 0, { findSuppressed: async () => new Map() }),
  noMailboxes: new NoMailboxes({ suppress: async () => undefined }, () => undefined),
  lastStart: null,
  serverFailures: { count: 0, atSuccesses: 0 },
});

test('a send idle for the TTL is dropped when the next one is opened, one at work is kept', async () => {
  let now = 0;
  const openSends = new OpenSends(1_000, () => now);
  await openSends.use(1, 1, async () => openSend(1));
  await openSends.use(2, 1, async () => openSend(2));
  openSends.done(2);
  now = 999;
  await openSends.use(3, 1, async () => openSend(3));
  expect(openSends.size).toBe(3);
  now = 1_000;
  await openSends.use(4, 1, async () => openSend(4));
  expect([1, 2, 3, 4].map((id) => openSends.has(id))).toEqual([true, false, true, true]);
});

test('a send is opened once, and again after it was dropped', async () => {
  let now = 0;
  let opened = 0;
  const openSends = new OpenSends(1_000, () => now);
  const open = async () => openSend(++opened);
  await openSends.use(1, 1, open);
  await openSends.use(1, 1, open);
  expect(opened).toBe(1);
  openSends.done(1);
  openSends.done(1);
  now = 2_000;
  await openSends.use(2, 1, open);
  await openSends.use(1, 1, open);
  expect(opened).toBe(3);
});

test('a send is opened anew with another version of its message, told what it was before', async () => {
  const openSends = new OpenSends(1_000, () => 0);
  const first = await openSends.use(1, 1, async () => openSend(1));
  openSends.done(1);
  let before: OpenSend | undefined;
  const second = await openSends.use(1, 2, async (known) => {
    before = known;
    return openSend(1, 2);
  });
  expect(before).toBe(first);
  expect(await openSends.use(1, 2, async () => openSend(1, 3))).toBe(second);
  expect(openSends.size).toBe(1);
});

test('thousands of small sends through one process leave neither open sends nor heap behind', async () => {
  const smtp = await startSmtpServer({
    onData: () => {
      smtp.messages.length = 0;
      return undefined;
    },
  });
  const sizes: number[] = [];
  const heap: number[] = [];
  const total = 1_000;
  await db.database.transaction(async (tx) => {
    for (let i = 0; i < total; i++) {
      await seedQueuedSend(tx, { emails: [`p${i}@example.org`], text: 'x'.repeat(20_000) });
    }
  });
  let done = 0;
  const scheduler = startScheduler(db.connect({ connections: 4 }), smtp.settings, {
    sessionTtlSeconds: 0,
    report: (event) => {
      if (event.kind !== 'session-opened') return;
      sizes.push(event.open);
      if (++done % (total / 10) === 0) {
        collectGarbage();
        heap.push(process.memoryUsage().heapUsed);
      }
    },
  });
  await scheduler.done;
  await smtp.close();
  const [unfinished] = await db.database.rows<{ n: number }>(
    "SELECT COUNT(*) AS n FROM CAMPAIGN_SENDS WHERE STATUS <> 'completed'",
  );
  expect(unfinished?.n).toBe(0);
  expect(sizes).toHaveLength(total);
  expect(Math.max(...sizes)).toBeLessThan(40);
  expect(heap.at(-1)).toBeLessThan((heap[0] ?? 0) + 10_000_000);
}, 240_000);
