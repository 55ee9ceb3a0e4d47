import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/store/mysql/database.ts';
import { suppress } from '../../src/store/suppressions/suppress.ts';
import { createTestDatabase, type TestServer } from '../support/database.ts';
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
import { DATABASE_NOTE, type PortServer, startBenchDatabase, startSink } from './servers.ts';

export const suppressed: Bench = {
  name: 'suppressed',
  summary:
    'messages a second beside many suppressions that grow, and how fast a suppressed domain is passed over',
  sizes: { recipients: 50_000, entries: 1_000_000, rows: 100_000, connections: 32, runs: 3 },
  smoke: { recipients: 500, entries: 2_000, rows: 500, connections: 8, runs: 1 },
  run: runBench,
};

const FEW = 1;
const MANY = 1_000;
const ENTRIES_PER_INSERT = 100_000;
/** People are suppressed so many times a second at most. */
const TICKS = 50;

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const server = await startBenchDatabase();
  const sink = await startSink();
  const bench = { server, sink, sizes, context };
  try {
    const rates = await inTurn(size(sizes, 'runs'), {
      'nobody suppressed': () => rateOf(bench, 0, 0),
      'one more a second': () => rateOf(bench, size(sizes, 'entries'), FEW),
      '1,000 more a second': () => rateOf(bench, size(sizes, 'entries'), MANY),
    });
    const passing = await inTurn(size(sizes, 'runs'), {
      'a suppressed domain under a delay of 1 s': () => passOver(bench),
    });
    return {
      name: 'suppressed',
      sizes,
      measures: [
        ...Object.entries(rates).map(([party, values]) => ({ party, unit: 'messages/s', values })),
        ...Object.entries(passing).map(([party, values]) => ({ party, unit: 's', values })),
      ],
      goals: [
        {
          what: 'one more a second / nobody suppressed',
          value: median(rates['one more a second']) / median(rates['nobody suppressed']),
          bound: 'at least',
          limit: 0.97,
        },
        {
          what: 'seconds for a suppressed domain',
          value: median(passing['a suppressed domain under a delay of 1 s']),
          bound: 'at most',
          limit: 30,
        },
      ],
      notes: [DATABASE_NOTE, 'nobody of the list is among the suppressed, but for that domain'],
    };
  } finally {
    await Promise.all([server.stop(), sink.stop()]);
  }
}

interface Party {
  server: TestServer;
  sink: PortServer;
  sizes: Sizes;
  context: BenchContext;
}

/** @returns messages a second, from the claim to the last row recorded */
async function rateOf(
  { server, sink, sizes, context }: Party,
  entries: number,
  perSecond: number,
): Promise<number> {
  context.say(`${entries} suppressed, ${perSecond} more a second`);
  const db = await createTestDatabase(server.url);
  try {
    await seedSuppressions(db.database, entries);
    const recipients = size(sizes, 'recipients');
    const id = await seedLargeSend(db.database, {
      rows: recipients,
      sent: 0,
      batchSize: recipients,
    });
    // As a release does that has checked them all.
    await db.database.run(
      'UPDATE CAMPAIGN_SENDS SET CHECKED_VERSION = (SELECT V FROM CAMPAIGN_SUPPRESSION_VERSION) WHERE ID = ?',
      [id],
    );
    const ends = new AbortController();
    const adding = addSuppressions(db.database, perSecond, ends.signal);
    await runUntilIdle(db.url, sink, sizes);
    ends.abort();
    await adding;
    return recipients / (await secondsOf(db.database, id, 'SENT_COUNT', recipients));
  } finally {
    await db.drop();
  }
}

/** @returns how many seconds all rows of a send take that are of one suppressed domain */
async function passOver({ server, sink, sizes, context }: Party): Promise<number> {
  const rows = size(sizes, 'rows');
  context.say(`${rows} rows of a suppressed domain`);
  const db = await createTestDatabase(server.url);
  try {
    const id = await seedLargeSend(db.database, { rows, sent: 0, batchSize: 100 });
    await db.database.run(
      'UPDATE CAMPAIGN_SENDS SET DELAY_MS = 1000, COOLDOWN_SECONDS = 60 WHERE ID = ?',
      [id],
    );
    await suppress(db.database, [
      { emailNorm: '@example.org', topic: '', reason: 'bench', source: 'operator' },
    ]);
    await runUntilIdle(db.url, sink, sizes);
    return await secondsOf(db.database, id, 'SKIPPED_COUNT', rows);
  } finally {
    await db.drop();
  }
}

const runUntilIdle = (databaseUrl: string, { port }: PortServer, sizes: Sizes) =>
  campaign(['run-scheduler', '--until-idle', '--connections', String(size(sizes, 'connections'))], {
    databaseUrl,
    smtpPort: port,
  });

async function secondsOf(
  database: Database,
  id: number,
  column: 'SENT_COUNT' | 'SKIPPED_COUNT',
  expected: number,
): Promise<number> {
  const [row] = await database.rows<{ done: number; micros: number }>(
    `SELECT ${column} AS done, TIMESTAMPDIFF(MICROSECOND, STARTED_AT, FINISHED_AT) AS micros
       FROM CAMPAIGN_SENDS WHERE ID = ? AND STATUS = 'completed'`,
    [id],
  );
  if (row?.done !== expected) throw new Error(`${row?.done} of ${expected} were done`);
  return row.micros / 1e6;
}

async function seedSuppressions(database: Database, entries: number): Promise<void> {
  for (let from = 0; from < entries; from += ENTRIES_PER_INSERT) {
    const rows = Array.from({ length: Math.min(ENTRIES_PER_INSERT, entries - from) }, (_, n) => [
      `no.${from + n}@example.org`,
      'bench',
    ]);
    await database.run(
      "INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, CREATED_AT) SELECT a.E, a.R, UTC_TIMESTAMP(3) FROM JSON_TABLE(?, '$[*]' COLUMNS (E VARCHAR(320) PATH '$[0]', R VARCHAR(255) PATH '$[1]')) AS a",
      [JSON.stringify(rows)],
    );
  }
}

/** Until aborted. */
async function addSuppressions(
  database: Database,
  perSecond: number,
  ends: AbortSignal,
): Promise<void> {
  if (perSecond === 0) return;
  const begun = performance.now();
  for (let added = 0; !ends.aborted; ) {
    const due = Math.floor(((performance.now() - begun) / 1000) * perSecond) - added;
    if (due > 0) {
      await suppress(
        database,
        Array.from({ length: due }, (_, n) => ({
          emailNorm: `later.${added + n}@example.org`,
          topic: '',
          reason: 'bench',
          source: 'operator',
        })),
      );
      added += due;
    }
    await sleep(1000 / Math.min(TICKS, perSecond), undefined, { signal: ends }).catch(
      () => undefined,
    );
  }
}
