import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodedBytes } from '../../src/domain/message-file.ts';
import { createTestDatabase, type TestServer } from '../support/database.ts';
import { campaign, run } from './processes.ts';
import {
  type Bench,
  type BenchContext,
  type BenchResult,
  type Goal,
  inTurn,
  median,
  type Sizes,
  size,
} from './report.ts';
import { messageBytes, queueArguments, SENDER, writeList, writeTemplates } from './sample.ts';
import { DATABASE_NOTE, type PortServer, startBenchDatabase, startSink } from './servers.ts';

export const files: Bench = {
  name: 'files',
  summary:
    'messages with a file, against smtp-source, and the memory that files of sends and rows take',
  sizes: {
    recipients: 2_000,
    bytes: 1_000_000,
    connections: 32,
    runs: 3,
    sends: 100,
    rows: 2_000,
    large: 50,
  },
  smoke: { recipients: 50, bytes: 100_000, connections: 8, runs: 1, sends: 5, rows: 20, large: 3 },
  run: runBench,
};

/** CAMPAIGN_MESSAGE_MEMORY_MB where it is not set. */
const BUDGET_MB = 64;

/** What stands between a list and its last message. */
interface Scene {
  server: TestServer;
  sink: PortServer;
  connections: number;
  directory: string;
  templates: { html: string; text: string };
}

interface Sent {
  seconds: number;
  /** Of the scheduler, and of `queue`, at their highest. */
  peakMb: number;
  queuePeakMb: number;
  cpuSeconds: number;
}

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const recipients = size(sizes, 'recipients');
  const connections = size(sizes, 'connections');
  const { directory } = context;
  const server = await startBenchDatabase();
  const sink = await startSink();
  const scene: Scene = {
    server,
    sink,
    connections,
    directory,
    templates: writeTemplates(directory),
  };
  try {
    const list = join(directory, 'files.csv');
    await writeList(list, recipients);
    const attached = join(directory, 'attached.bin');
    writeFileSync(attached, randomBytes(size(sizes, 'bytes')));
    const bytes = messageBytes() + encodedBytes(size(sizes, 'bytes'));
    const sent: Sent[] = [];
    const rates = await inTurn(size(sizes, 'runs'), {
      'smtp-source': async () => {
        context.say('smtp-source');
        const given = ['-d', '-s', `${connections}`, '-m', `${recipients}`, '-l', `${bytes}`];
        const { seconds } = await run('smtp-source', [...given, `127.0.0.1:${sink.port}`]);
        return recipients / seconds;
      },
      campaign: async () => {
        context.say('campaign');
        const queue = [
          ...queueArguments(list, scene.templates, recipients),
          `--attach=${attached}`,
        ];
        const result = await send(scene, [queue], recipients);
        sent.push(result);
        return recipients / result.seconds;
      },
    });
    context.say('many sends of one file each');
    const many = await manySends(scene, size(sizes, 'sends'), size(sizes, 'bytes'));
    context.say('a file of 200 kB a row');
    const small = await fileARow(scene, size(sizes, 'rows'), 200_000);
    context.say('a file of 10 MB a row');
    const large = await fileARow(scene, size(sizes, 'large'), 10_000_000);
    const withBudget = 150 + 3 * BUDGET_MB;
    const memory = (what: string, value: number, limit: number): Goal => ({
      what: `memory at its highest, in MB: ${what}`,
      value,
      bound: 'at most',
      limit,
    });
    return {
      name: 'files',
      sizes: { ...sizes, bytes },
      measures: [
        ...Object.entries(rates).map(([party, values]) => ({ party, unit: 'messages/s', values })),
        {
          party: 'CPU of the scheduler',
          unit: 'µs/message',
          values: sent.map(({ cpuSeconds }) => (cpuSeconds / recipients) * 1e6),
        },
        { party: 'queue, 200 kB a row', unit: 'MB', values: [small.queuePeakMb] },
        { party: 'queue, 10 MB a row', unit: 'MB', values: [large.queuePeakMb] },
      ],
      goals: [
        {
          what: 'campaign / smtp-source',
          value: median(rates.campaign) / median(rates['smtp-source']),
          bound: 'at least',
          limit: 0.8,
        },
        memory('one send', Math.max(...sent.map(({ peakMb }) => peakMb)), withBudget),
        memory(`${sizes.sends} sends of one file each`, many.peakMb, withBudget),
        memory('a file of 200 kB a row', small.peakMb, 200),
        memory('a file of 10 MB a row', large.peakMb, 300),
      ],
      notes: [
        DATABASE_NOTE,
        'VmHWM of the scheduler, Node itself included (about 45 MB)',
        'from the claim to the last row recorded for campaign',
      ],
    };
  } finally {
    await Promise.all([server.stop(), sink.stop()]);
  }
}

/** Queues lists, and sends them by one scheduler. */
async function send(
  { server, sink, connections }: Scene,
  queues: readonly (readonly string[])[],
  recipients: number,
): Promise<Sent> {
  const database = await createTestDatabase(server.url);
  try {
    let queuePeakMb = 0;
    for (const queue of queues) {
      const { peakMb } = await campaign(queue, { databaseUrl: database.url });
      queuePeakMb = Math.max(queuePeakMb, peakMb);
    }
    const { peakMb, cpuSeconds } = await campaign(
      ['run-scheduler', '--until-idle', '--connections', String(connections)],
      { databaseUrl: database.url, smtpPort: sink.port },
    );
    const [row] = await database.database.rows<{ sent: number; micros: number }>(
      `SELECT SUM(SENT_COUNT) AS sent, TIMESTAMPDIFF(MICROSECOND, MIN(STARTED_AT), MAX(FINISHED_AT)) AS micros
         FROM CAMPAIGN_SENDS WHERE STATUS = 'completed'`,
    );
    if (row?.sent !== recipients) throw new Error(`${row?.sent} of ${recipients} were sent`);
    return { seconds: row.micros / 1e6, peakMb, queuePeakMb, cpuSeconds };
  } finally {
    await database.drop();
  }
}

const RECIPIENTS_A_SEND = 20;

/** Each with another file. */
async function manySends(scene: Scene, sends: number, bytes: number): Promise<Sent> {
  const list = join(scene.directory, 'few.csv');
  await writeList(list, RECIPIENTS_A_SEND);
  const queues = Array.from({ length: sends }, (_, i) => {
    const file = join(scene.directory, `attached-${i}.bin`);
    writeFileSync(file, randomBytes(bytes));
    return [...queueArguments(list, scene.templates, RECIPIENTS_A_SEND), `--attach=${file}`];
  });
  return send(scene, queues, sends * RECIPIENTS_A_SEND);
}

async function fileARow(scene: Scene, rows: number, bytes: number): Promise<Sent> {
  const folder = join(scene.directory, `rows-${bytes}`);
  mkdirSync(folder);
  const lines = Array.from({ length: rows }, (_, i) => {
    writeFileSync(join(folder, `${i}.bin`), randomBytes(bytes));
    return `person.${i}@example.org,${i}.bin`;
  });
  const list = join(scene.directory, `rows-${bytes}.csv`);
  writeFileSync(list, `email,file\n${lines.join('\n')}\n`);
  const html = join(scene.directory, 'row.html');
  writeFileSync(html, '<p>This is for {{ email }}.</p>');
  const message = [`--from=${SENDER}`, '--subject=A file', `--html=${html}`];
  const file = ['--attach-column=file', `--attach-dir=${folder}`];
  const queue = ['queue', `--list=${list}`, ...message, ...file, `--batch-size=${rows}`, '--yes'];
  try {
    return await send(scene, [queue], rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
