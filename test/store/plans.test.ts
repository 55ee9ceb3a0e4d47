import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Settlement } from '../../src/domain/settlement.ts';
import { createLedger } from '../../src/store/ledger.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import { listSnapshots } from '../../src/store/sends/row.ts';
import { skipSuppressed } from '../../src/store/suppressions/skip.ts';
import { suppress } from '../../src/store/suppressions/suppress.ts';
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

  test('are no sends that need a DKIM key it has not, however many wait for one', async () => {
    const needing = async (domain: string, count: number): Promise<void> => {
      const id = await seedSendWithRows(pool, rowsOf({ pending: 10 }));
      await pool.run("UPDATE CAMPAIGN_SENDS SET DKIM = 'required', FROM_DOMAIN = ? WHERE ID = ?", [
        domain,
        id,
      ]);
      await pool.run(
        `INSERT INTO CAMPAIGN_SENDS (NAME, STATUS, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS, TOTAL_COUNT,
                CURSOR_SEQ, LAST_SEQ, CREATED_AT, DKIM, FROM_DOMAIN)
         WITH RECURSIVE N AS (SELECT 1 AS I UNION ALL SELECT I + 1 FROM N WHERE I < ?)
         SELECT NAME, STATUS, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS, TOTAL_COUNT,
                CURSOR_SEQ, LAST_SEQ, CREATED_AT, DKIM, FROM_DOMAIN
           FROM CAMPAIGN_SENDS, N WHERE ID = ?`,
        [count - 1, id],
      );
    };
    await pool.run('DELETE FROM CAMPAIGN_SENDS');
    // What comes before and behind those of the key, as they are read.
    for (const domain of ['example.net', 'anexample.org', 'example.orga', 'example.com']) {
      await needing(domain, SENDS / 4);
    }
    await needing('example.org', 3);
    await needing('news.example.org', 3);
    await seedSendWithRows(pool, rowsOf({ pending: 10 }));
    await analyze();
    const foundBy = async (...domains: string[]) => {
      const one = createLedger(pool, undefined, { dkimDomains: domains });
      const { read, result } = await rowsRead(pool, () => one.findWork(200));
      expect(read).toBeLessThanOrEqual(3 * result.length + 30);
      return result.length;
    };
    expect(await foundBy()).toBe(1);
    expect(await foundBy('example.org')).toBe(7);
    expect(await foundBy('news.example.org', 'other.example')).toBe(4);
    const { read, result } = await rowsRead(pool, () =>
      createLedger(pool, undefined, { dkimDomains: ['example.org'] }).findUnsignable(),
    );
    expect(result).toHaveLength(20);
    expect(read).toBeLessThanOrEqual(60);
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

describe('rows read of the suppressions, however many there are', () => {
  const no = { topic: '', reason: 'asked to', source: 'test' };
  const MANY = 20_000;
  let sendId: number;
  let known: number;

  beforeAll(async () => {
    await pool.run(
      `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, CREATED_AT, VERSION)
       WITH RECURSIVE N AS (SELECT 1 AS I UNION ALL SELECT I + 1 FROM N WHERE I < 1000)
       SELECT CONCAT('s', a.I, '-', b.I, '@else.example'), 'x', UTC_TIMESTAMP(3), 1 FROM N a, N b WHERE b.I <= ?`,
      [MANY / 1000],
    );
    await pool.run('UPDATE CAMPAIGN_SUPPRESSION_VERSION SET V = 1, BULK = 0');
    await pool.rows('ANALYZE TABLE CAMPAIGN_SUPPRESSIONS');
    sendId = await seedSendWithRows(pool, rowsOf({ pending: BATCH }), { cooldownSeconds: 0 });
    await suppress(pool, [{ ...no, emailNorm: 'r3@example.org' }]);
    known = 1;
  });

  test('for what has changed are those that did', async () => {
    const { read, result } = await rowsRead(pool, () => ledger.suppressionChanges(known, ''));
    expect(result.names).toEqual(['r3@example.org']);
    expect(read).toBeLessThanOrEqual(5);
  });

  test('by a step that checks its rows are those of their addresses and domains', async () => {
    const claimed = await ledger.claim(sendId, 'worker', false);
    if (!claimed) throw new Error('the send was not claimed');
    const norms = Array.from({ length: BATCH }, (_, i) => `r${i + 1}@example.org`);
    const seqs = norms.map((_, i) => i + 1);
    const { read, result } = await rowsRead(pool, () =>
      ledger.checkedStep(claimed.claim, { known, topic: '', norms }, ({ suppressed }) => ({
        settlements: [],
        mark: seqs.filter((seq) => !suppressed.has(`r${seq}@example.org`)),
        skip: [{ seq: 3, text: 'suppressed: asked to' }],
        known: null,
        fromSeq: 0,
        cursorSeq: BATCH,
        settledSeq: 0,
      })),
    );
    expect(result).toEqual({ kind: 'done' });
    expect(read).toBeLessThanOrEqual(5 * BATCH);
  });

  test('by the release of an import are a few for each recipient', async () => {
    const importing = await seedSendWithRows(pool, rowsOf({ pending: 1000 }), {
      status: 'importing',
    });
    const { read, result } = await rowsRead(pool, () => skipSuppressed(pool, importing));
    expect(result.skipped).toBe(1);
    expect(read).toBeLessThanOrEqual(5 * 1000);
  });
});
