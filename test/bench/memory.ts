import { createTestDatabase, type TestServer } from '../support/database.ts';
import { campaign, memoryMb } from './processes.ts';
import {
  type Bench,
  type BenchContext,
  type BenchResult,
  type Goal,
  type Measure,
  median,
  type Sizes,
  size,
} from './report.ts';
import { seedLargeSend } from './sample.ts';
import { DATABASE_NOTE, type PortServer, startBenchDatabase, startSink } from './servers.ts';

export const memory: Bench = {
  name: 'memory',
  summary: "a scheduler's memory over a long send, and over many sends in turn",
  sizes: { recipients: 1_000_000, sends: 100, connections: 32 },
  smoke: { recipients: 2_000, sends: 10, connections: 8 },
  run: runBench,
};

const MAX_BATCH = 1_000_000;

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const recipients = size(sizes, 'recipients');
  const sends = size(sizes, 'sends');
  const connections = size(sizes, 'connections');
  const server = await startBenchDatabase();
  const sink = await startSink();
  try {
    context.say(`one send of ${recipients.toLocaleString('en-US')}`);
    const one = await watch(server, sink, connections, Array.of(recipients));
    const report = (
      name: string,
      { rates, first, last, peakMb }: Watched,
    ): { measures: Measure[]; goals: Goal[] } => ({
      measures: [
        { party: `${name}: first tenth`, unit: 'MB', values: first },
        { party: `${name}: last tenth`, unit: 'MB', values: last },
        { party: `${name}: rate, first and last tenth`, unit: 'messages/s', values: rates },
      ],
      goals: [
        {
          what: `${name}: memory, last tenth / first`,
          value: median(last) / median(first),
          bound: 'at most',
          limit: 1.1,
        },
        {
          what: `${name}: memory at its highest, in MB`,
          value: peakMb,
          bound: 'at most',
          limit: 150,
        },
        {
          what: `${name}: rate, last tenth / first`,
          value: (rates[1] ?? 0) / (rates[0] ?? 1),
          bound: 'at least',
          limit: 0.9,
        },
      ],
    });
    const parts = [report('one send', one)];
    if (sends > 1) {
      const each = Array.from({ length: sends }, () => Math.floor(recipients / sends));
      context.say(`${sends} sends of ${each[0]?.toLocaleString('en-US')}`);
      parts.push(report(`${sends} sends`, await watch(server, sink, connections, each)));
    }
    return {
      name: 'memory',
      sizes,
      measures: parts.flatMap(({ measures }) => measures),
      goals: parts.flatMap(({ goals }) => goals),
      notes: [
        DATABASE_NOTE,
        'resident memory (VmRSS) of the process, Node itself included (about 45 MB)',
      ],
    };
  } finally {
    await Promise.all([server.stop(), sink.stop()]);
  }
}

interface Watched {
  first: number[];
  last: number[];
  /** Messages a second in the first tenth and in the last. */
  rates: [number, number];
  peakMb: number;
}

interface Sample {
  at: number;
  mb: number;
  sent: number;
}

const LOOK_EVERY_MS = 200;

/** Sends it all in one process and looks at its memory meanwhile. */
async function watch(
  server: TestServer,
  sink: PortServer,
  connections: number,
  sends: readonly number[],
): Promise<Watched> {
  const { database, url, drop } = await createTestDatabase(server.url);
  try {
    for (const rows of sends) {
      await seedLargeSend(database, { rows, sent: 0, batchSize: Math.min(rows, MAX_BATCH) });
    }
    const total = sends.reduce((sum, rows) => sum + rows, 0);
    const samples: Sample[] = [];
    let looking: Promise<void> | undefined;
    let lookedAt = 0;
    const look = async (pid: number): Promise<void> => {
      const [row] = await database.rows<{ sent: number }>(
        'SELECT SUM(SENT_COUNT) AS sent FROM CAMPAIGN_SENDS',
      );
      samples.push({ at: performance.now(), mb: memoryMb(pid, 'VmRSS'), sent: row?.sent ?? 0 });
    };
    const { peakMb } = await campaign(
      [
        'run-scheduler',
        '--until-idle',
        '--connections',
        String(connections),
        '--poll-seconds',
        '1',
      ],
      {
        databaseUrl: url,
        smtpPort: sink.port,
        sample: (pid) => {
          if (looking || performance.now() - lookedAt < LOOK_EVERY_MS) return;
          lookedAt = performance.now();
          looking = look(pid).finally(() => {
            looking = undefined;
          });
        },
      },
    );
    await looking;
    const within = (from: number, to: number): Sample[] =>
      samples.filter(({ sent, mb }) => mb > 0 && sent > from * total && sent <= to * total);
    const first = within(0, 0.1);
    const last = within(0.9, 1);
    return {
      first: first.map(({ mb }) => mb),
      last: last.map(({ mb }) => mb),
      rates: [rateOf(first), rateOf(last.filter(({ sent }) => sent < total))],
      peakMb,
    };
  } finally {
    await drop();
  }
}

function rateOf(samples: readonly Sample[]): number {
  const [first] = samples;
  const last = samples.at(-1);
  return first && last && last.at > first.at
    ? (last.sent - first.sent) / ((last.at - first.at) / 1000)
    : Number.NaN;
}
