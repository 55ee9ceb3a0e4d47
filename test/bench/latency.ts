import { join } from 'node:path';
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
import { queueArguments, writeList, writeTemplates } from './sample.ts';
import { DATABASE_NOTE, startBenchDatabase, startDelayProxy, startSink } from './servers.ts';

export const latency: Bench = {
  name: 'latency',
  summary: 'round trips a message, to a server 20 ms away',
  sizes: { recipients: 4_000, connections: 8, roundtrip: 20, runs: 3 },
  smoke: { recipients: 100, connections: 8, roundtrip: 20, runs: 1 },
  run: runBench,
};

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const recipients = size(sizes, 'recipients');
  const connections = size(sizes, 'connections');
  const roundTripMs = size(sizes, 'roundtrip');
  const files = writeTemplates(context.directory);
  const list = join(context.directory, 'list.csv');
  await writeList(list, recipients);
  const sink = await startSink();
  const proxy = await startDelayProxy(sink.port, roundTripMs / 2);
  const server = await startBenchDatabase();
  try {
    const { campaign: roundTrips } = await inTurn(size(sizes, 'runs'), {
      campaign: async () => {
        context.say('campaign');
        const database = await createTestDatabase(server.url);
        try {
          await campaign(queueArguments(list, files, recipients), { databaseUrl: database.url });
          await campaign(['run-scheduler', '--until-idle', '--connections', String(connections)], {
            databaseUrl: database.url,
            smtpPort: proxy.port,
          });
          const [row] = await database.database.rows<{ sent: number; micros: number }>(
            `SELECT SENT_COUNT AS sent, TIMESTAMPDIFF(MICROSECOND, STARTED_AT, FINISHED_AT) AS micros
               FROM CAMPAIGN_SENDS WHERE STATUS = 'completed'`,
          );
          if (row?.sent !== recipients) throw new Error(`${row?.sent} of ${recipients} were sent`);
          return ((row.micros / 1000) * connections) / (recipients * roundTripMs);
        } finally {
          await database.drop();
        }
      },
    });
    return {
      name: 'latency',
      sizes,
      measures: [{ party: 'campaign', unit: 'round trips/message', values: roundTrips }],
      goals: [
        { what: 'round trips a message', value: median(roundTrips), bound: 'at most', limit: 2 },
      ],
      notes: [
        DATABASE_NOTE,
        'time × connections / (messages × round trip): opening the connections and waiting for the database count too',
        'the delay of the proxy is a timer of whole milliseconds, so a round trip takes a little longer than said',
      ],
    };
  } finally {
    await Promise.all([server.stop(), proxy.stop(), sink.stop()]);
  }
}
