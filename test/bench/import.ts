import { join } from 'node:path';
import { createTestDatabase, type TestDatabase, type TestServer } from '../support/database.ts';
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
import { emailOf, queueArguments, writeLines, writeTemplates } from './sample.ts';
import { DATABASE_NOTE, startBenchDatabase } from './servers.ts';

export const importing: Bench = {
  name: 'import',
  summary: 'lines a second into the ledger, against LOAD DATA LOCAL',
  sizes: { lines: 1_000_000, runs: 3 },
  smoke: { lines: 5_000, runs: 1 },
  run: runBench,
};

const LOADED_TABLE = 'LOADED';
const COLUMNS = ['SEND_ID', 'SEQ', 'EMAIL', 'EMAIL_NORM', 'FIELDS'];

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const lines = size(sizes, 'lines');
  const files = writeTemplates(context.directory);
  const list = join(context.directory, 'list.csv');
  const rows = join(context.directory, 'rows.tsv');
  context.say('making the list');
  const fields = (n: number): string[] => [`First${n % 997}`, `City${n % 101}`, `C-${n}`];
  await writeLines(list, 'email,first_name,city,code', lines, (n) =>
    [emailOf(n), ...fields(n)].join(','),
  );
  await writeLines(rows, '', lines, (n) => {
    const [first_name, city, code] = fields(n);
    return [1, n, emailOf(n), emailOf(n), JSON.stringify({ first_name, city, code })].join('\t');
  });
  // The templates of the sending benches name fields that this list has not.
  const template = join(context.directory, 'import.txt');
  await writeLines(template, '', 1, () => 'Hello {{ first_name }}');
  const queue = queueArguments(list, files, 100).flatMap((argument, i, all) => {
    if (argument === '--html' || all[i - 1] === '--html') return [];
    if (all[i - 1] === '--text') return [template];
    return [
      argument.replace('{{ first_name }}, what is new in {{ city }}', 'Hello {{ first_name }}'),
    ];
  });
  const client = findClient();
  const server = await startBenchDatabase();
  const peaks: number[] = [];
  const cpu = { campaign: [] as number[], database: [] as number[], loading: [] as number[] };
  try {
    const rates = await inTurn(size(sizes, 'runs'), {
      'LOAD DATA LOCAL': () =>
        onDatabase(server, async (database) => {
          context.say('LOAD DATA LOCAL');
          const before = cpuSeconds(server.pid);
          await database.database.run(`CREATE TABLE ${LOADED_TABLE} LIKE CAMPAIGN_SEND_RESULTS`);
          const { seconds } = await loadData(client, database, rows, LOADED_TABLE, COLUMNS);
          cpu.loading.push(((cpuSeconds(server.pid) - before) / lines) * 1e6);
          await expectRows(database, LOADED_TABLE, lines);
          return lines / seconds;
        }),
      campaign: () =>
        onDatabase(server, async (database) => {
          context.say('campaign queue');
          const before = cpuSeconds(server.pid);
          const finished = await campaign(queue, { databaseUrl: database.url });
          peaks.push(finished.peakMb);
          cpu.campaign.push((finished.cpuSeconds / lines) * 1e6);
          cpu.database.push(((cpuSeconds(server.pid) - before) / lines) * 1e6);
          await expectRows(database, 'CAMPAIGN_SEND_RESULTS', lines);
          return lines / finished.seconds;
        }),
    });
    return {
      name: 'import',
      sizes,
      measures: [
        ...Object.entries(rates).map(([party, values]) => ({ party, unit: 'lines/s', values })),
        { party: 'memory of campaign at its highest', unit: 'MB', values: peaks },
        { party: 'CPU of campaign', unit: 'µs/line', values: cpu.campaign },
        { party: 'CPU of the database', unit: 'µs/line', values: cpu.database },
        { party: 'CPU of the database under LOAD DATA', unit: 'µs/line', values: cpu.loading },
      ],
      goals: [
        {
          what: 'campaign / LOAD DATA LOCAL',
          value: median(rates.campaign) / median(rates['LOAD DATA LOCAL']),
          bound: 'at least',
          limit: 0.7,
        },
        { what: 'memory in MB', value: Math.max(...peaks), bound: 'at most', limit: 150 },
      ],
      notes: [
        DATABASE_NOTE,
        `LOAD DATA by ${client}, rows prepared beforehand, in one transaction; campaign from its prompt to its id, checks and counting included`,
      ],
    };
  } finally {
    await server.stop();
  }
}

async function onDatabase<T>(
  server: TestServer,
  work: (database: TestDatabase) => Promise<T>,
): Promise<T> {
  const database = await createTestDatabase(server.url);
  try {
    return await work(database);
  } finally {
    await database.drop();
  }
}

async function expectRows(
  { database }: TestDatabase,
  table: string,
  expected: number,
): Promise<void> {
  const [row] = await database.rows<{ count: number }>(`SELECT COUNT(*) AS count FROM ${table}`);
  if (row?.count !== expected) throw new Error(`${table} has ${row?.count} rows, not ${expected}`);
}
