import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unsubscribeTokensOf } from '../../src/domain/unsubscribe-token.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { collectOutput } from '../support/output.ts';
import { type ServeProcess, startServeProcess } from '../support/serve-process.ts';
import { campaign, cpuSeconds, ROOT } from './processes.ts';
import {
  type Bench,
  type BenchContext,
  type BenchResult,
  inTurn,
  median,
  type Sizes,
  size,
} from './report.ts';
import { LARGE_SEND_SECRET, seedLargeSend } from './sample.ts';
import { DATABASE_NOTE, type PortServer, startBenchDatabase, startSink } from './servers.ts';

export const unsubscribe: Bench = {
  name: 'unsubscribe',
  summary: 'clicks that unsubscribe people a second, by themselves and while a send runs',
  sizes: { recipients: 50_000, clicks: 500, seconds: 10, connections: 32, runs: 3 },
  smoke: { recipients: 500, clicks: 50, seconds: 1, connections: 8, runs: 1 },
  run: runBench,
};

/** A send that takes longer has no clicks at its end. */
const MAX_SEND_SECONDS = 60;

interface Clicked {
  seconds: number;
  answered: number;
  failures: Record<string, number>;
  p50: number;
  p99: number;
  longest: number;
  /** Microseconds of processor time a click, of who clicks. */
  cpu: number;
}

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const perSecond = size(sizes, 'clicks');
  const connections = size(sizes, 'connections');
  const recipients = size(sizes, 'recipients');
  const sink = await startSink();
  const server = await startBenchDatabase();
  const clicked: Record<'alone' | 'beside', Clicked[]> = { alone: [], beside: [] };
  /** Of the clicks alone, in microseconds each. */
  const cpu: Record<'serve' | 'database', number[]> = { serve: [], database: [] };
  try {
    const withServe = async (
      work: (
        db: TestDatabase,
        servePid: number,
        clicks: (count: number) => Clicking,
      ) => Promise<number>,
    ): Promise<number> => {
      const db = await createTestDatabase(server.url);
      const serve = await startServeProcess(db.url);
      try {
        const links = await writeLinks(db.database, perSecond * MAX_SEND_SECONDS, context);
        return await work(db, serve.pid, (count) => startClicks(serve, links, perSecond, count));
      } finally {
        serve.kill('SIGTERM');
        await serve.ended;
        await db.drop();
      }
    };
    const rates = await inTurn(size(sizes, 'runs'), {
      'clicks alone': () => {
        context.say('clicks alone');
        return withServe(async (_, servePid, clicks) => {
          const used = () => ({ serve: cpuSeconds(servePid), database: cpuSeconds(server.pid) });
          const before = used();
          const result = await clicks(perSecond * size(sizes, 'seconds')).ended;
          clicked.alone.push(result);
          const after = used();
          for (const name of ['serve', 'database'] as const) {
            cpu[name].push(((after[name] - before[name]) / result.answered) * 1e6);
          }
          return result.answered / result.seconds;
        });
      },
      'send alone': () => {
        context.say('a send alone');
        return withServe((db) => sendOnce(db, sink, recipients, connections));
      },
      'send beside clicks': () => {
        context.say('a send beside clicks');
        return withServe(async (db, _, clicks) => {
          const clicking = clicks(perSecond * MAX_SEND_SECONDS);
          const rate = await sendOnce(db, sink, recipients, connections);
          clicking.stop();
          clicked.beside.push(await clicking.ended);
          return rate;
        });
      },
    });
    const beside = clicked.beside.map(({ answered, seconds }) => answered / seconds);
    const longest = (of: Clicked[]) => of.map(({ longest: ms }) => ms);
    const p99 = clicked.beside.map((one) => one.p99);
    const failures = [...clicked.alone, ...clicked.beside].flatMap(({ failures: kinds }) =>
      Object.entries(kinds).map(([kind, count]) => `${count} clicks failed with ${kind}`),
    );
    return {
      name: 'unsubscribe',
      sizes,
      measures: [
        { party: 'clicks alone', unit: 'answers/s', values: rates['clicks alone'] },
        { party: '  median', unit: 'ms', values: clicked.alone.map(({ p50 }) => p50) },
        { party: '  99 of 100', unit: 'ms', values: clicked.alone.map((one) => one.p99) },
        { party: '  longest', unit: 'ms', values: longest(clicked.alone) },
        { party: 'CPU of serve', unit: 'µs/click', values: cpu.serve },
        { party: 'CPU of the database', unit: 'µs/click', values: cpu.database },
        {
          party: 'CPU of the clicks',
          unit: 'µs/click',
          values: clicked.alone.map((one) => one.cpu),
        },
        { party: 'clicks beside a send', unit: 'answers/s', values: beside },
        { party: '  median', unit: 'ms', values: clicked.beside.map(({ p50 }) => p50) },
        { party: '  99 of 100', unit: 'ms', values: p99 },
        { party: '  longest', unit: 'ms', values: longest(clicked.beside) },
        { party: 'send alone', unit: 'messages/s', values: rates['send alone'] },
        { party: 'send beside clicks', unit: 'messages/s', values: rates['send beside clicks'] },
      ],
      goals: [
        {
          what: 'answers a second beside a send / clicks a second',
          value: median(beside) / perSecond,
          bound: 'at least',
          limit: 0.98,
        },
        {
          what: 'ms for 99 of 100 clicks beside a send',
          value: median(p99),
          bound: 'at most',
          limit: 50,
        },
        {
          what: 'send beside clicks / send alone',
          value: median(rates['send beside clicks']) / median(rates['send alone']),
          bound: 'at least',
          limit: 0.9,
        },
      ],
      notes: [
        DATABASE_NOTE,
        'clicks come at an even rate whatever becomes of those before, each for somebody else; a time counts from when its click was due',
        ...failures,
      ],
    };
  } finally {
    await Promise.all([server.stop(), sink.stop()]);
  }
}

/** @returns a file of paths, each with the token of another recipient of a send that went out */
async function writeLinks(
  database: Database,
  count: number,
  { directory }: BenchContext,
): Promise<string> {
  const id = await seedLargeSend(database, { rows: count, sent: count, batchSize: 100 });
  await database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'completed' WHERE ID = ?", [id]);
  const tokenOf = unsubscribeTokensOf(id, LARGE_SEND_SECRET);
  const file = join(directory, 'links.txt');
  const lines = Array.from({ length: count }, (_, i) => `/u/${tokenOf(i + 1)}\n`);
  writeFileSync(file, lines.join(''));
  return file;
}

interface Clicking {
  stop(): void;
  ended: Promise<Clicked>;
}

function startClicks(
  serve: ServeProcess,
  links: string,
  perSecond: number,
  count: number,
): Clicking {
  const given = { url: serve.url, links, perSecond, connections: 50, count };
  const script = join(ROOT, 'test/bench/parties/clicks.js');
  const child = spawn(process.execPath, [script, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { ended } = collectOutput(child);
  return {
    stop: () => void child.kill('SIGTERM'),
    ended: ended.then(({ stdout, stderr, code }) => {
      if (code !== 0) throw new Error(`the clicks ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as Clicked;
    }),
  };
}

/** @returns messages a second, from the claim to the last row recorded */
async function sendOnce(
  { database, url }: TestDatabase,
  sink: PortServer,
  recipients: number,
  connections: number,
): Promise<number> {
  const id = await seedLargeSend(database, { rows: recipients, sent: 0, batchSize: recipients });
  await campaign(['run-scheduler', '--until-idle', '--connections', String(connections)], {
    databaseUrl: url,
    smtpPort: sink.port,
  });
  const [row] = await database.rows<{ done: number; micros: number }>(
    `SELECT SENT_COUNT + SKIPPED_COUNT AS done, TIMESTAMPDIFF(MICROSECOND, STARTED_AT, FINISHED_AT) AS micros
       FROM CAMPAIGN_SENDS WHERE ID = ? AND STATUS = 'completed'`,
    [id],
  );
  if (row?.done !== recipients) throw new Error(`${row?.done} of ${recipients} were done`);
  return recipients / (row.micros / 1e6);
}
