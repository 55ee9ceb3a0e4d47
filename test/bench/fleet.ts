import type { Settlement } from '../../src/domain/settlement.ts';
import { createLedger } from '../../src/store/ledger.ts';
import { createTestDatabase, type TestDatabase, type TestServer } from '../support/database.ts';
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

export const fleet: Bench = {
  name: 'fleet',
  summary: 'rows recorded a second by 1, 2 and 4 schedulers, against the statements alone',
  sizes: { recipients: 20_000, connections: 32, runs: 2 },
  smoke: { recipients: 300, connections: 8, runs: 1 },
  run: runBench,
};

const FLEETS = [1, 2, 4] as const;

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const recipients = size(sizes, 'recipients');
  const connections = size(sizes, 'connections');
  const server = await startBenchDatabase();
  const sinks = await Promise.all(
    FLEETS.slice(-1).flatMap((count) => Array.from({ length: count }, startSink)),
  );
  try {
    const parties: Record<string, () => Promise<number>> = {};
    for (const schedulers of FLEETS) {
      parties[words(schedulers)] = () => {
        context.say(words(schedulers));
        return onSends(server, schedulers, recipients, (database) =>
          sendAll(database, sinks.slice(0, schedulers), connections, recipients),
        );
      };
      parties[`${schedulers} × the statements alone`] = () => {
        context.say(`${schedulers} × the statements alone`);
        return onSends(server, schedulers, recipients, (database, ids) =>
          recordAll(database, ids, connections, recipients),
        );
      };
    }
    const rates = await inTurn(size(sizes, 'runs'), parties);
    const rate = (party: string): number => median(rates[party] ?? []);
    return {
      name: 'fleet',
      sizes,
      measures: Object.entries(rates).map(([party, values]) => ({ party, unit: 'rows/s', values })),
      goals: [],
      notes: [
        DATABASE_NOTE,
        ...FLEETS.map((count) => {
          const share = rate(words(count)) / rate(`${count} × the statements alone`);
          return `${words(count)}: ${Math.round(share * 100)} % of the statements alone, ${(rate(words(count)) / rate(words(1))).toFixed(2)} of one scheduler`;
        }),
        `"the statements alone": one process that marks and records, ${connections} rows at a time, and sends nothing`,
        'each scheduler has an smtp-sink of its own, all on the processors of this machine',
      ],
    };
  } finally {
    await Promise.all([server.stop(), ...sinks.map((sink) => sink.stop())]);
  }
}

const words = (schedulers: number): string => `${schedulers} scheduler${schedulers > 1 ? 's' : ''}`;

async function onSends(
  server: TestServer,
  sends: number,
  recipients: number,
  work: (database: TestDatabase, ids: number[]) => Promise<number>,
): Promise<number> {
  const database = await createTestDatabase(server.url);
  try {
    const ids: number[] = [];
    for (let i = 0; i < sends; i++) {
      ids.push(
        await seedLargeSend(database.database, {
          rows: recipients,
          sent: 0,
          batchSize: recipients,
        }),
      );
    }
    return await work(database, ids);
  } finally {
    await database.drop();
  }
}

/** A scheduler a sink, all on one database. @returns rows a second */
async function sendAll(
  { database, url }: TestDatabase,
  sinks: readonly PortServer[],
  connections: number,
  recipients: number,
): Promise<number> {
  const args = [
    'run-scheduler',
    '--until-idle',
    '--connections',
    String(connections),
    '--poll-seconds',
    '1',
  ];
  await Promise.all(sinks.map(({ port }) => campaign(args, { databaseUrl: url, smtpPort: port })));
  const [row] = await database.rows<{ sent: number; micros: number; started: number }>(
    `SELECT SUM(SENT_COUNT) AS sent, TIMESTAMPDIFF(MICROSECOND, MIN(STARTED_AT), MAX(FINISHED_AT)) AS micros
       FROM CAMPAIGN_SENDS`,
  );
  if (row?.sent !== recipients * sinks.length) throw new Error(`only ${row?.sent} were sent`);
  return row.sent / (row.micros / 1e6);
}

/** The statements of as many batches, one after the other in each, as fast as the database answers. */
async function recordAll(
  { connect }: TestDatabase,
  ids: readonly number[],
  rowsAtOnce: number,
  recipients: number,
): Promise<number> {
  const ledger = createLedger(connect({ connections: ids.length }));
  const begun = performance.now();
  await Promise.all(
    ids.map(async (id) => {
      const claimed = await ledger.claim(id, `bench:${id}`, false);
      if (!claimed) throw new Error('the send could not be claimed');
      let settlements: Settlement[] = [];
      for (let seq = 0; seq < recipients || settlements.length > 0; ) {
        const mark = Array.from(
          { length: Math.min(rowsAtOnce, recipients - seq) },
          (_, i) => seq + 1 + i,
        );
        const cursorSeq = seq + mark.length;
        const { kind } = await ledger.step(claimed.claim, {
          settlements,
          mark,
          skip: [],
          known: 0,
          fromSeq: seq,
          cursorSeq,
          settledSeq: seq,
        });
        if (kind !== 'done') throw new Error(`a step ended as ${kind}`);
        settlements = mark.map((row) => ({
          seq: row,
          to: 'sent',
          code: 250,
          enhanced: '2.0.0',
          text: 'Ok: queued',
        }));
        seq = cursorSeq;
      }
    }),
  );
  return (recipients * ids.length) / ((performance.now() - begun) / 1000);
}
