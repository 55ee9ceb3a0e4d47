import { join } from 'node:path';
import type { Database } from '../../src/store/mysql/database.ts';
import { createTestDatabase, type TestServer } from '../support/database.ts';
import { campaign, cpuSeconds, party, run } from './processes.ts';
import { readProfiles } from './profile.ts';
import {
  type Bench,
  type BenchContext,
  type BenchResult,
  inTurn,
  median,
  type Sizes,
  size,
} from './report.ts';
import {
  messageBytes,
  queueArguments,
  SENDER,
  SUBJECT,
  writeList,
  writeTemplates,
} from './sample.ts';
import { DATABASE_NOTE, type PortServer, startBenchDatabase, startSink } from './servers.ts';

export const send: Bench = {
  name: 'send',
  summary: 'messages a second, against smtp-source and nodemailer',
  sizes: { recipients: 50_000, connections: 32, runs: 3 },
  smoke: { recipients: 500, connections: 8, runs: 1 },
  run: runBench,
};

/** Where the processors' time went while the scheduler sent, in microseconds a message. */
interface Cpu {
  scheduler: number[];
  database: number[];
  sink: number[];
}

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const recipients = size(sizes, 'recipients');
  const connections = size(sizes, 'connections');
  const files = writeTemplates(context.directory);
  const list = join(context.directory, 'list.csv');
  await writeList(list, recipients);
  const bytes = messageBytes();
  const sink = await startSink();
  const server = await startBenchDatabase();
  const cpu: Cpu = { scheduler: [], database: [], sink: [] };
  const wall: number[] = [];
  const perTransaction: number[] = [];
  try {
    const rates = await inTurn(size(sizes, 'runs'), {
      'smtp-source': async () => {
        context.say('smtp-source');
        return recipients / (await smtpSource(sink.port, recipients, connections, bytes));
      },
      'a bare pipelining client': async () => {
        context.say('a bare pipelining client');
        const given = { port: sink.port, messages: recipients, connections, bytes };
        return recipients / (await party('pipelining-client', given)).seconds;
      },
      "nodemailer's pool": async () => {
        context.say("nodemailer's pool");
        const given = {
          port: sink.port,
          connections,
          list,
          ...files,
          subject: SUBJECT,
          from: SENDER,
        };
        return recipients / (await party('nodemailer-pool', given)).seconds;
      },
      campaign: async () => {
        context.say('campaign');
        const queue = queueArguments(list, files, recipients);
        const result = await sendOnce(server, sink, queue, recipients, connections, {
          profileDirectory: context.profileDirectory,
        });
        wall.push(recipients / result.wallSeconds);
        perTransaction.push(recipients / result.transactions);
        for (const name of ['scheduler', 'database', 'sink'] as const) {
          cpu[name].push((result.cpu[name] / recipients) * 1e6);
        }
        return recipients / result.seconds;
      },
    });
    const perSecond = 'messages/s';
    const ours = median(rates.campaign);
    return {
      name: 'send',
      sizes: { ...sizes, bytes },
      measures: [
        ...Object.entries(rates).map(([name, values]) => ({
          party: name,
          unit: perSecond,
          values,
        })),
        { party: 'campaign, start and end of the process included', unit: perSecond, values: wall },
        { party: 'recorded in one transaction', unit: 'messages', values: perTransaction },
        { party: 'CPU of the scheduler', unit: 'µs/message', values: cpu.scheduler },
        { party: 'CPU of the database', unit: 'µs/message', values: cpu.database },
        { party: 'CPU of smtp-sink', unit: 'µs/message', values: cpu.sink },
      ],
      goals: [
        {
          what: 'campaign / smtp-source',
          value: ours / median(rates['smtp-source']),
          bound: 'at least',
          limit: 0.7,
        },
        {
          what: "campaign / nodemailer's pool",
          value: ours / median(rates["nodemailer's pool"]),
          bound: 'at least',
          limit: 4.5,
        },
      ],
      notes: [
        DATABASE_NOTE,
        'smtp-source keeps its connections (-d) and sends no command ahead of a reply; from the claim to the last row recorded for campaign',
        ...(context.profileDirectory ? readProfiles(context.profileDirectory, recipients) : []),
      ],
    };
  } finally {
    await Promise.all([server.stop(), sink.stop()]);
  }
}

async function smtpSource(
  port: number,
  messages: number,
  sessions: number,
  bytes: number,
): Promise<number> {
  const given = ['-d', '-s', String(sessions), '-m', String(messages), '-l', String(bytes)];
  const addresses = ['-f', 'news@example.org', '-t', 'person@example.org', `127.0.0.1:${port}`];
  return (await run('smtp-source', [...given, ...addresses])).seconds;
}

interface Sent {
  /** From the first claim to the last row recorded, by the database's clock. */
  seconds: number;
  wallSeconds: number;
  transactions: number;
  cpu: Record<keyof Cpu, number>;
}

interface Besides {
  profileDirectory?: string | undefined;
  /** Of the scheduler. */
  env?: Record<string, string>;
}

/** Queues a list in a database of its own, and has it sent. */
export async function sendOnce(
  server: TestServer,
  sink: PortServer,
  queue: string[],
  recipients: number,
  connections: number,
  { profileDirectory, env = {} }: Besides = {},
): Promise<Sent> {
  const database = await createTestDatabase(server.url);
  try {
    await campaign(queue, { databaseUrl: database.url });
    const before = { database: cpuSeconds(server.pid), sink: cpuSeconds(sink.pid) };
    const commitsBefore = await countCommits(database.database);
    const scheduler = await campaign(
      ['run-scheduler', '--until-idle', '--connections', String(connections)],
      {
        databaseUrl: database.url,
        smtpPort: sink.port,
        env,
        profileDirectory,
      },
    );
    const commits = await countCommits(database.database);
    const [row] = await database.database.rows<{ sent: number; micros: number }>(
      `SELECT SENT_COUNT AS sent, TIMESTAMPDIFF(MICROSECOND, STARTED_AT, FINISHED_AT) AS micros
         FROM CAMPAIGN_SENDS WHERE STATUS = 'completed'`,
    );
    if (row?.sent !== recipients) throw new Error(`${row?.sent} of ${recipients} were sent`);
    return {
      seconds: row.micros / 1e6,
      wallSeconds: scheduler.seconds,
      transactions: commits - commitsBefore,
      cpu: {
        scheduler: scheduler.cpuSeconds,
        database: cpuSeconds(server.pid) - before.database,
        sink: cpuSeconds(sink.pid) - before.sink,
      },
    };
  } finally {
    await database.drop();
  }
}

async function countCommits(database: Database): Promise<number> {
  const [row] = await database.rows<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Com_commit'");
  return Number(row?.Value);
}
