import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlightRecorder } from '../../src/host/flight-recorder.ts';
import { parseSmtpUrl } from '../../src/smtp/url.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startScheduler } from '../support/scheduler.ts';
import { seedQueuedSend } from '../support/seed.ts';
import { CAMPAIGN } from '../support/spawn-campaign.ts';
import { makeStateFolder } from '../support/state-folder.ts';
import {
  type Bench,
  type BenchContext,
  type BenchResult,
  median,
  type Sizes,
  size,
} from './report.ts';
import { DATABASE_NOTE, startBenchDatabase, startCountingServer, startSink } from './servers.ts';

export const crash: Bench = {
  name: 'crash',
  summary:
    'a scheduler killed with kill -9 in mid-send and started again, over and over; and what its recorder costs',
  sizes: { kills: 200, slowKills: 40, connections: 8, slowMs: 200, messages: 20_000 },
  smoke: { kills: 3, slowKills: 2, connections: 8, slowMs: 200, messages: 1_000 },
  run: runBench,
};

const RECIPIENTS = 1_000_000;
const SLOW_RECIPIENTS = 20_000;
/** Between a run's first message and its kill. */
const KILLED_AFTER_MS = { least: 50, most: 500 };

async function runBench(sizes: Sizes, context: BenchContext): Promise<BenchResult> {
  const server = await startBenchDatabase();
  try {
    const connections = size(sizes, 'connections');
    context.say('the recorder');
    const cost = await recorderCost(server.url, connections, size(sizes, 'messages'));
    const fast = await killed(server.url, context, {
      kills: size(sizes, 'kills'),
      connections,
      delayMs: 0,
      recipients: Math.min(RECIPIENTS, size(sizes, 'kills') * 5_000),
    });
    const slow = await killed(server.url, context, {
      kills: size(sizes, 'slowKills'),
      connections,
      delayMs: size(sizes, 'slowMs'),
      recipients: SLOW_RECIPIENTS,
    });
    const atMost = (what: string, value: number, limit: number) =>
      ({ what, value, bound: 'at most', limit }) as const;
    return {
      name: 'crash',
      sizes,
      measures: [
        { party: 'at full speed: unknown', unit: 'recipients/kill', values: fast.unknown },
        {
          party: 'at full speed: settled by its answer',
          unit: 'recipients/kill',
          values: fast.settled,
        },
        { party: 'at full speed: given back', unit: 'recipients/kill', values: fast.returned },
        {
          party: 'at full speed: from the kill to the next message',
          unit: 'ms',
          values: fast.awayMs,
        },
        { party: 'by a slow server: unknown', unit: 'recipients/kill', values: slow.unknown },
        {
          party: 'by a slow server: from the kill to the next message',
          unit: 'ms',
          values: slow.awayMs,
        },
        { party: 'recorder: writes', unit: 'per message', values: [cost.writes] },
        { party: 'recorder: main thread', unit: 'µs/message', values: [cost.micros] },
      ],
      goals: [
        atMost('mailed twice', fast.twice + slow.twice, 0),
        atMost('lost', fast.lost + slow.lost, 0),
        atMost(
          'unknown after a kill, at most',
          Math.max(...fast.unknown, ...slow.unknown),
          connections,
        ),
        atMost('unknown after a kill at full speed, median', median(fast.unknown), connections / 2),
        atMost('ms from the kill to the next message, at most', Math.max(...fast.awayMs), 3_000),
        atMost('writes a message', cost.writes, 1.2),
        atMost('µs of the main thread a message', cost.micros, 3),
      ],
      notes: [
        DATABASE_NOTE,
        `killed ${KILLED_AFTER_MS.least} to ${KILLED_AFTER_MS.most} ms after a run's first message, and started again at once`,
      ],
    };
  } finally {
    await server.stop();
  }
}

interface Kills {
  kills: number;
  connections: number;
  delayMs: number;
  recipients: number;
}

interface Found {
  unknown: number[];
  settled: number[];
  returned: number[];
  awayMs: number[];
  twice: number;
  lost: number;
}

async function killed(serverUrl: string, context: BenchContext, given: Kills): Promise<Found> {
  const { kills, connections, delayMs, recipients } = given;
  const test = await createTestDatabase(serverUrl);
  const truth = join(context.directory, `accepted-${delayMs}`);
  const smtp = await startCountingServer(truth, delayMs);
  const state = makeStateFolder();
  let scheduler: ChildProcess | undefined;
  try {
    context.say(`${recipients} recipients, ${delayMs} ms a message`);
    const sendId = await seedQueuedSend(test.database, { recipients, batchSize: 1_000_000 });
    const begin = (number: number): void => {
      const env = {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        CAMPAIGN_DATABASE_URL: test.url,
        CAMPAIGN_SMTP_URL: `smtp://127.0.0.1:${smtp.port}?name=run-${number}.example`,
        CAMPAIGN_STATE_DIR: state.directory,
      };
      const args = [CAMPAIGN, 'run-scheduler', '--connections', String(connections)];
      scheduler = spawn(process.execPath, args, { cwd: '/', env, stdio: 'ignore' });
    };
    const awayMs: number[] = [];
    let killedAt = 0;
    for (let number = 0; number <= kills; number++) {
      begin(number);
      const first = await firstOf(truth, number);
      if (killedAt > 0) awayMs.push(first - killedAt);
      const { least, most } = KILLED_AFTER_MS;
      await sleep(least + Math.random() * (most - least));
      // The last one ends in good order.
      const last = number === kills;
      if (!last) killedAt = Date.now();
      const gone = once(scheduler as ChildProcess, 'exit');
      scheduler?.kill(last ? 'SIGTERM' : 'SIGKILL');
      await gone;
      if (number % 20 === 0) context.say(`${number} kills`);
    }
    return { awayMs, ...(await eventsOf(test, sendId)), ...(await judge(test, sendId, truth)) };
  } finally {
    scheduler?.kill('SIGKILL');
    await smtp.stop();
    state.remove();
    await test.drop();
  }
}

/** When the first message of a run was accepted. */
async function firstOf(truth: string, number: number): Promise<number> {
  const client = ` run-${number}.example\n`;
  for (let read = 0; ; ) {
    const text = readFileSync(truth, 'latin1');
    const at = text.indexOf(client, Math.max(0, read - 200));
    if (at !== -1) return Number(text.slice(text.lastIndexOf('\n', at - 1) + 1).split(' ', 1)[0]);
    read = text.length;
    await sleep(5);
  }
}

async function eventsOf(
  { database }: TestDatabase,
  sendId: number,
): Promise<Pick<Found, 'unknown' | 'settled' | 'returned'>> {
  const events = await database.rows<{ details: string }>(
    "SELECT DETAILS AS details FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID = ? AND EVENT = 'reclaimed'",
    [sendId],
  );
  const found: Pick<Found, 'unknown' | 'settled' | 'returned'> = {
    unknown: [],
    settled: [],
    returned: [],
  };
  for (const { details } of events) {
    const { unknown, recorded = {} } = JSON.parse(details);
    found.unknown.push(unknown);
    found.settled.push((recorded.sent ?? []).length);
    found.returned.push((recorded.returned ?? []).length);
  }
  return found;
}

/** Holds the ledger against what the server accepted. */
async function judge(
  { database }: TestDatabase,
  sendId: number,
  truth: string,
): Promise<Pick<Found, 'twice' | 'lost'>> {
  const copies = new Map<string, number>();
  for (const line of readFileSync(truth, 'latin1').split('\n')) {
    const [, recipient] = line.split(' ');
    if (recipient !== undefined) copies.set(recipient, (copies.get(recipient) ?? 0) + 1);
  }
  const rows = await database.rows<{ email: string; status: string }>(
    'SELECT EMAIL AS email, STATUS AS status FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ?',
    [sendId],
  );
  let lost = 0;
  let twice = [...copies.values()].filter((count) => count > 1).length;
  for (const { email, status } of rows) {
    if (status === 'sent' && !copies.has(email)) lost += 1;
    // It would be mailed again.
    if (status === 'pending' && copies.has(email)) twice += 1;
  }
  return { twice, lost };
}

/** What a message costs the main thread by the recorder, and how often the file is written for it in a real run. */
async function recorderCost(
  serverUrl: string,
  connections: number,
  messages: number,
): Promise<{ writes: number; micros: number }> {
  const state = makeStateFolder();
  const test = await createTestDatabase(serverUrl);
  const sink = await startSink();
  try {
    const recorder = FlightRecorder.create(join(state.directory, 'a'), 'a', 2 * connections);
    await seedQueuedSend(test.database, { recipients: messages, batchSize: messages });
    const settings = parseSmtpUrl(`smtp://127.0.0.1:${sink.port}`);
    await startScheduler(test.connect(), settings, {
      connections,
      host: {
        recorder,
        isDead: async () => false,
        readFlights: () => null,
        forget: () => undefined,
        close: () => undefined,
      },
    }).done;
    const [row] = await test.database.rows<{ sent: number }>(
      'SELECT SENT_COUNT AS sent FROM CAMPAIGN_SENDS',
    );
    if (row?.sent !== messages) throw new Error(`${row?.sent} of ${messages} were sent`);
    const writes = recorder.writes / messages;
    recorder.remove();
    return { writes, micros: microseconds(state.directory, connections) };
  } finally {
    await sink.stop();
    await test.drop();
    state.remove();
  }
}

/** As in a run: an entry a message, the answer to the one before along with it, and a step that frees eight. */
function microseconds(directory: string, connections: number): number {
  const recorder = FlightRecorder.create(join(directory, 'b'), 'b', 2 * connections);
  const reply = { code: 250, enhanced: '2.0.0', text: 'Ok: queued as 4XyZ0123456789' };
  const times: number[] = [];
  let seq = 0;
  for (let round = 0; round < 50; round++) {
    const begun = process.cpuUsage();
    for (let step = 0; step < 500; step++) {
      const seqs: number[] = [];
      for (let i = 0; i < connections; i++) {
        const flight = { sendId: 42, claim: 1, seq: ++seq, attempts: 0 };
        recorder.begin(flight);
        recorder.answered(flight, 'dot', reply);
        seqs.push(flight.seq);
      }
      recorder.settled(1, seqs);
    }
    const { user, system } = process.cpuUsage(begun);
    times.push((user + system) / (500 * connections));
  }
  recorder.remove();
  return median(times);
}
