import { join } from 'node:path';
import { createTestDatabase, type TestServer } from '../support/database.ts';
import { findClient, loadData } from './load-data.ts';
import { campaign, cpuSeconds } from './processes.ts';
import {
  type Bench,
  type BenchContext,
  type BenchResult,
  inTurn,
  median,
  type Sizes,
  size,
} from './report.ts';
import { emailOf, queueArguments, writeLines, writeList, writeTemplates } from './sample.ts';
import { DATABASE_NOTE, type PortServer, startBenchDatabase, startSink } from './servers.ts';

export const suppressImport: Bench = {
  name: 'suppress-import',
  summary: 'suppressions a second by import, against LOAD DATA LOCAL, and a send meanwhile',
  sizes: { entries: 1_000_000, recipients: 50_000, connections: 32, runs: 3 },
  smoke: { entries: 5_000, recipients: 500, connections: 8, runs: 1 },
  run: runBench,
};

/** Nobody of the list that is sent to. */
const suppressed = (n: number): string => `no.${emailOf(n)}`;

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const entries = size(sizes, 'entries');
  const files = writeTemplates(context.directory);
  const list = join(context.directory, 'list.csv');
  const exported = join(context.directory, 'bounces.csv');
  const rows = join(context.directory, 'rows.tsv');
  context.say('making the lists');
  await writeList(list, size(sizes, 'recipients'));
  await writeLines(exported, 'status,reason,email,created', entries, (n) =>
    ['5.1.1', '550 5.1.1 no such user', suppressed(n), 1_700_000_000 + n].join(','),
  );
  await writeLines(rows, '', entries, (n) =>
    [
      suppressed(n),
      '',
      '5.1.1 550 5.1.1 no such user',
      'import',
      new Date((1_700_000_000 + n) * 1000).toISOString().slice(0, 19).replace('T', ' '),
    ].join('\t'),
  );
  const client = findClient();
  const server = await startBenchDatabase();
  const sink = await startSink();
  const cpu = { campaign: [] as number[], database: [] as number[], loading: [] as number[] };
  const perEntry = (seconds: number): number => (seconds / entries) * 1e6;
  const queue = queueArguments(list, files, size(sizes, 'recipients'));
  try {
    const rates = await inTurn(size(sizes, 'runs'), {
      'LOAD DATA LOCAL': async () => {
        context.say('LOAD DATA LOCAL');
        const database = await createTestDatabase(server.url);
        try {
          const before = cpuSeconds(server.pid);
          const { seconds } = await loadData(client, database, rows, 'CAMPAIGN_SUPPRESSIONS', [
            'EMAIL_NORM',
            'TOPIC',
            'REASON',
            'SOURCE',
            'CREATED_AT',
          ]);
          cpu.loading.push(perEntry(cpuSeconds(server.pid) - before));
          return entries / seconds;
        } finally {
          await database.drop();
        }
      },
      'suppress import': async () => {
        context.say('campaign suppress import');
        const database = await createTestDatabase(server.url);
        try {
          const before = cpuSeconds(server.pid);
          const finished = await campaign(['suppress', 'import', exported], {
            databaseUrl: database.url,
          });
          cpu.campaign.push(perEntry(finished.cpuSeconds));
          cpu.database.push(perEntry(cpuSeconds(server.pid) - before));
          return entries / finished.seconds;
        } finally {
          await database.drop();
        }
      },
    });
    const sends = await inTurn(size(sizes, 'runs'), {
      'send alone': () => sendOnce(server, sink, queue, sizes, context, null),
      'send during an import': () => sendOnce(server, sink, queue, sizes, context, exported),
    });
    const perSecond = Object.entries(rates).map(([party, values]) => ({
      party,
      unit: 'entries/s',
      values,
    }));
    return {
      name: 'suppress-import',
      sizes,
      measures: [
        ...perSecond,
        ...Object.entries(sends).map(([party, values]) => ({ party, unit: 'messages/s', values })),
        { party: 'CPU of campaign', unit: 'µs/entry', values: cpu.campaign },
        { party: 'CPU of the database', unit: 'µs/entry', values: cpu.database },
        { party: 'CPU of the database under LOAD DATA', unit: 'µs/entry', values: cpu.loading },
      ],
      goals: [
        {
          what: 'suppress import / LOAD DATA LOCAL',
          value: median(rates['suppress import']) / median(rates['LOAD DATA LOCAL']),
          bound: 'at least',
          limit: 0.5,
        },
        {
          what: 'send during an import / send alone',
          value: median(sends['send during an import']) / median(sends['send alone']),
          bound: 'at least',
          limit: 0.8,
        },
      ],
      notes: [
        DATABASE_NOTE,
        `LOAD DATA by ${client}, rows prepared beforehand, in one transaction; an export of bounces for campaign, from its prompt to its result`,
      ],
    };
  } finally {
    await Promise.all([server.stop(), sink.stop()]);
  }
}

/** @param exported imported meanwhile, again and again, each time into an empty table */
async function sendOnce(
  server: TestServer,
  sink: PortServer,
  queue: string[],
  sizes: Sizes,
  context: BenchContext,
  exported: string | null,
): Promise<number> {
  context.say(exported === null ? 'a send' : 'a send during an import');
  const database = await createTestDatabase(server.url);
  try {
    await campaign(queue, { databaseUrl: database.url });
    let sending = true;
    const importing = async (): Promise<void> => {
      while (sending && exported !== null) {
        await database.database.run('TRUNCATE TABLE CAMPAIGN_SUPPRESSIONS');
        await campaign(['suppress', 'import', exported], { databaseUrl: database.url });
      }
    };
    const imports = importing();
    await campaign(
      ['run-scheduler', '--until-idle', '--connections', String(size(sizes, 'connections'))],
      { databaseUrl: database.url, smtpPort: sink.port },
    );
    sending = false;
    const [row] = await database.database.rows<{ sent: number; micros: number }>(
      `SELECT SENT_COUNT AS sent, TIMESTAMPDIFF(MICROSECOND, STARTED_AT, FINISHED_AT) AS micros
         FROM CAMPAIGN_SENDS WHERE STATUS = 'completed'`,
    );
    await imports;
    const recipients = size(sizes, 'recipients');
    if (row?.sent !== recipients) throw new Error(`${row?.sent} of ${recipients} were sent`);
    return recipients / (row.micros / 1e6);
  } finally {
    await database.drop();
  }
}
