import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatRates, type RateLimit } from '../../src/domain/rates.ts';
import { createTestDatabase, type TestServer } from '../support/database.ts';
import { worstWindow } from '../support/relay-limits.ts';
import { campaign } from './processes.ts';
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
import { seedLargeSend } from './sample.ts';
import { DATABASE_NOTE, startBenchDatabase, startCountingServer } from './servers.ts';

export const rates: Bench = {
  name: 'rates',
  summary: 'a relay with a rate: whether it is kept, used, shared evenly, and what it costs',
  sizes: { seconds: 120, recipients: 20_000, connections: 20, runs: 3 },
  smoke: { seconds: 3, recipients: 300, connections: 4, runs: 1 },
  run: runBench,
};

/** Far above what any machine does. */
const UNREACHED: readonly RateLimit[] = [{ count: 100_000, perSeconds: 1 }];
const SLOW: readonly RateLimit[] = [
  { count: 14, perSeconds: 1 },
  { count: 300, perSeconds: 30 },
];
const FAST: readonly RateLimit[] = [{ count: 2_000, perSeconds: 1 }];
/** Until the first message, and from the last on, all of them are at it. */
const SETTLING_MS = 2_000;

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const seconds = size(sizes, 'seconds');
  const connections = size(sizes, 'connections');
  const recipients = size(sizes, 'recipients');
  const server = await startBenchDatabase();
  const bench = { server, connections, context };
  try {
    const unlimited = await inTurn(size(sizes, 'runs'), {
      'no rate': () => rateOf(bench, [], recipients),
      'a rate that is not reached': () => rateOf(bench, UNREACHED, recipients),
      'no rate, 4 schedulers': () => rateOf(bench, [], recipients, 4),
      'a rate that is not reached, 4 schedulers': () => rateOf(bench, UNREACHED, recipients, 4),
    });
    const ratio = (of: keyof typeof unlimited, to: keyof typeof unlimited): number =>
      median(unlimited[of]) / median(unlimited[to]);
    const slow = await limited(bench, SLOW, 3, seconds, 5);
    const fast = await limited(bench, FAST, 4, seconds, 0);
    return {
      name: 'rates',
      sizes,
      measures: Object.entries(unlimited).map(([party, values]) => ({
        party,
        unit: 'messages/s',
        values,
      })),
      goals: [
        {
          what: 'a rate that is not reached / no rate',
          value: ratio('a rate that is not reached', 'no rate'),
          bound: 'at least',
          limit: 0.95,
        },
        {
          what: 'a rate that is not reached / no rate, 4 schedulers',
          value: ratio('a rate that is not reached, 4 schedulers', 'no rate, 4 schedulers'),
          bound: 'at least',
          limit: 0.95,
        },
        ...goalsOf(3, SLOW, slow),
        ...goalsOf(4, FAST, fast),
      ],
      notes: [
        DATABASE_NOTE,
        'windows are counted at the server, by when each MAIL came there; a server that has to wait for a processor sees some late',
        'used: of what the slowest limit allows in the time from the first message to the last; fair: the most by one send / the fewest',
      ],
    };
  } finally {
    await server.stop();
  }
}

interface Party {
  server: TestServer;
  connections: number;
  context: BenchContext;
}

interface Start {
  at: number;
  send: string;
}

function goalsOf(
  schedulers: number,
  limits: readonly RateLimit[],
  starts: readonly Start[],
): Goal[] {
  const who = `${schedulers} schedulers`;
  const times = starts.map(({ at }) => at).sort((a, b) => a - b);
  const ms = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const allowed = Math.min(
    ...limits.map(({ count, perSeconds }) => {
      const windows = ms / (perSeconds * 1000);
      // What is begun in a window may all come at its beginning.
      return perSeconds > 2 ? count * Math.ceil(windows) : count * windows;
    }),
  );
  const sends = new Map<string, number>();
  for (const { send } of starts) sends.set(send, (sends.get(send) ?? 0) + 1);
  const shares = Array.from(
    { length: schedulers },
    (_, i) => sends.get(`s${i + 1}.example.org`) ?? 0,
  );
  return [
    ...limits.map(({ count, perSeconds }) => ({
      what: `${who} at ${formatRates(limits)}: most within any ${perSeconds} s`,
      value: worstWindow(times, perSeconds * 1000),
      bound: 'at most' as const,
      limit: count,
    })),
    {
      what: `${who}: used of what is allowed`,
      value: starts.length / allowed,
      bound: 'at least',
      limit: 0.95,
    },
    {
      what: `${who}: the most by one send / the fewest`,
      value: Math.max(...shares) / Math.min(...shares),
      bound: 'at most',
      limit: 1.2,
    },
  ];
}

/** Schedulers with a send each. @returns messages a second, by the database's clock */
async function rateOf(
  { server, connections, context }: Party,
  limits: readonly RateLimit[],
  recipients: number,
  schedulers = 1,
): Promise<number> {
  context.say(`${schedulers} at ${limits.length === 0 ? 'no rate' : formatRates(limits)}`);
  const database = await createTestDatabase(server.url);
  const sink = await startCountingServer(join(context.directory, 'accepted'), 0);
  try {
    await setRates(database.database, limits);
    const rows = Math.ceil(recipients / schedulers);
    for (let i = 0; i < schedulers; i++) {
      await seedLargeSend(database.database, { rows, sent: 0, batchSize: rows });
    }
    const args = ['run-scheduler', '--until-idle', '--connections', String(connections)];
    await Promise.all(
      Array.from({ length: schedulers }, () =>
        campaign(args, { databaseUrl: database.url, smtpPort: sink.port }),
      ),
    );
    const [all] = await database.database.rows<{ sent: number; micros: number }>(
      `SELECT SUM(SENT_COUNT) AS sent, TIMESTAMPDIFF(MICROSECOND, MIN(STARTED_AT), MAX(FINISHED_AT)) AS micros
         FROM CAMPAIGN_SENDS`,
    );
    const sent = Number(all?.sent);
    if (sent !== rows * schedulers) throw new Error(`only ${sent} were sent`);
    return sent / (Number(all?.micros) / 1e6);
  } finally {
    await Promise.all([database.drop(), sink.stop()]);
  }
}

type Database = Awaited<ReturnType<typeof createTestDatabase>>['database'];
const setRates = (database: Database, limits: readonly RateLimit[]) =>
  database.run('UPDATE CAMPAIGN_RELAYS SET RATES = ?', [
    limits.length === 0 ? null : formatRates(limits),
  ]);

/** So many schedulers, a send each, for a time, with a server that takes so long for each message. @returns when each message began at the server */
async function limited(
  { server, connections, context }: Party,
  limits: readonly RateLimit[],
  schedulers: number,
  seconds: number,
  delayMs: number,
): Promise<Start[]> {
  context.say(`${schedulers} schedulers at ${formatRates(limits)} for ${seconds} s`);
  const database = await createTestDatabase(server.url);
  const file = join(context.directory, `starts-${schedulers}`);
  const sink = await startCountingServer(file, delayMs, true);
  try {
    await setRates(database.database, limits);
    const rows = Math.ceil(seconds * (limits[0]?.count ?? 0) * 1.5);
    for (let i = 0; i < schedulers; i++) {
      const id = await seedLargeSend(database.database, { rows, sent: 0, batchSize: rows });
      await database.database.run(
        "UPDATE CAMPAIGN_SEND_RESULTS SET EMAIL_NORM = CONCAT('p', SEQ, '@s', SEND_ID, '.example.org') WHERE SEND_ID = ?",
        [id],
      );
    }
    const args = ['run-scheduler', '--connections', String(connections)];
    const ends = new AbortController();
    const timer = setTimeout(() => ends.abort(), seconds * 1000 + SETTLING_MS);
    const all = Array.from({ length: schedulers }, () =>
      campaign(args, { databaseUrl: database.url, smtpPort: sink.port, stop: ends.signal }),
    );
    await Promise.all(all);
    clearTimeout(timer);
    return readStarts(file);
  } finally {
    await Promise.all([database.drop(), sink.stop()]);
  }
}

function readStarts(file: string): Start[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [at, recipient = ''] = line.split(' ');
    return { at: Number(at), send: recipient.slice(recipient.indexOf('@') + 1) };
  });
}
