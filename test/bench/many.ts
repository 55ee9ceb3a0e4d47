import { createLedger } from '../../src/store/ledger.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import { listSnapshots } from '../../src/store/sends/row.ts';
import { createTestDatabase } from '../support/database.ts';
import { campaign } from './processes.ts';
import {
  type Bench,
  type BenchContext,
  type BenchResult,
  inTurn,
  median,
  type Sizes,
  size,
} from './report.ts';
import { seedLargeSend } from './sample.ts';
import { DATABASE_NOTE, startBenchDatabase, startSink } from './servers.ts';

export const many: Bench = {
  name: 'many',
  summary: 'many sends due at once, many more finished, and fair turns',
  sizes: { sends: 1_000, finished: 100_000, rounds: 30 },
  smoke: { sends: 20, finished: 200, rounds: 3 },
  run: runBench,
};

const SMALL_SEND = 10;
const BATCH = 5;
/** Recipients of the large send, as a multiple of those of all small ones together. */
const LARGE_TIMES = 1;
const ROWS_PER_INSERT = 1_000;

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const sends = size(sizes, 'sends');
  const server = await startBenchDatabase();
  const sink = await startSink();
  try {
    const { database, url } = await createTestDatabase(server.url);
    const crowded = (await createTestDatabase(server.url)).database;
    context.say(`${sends.toLocaleString('en-US')} sends due, and a large one before them`);
    for (const db of [database, crowded]) {
      await seedLargeSend(db, {
        rows: sends * SMALL_SEND * LARGE_TIMES,
        sent: 0,
        batchSize: BATCH,
      });
      for (let i = 0; i < sends; i++)
        await seedLargeSend(db, { rows: SMALL_SEND, sent: 0, batchSize: BATCH });
    }
    context.say(`${size(sizes, 'finished').toLocaleString('en-US')} finished sends`);
    await seedFinished(crowded, size(sizes, 'finished'));
    const ticks = await inTurn(size(sizes, 'rounds'), {
      alone: () => timed(() => tick(database)),
      crowded: () => timed(() => tick(crowded)),
      'list alone': () => timed(() => listSnapshots(database, { limit: 20 })),
      'list crowded': () => timed(() => listSnapshots(crowded, { limit: 20 })),
    });
    context.say('sending all of it');
    await campaign(['run-scheduler', '--until-idle', '--connections', '8', '--poll-seconds', '1'], {
      databaseUrl: url,
      smtpPort: sink.port,
    });
    const turns = await readTurns(database);
    return {
      name: 'many',
      sizes,
      measures: [
        { party: 'tick', unit: 'ms', values: ticks.alone },
        { party: 'tick, with the finished ones', unit: 'ms', values: ticks.crowded },
        { party: 'list', unit: 'ms', values: ticks['list alone'] },
        { party: 'list, with the finished ones', unit: 'ms', values: ticks['list crowded'] },
        { party: 'all sends', unit: 's', values: [turns.seconds] },
        { party: 'every send had begun after', unit: 's', values: [turns.lastBegunSeconds] },
        { party: 'messages', unit: 'a second', values: [turns.messages / turns.seconds] },
      ],
      goals: [
        {
          what: 'tick with the finished ones / without',
          value: median(ticks.crowded) / median(ticks.alone),
          bound: 'at most',
          limit: 1.2,
        },
        {
          what: 'share of the time until all small sends were done',
          value: turns.smallDoneShare,
          bound: 'at most',
          limit: 1,
        },
        {
          what: 'share of the time until every send had begun',
          value: turns.lastBegunSeconds / turns.seconds,
          bound: 'at most',
          limit: 0.6,
        },
      ],
      notes: [
        DATABASE_NOTE,
        `small sends of ${SMALL_SEND}, batches of ${BATCH}; the large one has as many recipients as all of them and is the first`,
      ],
    };
  } finally {
    await Promise.all([server.stop(), sink.stop()]);
  }
}

async function tick(database: Database): Promise<void> {
  const ledger = createLedger(database);
  await ledger.findStale();
  await ledger.findWork(200);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function seedFinished(database: Database, count: number): Promise<void> {
  for (let start = 0; start < count; start += ROWS_PER_INSERT) {
    const rows = Array.from({ length: Math.min(ROWS_PER_INSERT, count - start) }, (_, i) => [
      `finished ${start + i}`,
      'completed',
      100,
      0,
      5,
      5,
      1000,
      1000,
      1000,
      1000,
      1000,
      new Date(),
      new Date(),
      new Date(),
    ]);
    await database.run(
      `INSERT INTO CAMPAIGN_SENDS (NAME, STATUS, BATCH_SIZE, DELAY_MS, COOLDOWN_SECONDS, MAX_ATTEMPTS, TOTAL_COUNT,
              SENT_COUNT, CURSOR_SEQ, SETTLED_SEQ, LAST_SEQ, LAST_BATCH_AT, CREATED_AT, FINISHED_AT) VALUES ?`,
      [rows],
    );
  }
  await database.rows('ANALYZE TABLE CAMPAIGN_SENDS');
}

interface Turns {
  seconds: number;
  messages: number;
  lastBegunSeconds: number;
  smallDoneShare: number;
}

async function readTurns(database: Database): Promise<Turns> {
  const [row] = await database.rows<{
    total: number;
    begun: number;
    small: number;
    messages: number;
    open: number;
  }>(
    `SELECT TIMESTAMPDIFF(MICROSECOND, MIN(STARTED_AT), MAX(FINISHED_AT)) AS total,
            TIMESTAMPDIFF(MICROSECOND, MIN(STARTED_AT), MAX(STARTED_AT)) AS begun,
            TIMESTAMPDIFF(MICROSECOND, MIN(STARTED_AT), MAX(IF(TOTAL_COUNT = ?, FINISHED_AT, NULL))) AS small,
            SUM(SENT_COUNT) AS messages, COUNT(IF(STATUS = 'completed', NULL, 1)) AS open
       FROM CAMPAIGN_SENDS`,
    [SMALL_SEND],
  );
  if (!row || row.open > 0) throw new Error(`${row?.open} sends did not complete`);
  return {
    seconds: row.total / 1e6,
    messages: row.messages,
    lastBegunSeconds: row.begun / 1e6,
    smallDoneShare: row.small / row.total,
  };
}
