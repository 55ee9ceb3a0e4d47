import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Settlement } from '../../src/domain/settlement.ts';
import { createLedger } from '../../src/store/ledger.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import { listSnapshots } from '../../src/store/sends/row.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { rowsRead } from '../support/rows-read.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';

const SENDS = 1_000;
const ROWS = 20_000;
const BATCH = 50;
const DEFERRED = 10;

let db: TestDatabase;
let pool: Database;
let ledger: ReturnType<typeof createLedger>;

beforeAll(async () => {
  db = await createTestDatabase();
  pool = db.connect({ connections: 1 });
  ledger = createLedger(pool);
});
afterAll(() => db.drop());

/** Adds a send's row so many times again. */
const copy = (sendId: number, count: number): Promise<unknown> =>
  pool.run(
    `INSERT INTO CAMPAIGN_SENDS (NAME, STATUS, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS, TOTAL_COUNT,
            CURSOR_SEQ, LAST_SEQ, CREATED_AT, START_AT)
     WITH RECURSIVE N AS (SELECT 1 AS I UNION ALL SELECT I + 1 FROM N WHERE I < ?)
     SELECT NAME, STATUS, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS, TOTAL_COUNT,
            CURSOR_SEQ, LAST_SEQ, CREATED_AT, START_AT
       FROM CAMPAIGN_SENDS, N WHERE ID = ?`,
    [count, sendId],
  );

const TABLES = ['CAMPAIGN_SENDS', 'CAMPAIGN_SEND_RESULTS', 'CAMPAIGN_SEND_EVENTS'];

/** Tables are opened here, which reads the server's own. */
async function analyze(): Promise<void> {
  await pool.rows(`ANALYZE TABLE ${TABLES.join(', ')}`);
  for (const table of TABLES) await pool.rows(`SELECT 1 FROM ${table} LIMIT 1`);
}

test.each([
  ['running', "STATUS = 'running' AND CLAIMED_BY IS NULL AND SENDING_COUNT = 0"],
  ['running', "STATUS = 'running'"],
  ['paused', "STATUS IN ('running', 'paused')"],
  ['importing', "STATUS = 'importing' AND TOTAL_COUNT = 10"],
] as const)('a send that is %s is found, and locked, by its id: %s', async (status, condition) => {
  const sendId = await seedSendWithRows(pool, rowsOf({ pending: 10 }), { status });
  await copy(sendId, 20);
  await analyze();
  const [plan] = await pool.rows<{ key: string }>(
    `EXPLAIN FORMAT=TRADITIONAL UPDATE CAMPAIGN_SENDS SET NAME = NAME WHERE ID = ? AND ${condition}`,
    [sendId],
  );
  expect(plan?.key).toBe('PRIMARY');
});

test.each(['importing', 'running', 'scheduled', 'paused'] as const)(
  'rows read for a list of sends that are %s are those of such sends, though all others are newer',
  async (status) => {
    await pool.run('DELETE FROM CAMPAIGN_SENDS');
    const scheduled = status === 'scheduled';
    const sendId = await seedSendWithRows(pool, rowsOf({ pending: 1 }), {
      status: scheduled ? 'running' : status,
      ...(scheduled ? { startInSeconds: 3600 } : {}),
    });
    await copy(sendId, 9);
    for (const other of ['running', 'paused', 'completed', 'cancelled', 'importing'] as const) {
      if (other !== status)
        await copy(await seedSendWithRows(pool, [], { status: other }), SENDS - 1);
    }
    await analyze();
    const { read, result } = await rowsRead(pool, () => listSnapshots(pool, { status, limit: 5 }));
    expect(result).toHaveLength(5);
    expect(read).toBeLessThanOrEqual(60);
  },
);

describe('rows read by a scheduler', () => {
  test('that looks for work are those of the work it takes, however many sends are due, paused or finished', async () => {
    for (const status of ['running', 'paused', 'completed'] as const) {
      await copy(await seedSendWithRows(pool, rowsOf({ pending: 10 }), { status }), SENDS - 1);
    }
    await analyze();
    for (const limit of [20, 200]) {
      const { read, result } = await rowsRead(pool, async () => {
        await ledger.findStale();
        await ledger.findSilent();
        await ledger.findNeighbours('b', 'w');
        await ledger.findClaimsOf('w');
        return ledger.findWork(limit);
      });
      expect(result).toHaveLength(limit);
      // Each is read from the index and from the union, and once more in order.
      expect(read).toBeLessThanOrEqual(3 * limit + 20);
    }
  });

  test.each([
    ['untouched', 0],
    ['in the middle, with rows deferred', ROWS / 2],
  ])('for a batch of a send, %s, are those of the batch', async (_, cursor) => {
    const deferred = cursor === 0 ? 0 : DEFERRED;
    const sendId = await seedSendWithRows(
      pool,
      [
        ...rowsOf({ sent: cursor - deferred }),
        ...Array.from({ length: deferred }, () => ({ status: 'pending', deferred: true }) as const),
        ...rowsOf({ pending: ROWS }),
      ],
      { cooldownSeconds: 0 },
    );
    await pool.run('UPDATE CAMPAIGN_SENDS SET SETTLED_SEQ = CURSOR_SEQ WHERE ID = ?', [sendId]);
    await analyze();

    const claimed = await rowsRead(pool, () => ledger.claim(sendId, 'worker', false));
    if (!claimed.result) throw new Error('the send was not claimed');
    const { claim } = claimed.result;
    const next = await rowsRead(pool, () =>
      ledger.nextRows(sendId, { afterSeq: cursor, untouched: BATCH, deferred: BATCH }),
    );
    const rows = [...next.result.deferred, ...next.result.untouched].map(({ seq }) => seq);
    expect(rows).toHaveLength(deferred + BATCH);
    const last = cursor + BATCH;
    const settlements = rows.map(
      (seq): Settlement => ({ seq, to: 'sent', code: 250, enhanced: null, text: 'Ok' }),
    );
    const mark = await rowsRead(pool, () =>
      ledger.step(claim, {
        settlements: [],
        mark: rows,
        skip: [],
        known: 0,
        fromSeq: cursor,
        cursorSeq: last,
        settledSeq: cursor,
      }),
    );
    const record = await rowsRead(pool, () =>
      ledger.step(claim, {
        settlements,
        mark: [],
        skip: [],
        known: 0,
        fromSeq: last,
        cursorSeq: last,
        settledSeq: last,
      }),
    );
    const end = await rowsRead(pool, () =>
      ledger.endBatch(claim, { worked: true, exhausted: false }),
    );
    expect([mark.result.kind, record.result.kind, end.result.kind]).toEqual([
      'done',
      'done',
      'released',
    ]);
    const few = rows.length + 10;
    expect(claimed.read).toBeLessThanOrEqual(10);
    expect(next.read).toBeLessThanOrEqual(few);
    expect(mark.read).toBeLessThanOrEqual(few);
    expect(record.read).toBeLessThanOrEqual(few);
    expect(end.read).toBeLessThanOrEqual(10);
  });
});
