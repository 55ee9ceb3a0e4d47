import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listEvents } from '../../src/store/events.ts';
import { createLedger } from '../../src/store/ledger.ts';
import { spoiltProgram } from '../chaos/spoil.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ageClaim, balancedBooks, ledgerRows } from '../support/ledger.ts';
import { runCommand } from '../support/run-command.ts';
import { seedQueuedSend } from '../support/seed.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';
import { makeStateFolder } from '../support/state-folder.ts';
import { type SchedulerProcess, startSchedulerProcess } from './scheduler-process.ts';

const CONNECTIONS = 4;

let db: TestDatabase;
let smtp: SmtpServer;
let state: ReturnType<typeof makeStateFolder>;
let running: SchedulerProcess[] = [];

beforeEach(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer({
    onData: () => new Promise((resolve) => setTimeout(() => resolve(undefined), 10)),
  });
  state = makeStateFolder();
});

const ROWS = 2 * CONNECTIONS;
const ANSWERED = 3;

/**
 * A worker with all rows it may have in its hands, of which the server has answered three; four are owed the answer to their
 * dot, and one has not begun. None is recorded while it lives, for we hold the send's row until `end` is done; what it has
 * sent to the database by then is obeyed after its death.
 */
async function withRowsInHand(
  args: readonly string[],
  end: (worker: SchedulerProcess) => Promise<void>,
): Promise<{ sendId: number; worker: SchedulerProcess }> {
  await smtp.close();
  const sendId = await seedQueuedSend(db.database, { recipients: 40, batchSize: 1000 });
  let came = 0;
  let waiting = 0;
  let quiet = true;
  let lock = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    lock = resolve;
  });
  let locked = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    locked = resolve;
  });
  smtp = await startSmtpServer({
    onData: async () => {
      if (!quiet) return undefined;
      lock();
      await held;
      if (++came <= ANSWERED) return { reply: [250, `2.0.0 Ok: queued as Q${came}`] };
      waiting += 1;
      return new Promise(() => undefined);
    },
  });
  const worker = schedule(args);
  await asked;
  await db.database.transaction(async (tx) => {
    await tx.rows('SELECT ID FROM CAMPAIGN_SENDS WHERE ID = ? FOR UPDATE', [sendId]);
    locked();
    await vi.waitFor(() => expect(waiting).toBe(CONNECTIONS), 15_000);
    const beat = setInterval(() => void tx.rows('SELECT 1'), 2_000);
    await end(worker).finally(() => clearInterval(beat));
  });
  quiet = false;
  expect(await balancedBooks(db.database, sendId)).toMatchObject({ sending: ROWS });
  return { sendId, worker };
}

const killed = async (worker: SchedulerProcess): Promise<void> => {
  worker.kill('SIGKILL');
  await worker.ended;
};

/** What the recorder told, as the ledger has it once everybody else has been mailed. */
async function expectSettledByRecorder(sendId: number): Promise<void> {
  const end = await balancedBooks(db.database, sendId);
  expect(end).toMatchObject({ status: 'completed', unknown: CONNECTIONS, sent: 40 - CONNECTIONS });
  const rows = await ledgerRows(db.database, sendId);
  const proofs = rows
    .map(({ response }) => response)
    .filter((text) => /^Ok: queued as Q\d$/.test(text ?? ''));
  expect(proofs).toHaveLength(ANSWERED);
  expectNobodyTwice();
  expect(readdirSync(state.directory)).toEqual([]);
}
afterEach(async () => {
  for (const scheduler of running) scheduler.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  running = [];
  await smtp.close();
  await db.drop();
  state.remove();
});

function schedule(
  args: readonly string[] = [],
  env: Record<string, string> = {},
  program?: string,
): SchedulerProcess {
  const scheduler = startSchedulerProcess(db.url, smtp.url, {
    args,
    ...(program === undefined ? {} : { program }),
    env: { CAMPAIGN_STATE_DIR: state.directory, ...env },
  });
  running.push(scheduler);
  return scheduler;
}

const someAreSent = (count: number) =>
  vi.waitFor(() => expect(smtp.messages.length).toBeGreaterThan(count), 15_000);

function expectNobodyTwice(): void {
  expect([...smtp.countsByRecipient()].filter(([, copies]) => copies > 1)).toEqual([]);
}

test('a worker killed with kill -9 is taken over by the next one at its first look, nobody twice', async () => {
  const sendId = await seedQueuedSend(db.database, { recipients: 400, batchSize: 1000 });
  const first = schedule();
  await someAreSent(20);
  first.kill('SIGKILL');
  await first.ended;
  const left = await balancedBooks(db.database, sendId);
  const second = schedule(['--until-idle']);
  expect((await second.ended).code).toBe(0);
  expect(second.log).toContain('"event":"taken-over"');
  const end = await balancedBooks(db.database, sendId);
  expect(end).toMatchObject({ status: 'completed', failed: 0 });
  expect(end.sent + end.unknown).toBe(400);
  expect(end.unknown).toBeLessThanOrEqual(left.sending);
  expectNobodyTwice();
  const events = await listEvents(db.database, sendId, 0, 100);
  const reclaimed = events.find(({ event }) => event === 'reclaimed');
  expect(reclaimed?.reason).toContain(`:${first.pid}:`);
  expect(await db.database.rows('SELECT WORKER FROM CAMPAIGN_WORKERS')).toEqual([]);
});

test('a worker stopped with SIGSTOP keeps its claim while another looks, and goes on when woken', async () => {
  const sendId = await seedQueuedSend(db.database, { recipients: 200, batchSize: 1000 });
  const first = schedule(['--until-idle']);
  await someAreSent(20);
  first.kill('SIGSTOP');
  const stopped = await balancedBooks(db.database, sendId);
  expect(stopped.claimedBy).toContain(`:${first.pid}:`);
  // Its first look at the dead comes before its first look for work.
  const second = schedule(['--once']);
  expect((await second.ended).code).toBe(0);
  expect((await balancedBooks(db.database, sendId)).claimedBy).toBe(stopped.claimedBy);
  first.kill('SIGCONT');
  expect((await first.ended).code).toBe(0);
  expect(await balancedBooks(db.database, sendId)).toMatchObject({
    status: 'completed',
    sent: 200,
  });
  expectNobodyTwice();
});

/**
 * A worker stopped with SIGSTOP in mid-batch, as many messages begun as it has connections and as many not; another one of
 * `program`, which looks for the dead before it looks for work; and the first woken within its lease.
 */
async function stoppedBeside(program?: string): Promise<void> {
  await smtp.close();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let begun = 0;
  smtp = await startSmtpServer({
    onData: async () => {
      if (++begun <= CONNECTIONS) await released;
      return undefined;
    },
  });
  const sendId = await seedQueuedSend(db.database, { recipients: 40, batchSize: 1000 });
  const first = schedule(['--until-idle']);
  await vi.waitFor(async () => {
    expect(begun).toBe(CONNECTIONS);
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ sending: ROWS });
  }, 15_000);
  first.kill('SIGSTOP');
  expect((await schedule(['--once'], {}, program).ended).code).toBe(0);
  // Answered before it wakes, it goes on with what had not begun before it can hear from the database.
  release();
  await setImmediate();
  first.kill('SIGCONT');
  expect((await first.ended).code).toBe(0);
}

test('a worker stopped in mid-batch is not taken for dead by another, and nobody is mailed twice when it wakes', async () => {
  await stoppedBeside();
  expect([...smtp.countsByRecipient().values()]).toEqual(Array(40).fill(1));
});

test('which would show a worker that takes a stopped one for dead: what had not begun is mailed by both', async () => {
  const { directory, program } = spoiltProgram([
    {
      file: 'host/host.js',
      from: "return answer === 'nobody';",
      to: 'return true;',
    },
  ]);
  try {
    await stoppedBeside(program);
  } finally {
    rmSync(directory, { recursive: true });
  }
  const copies = [...smtp.countsByRecipient().values()].filter((count) => count > 1);
  expect(copies.length).toBeGreaterThan(0);
});

test('without a folder for its state a worker says so once, and a death is still proved by the pid', async () => {
  const env = { CAMPAIGN_STATE_DIR: `${state.directory}/${'x'.repeat(120)}` };
  const sendId = await seedQueuedSend(db.database, { recipients: 200, batchSize: 1000 });
  const first = schedule([], env);
  await someAreSent(20);
  first.kill('SIGKILL');
  await first.ended;
  expect(first.log.match(/"event":"no-life-sign"/g)).toHaveLength(1);
  expect(first.log).toContain('107 bytes');
  const left = await balancedBooks(db.database, sendId);
  expect((await schedule(['--until-idle'], env).ended).code).toBe(0);
  const end = await balancedBooks(db.database, sendId);
  expect(end).toMatchObject({ status: 'completed', unknown: left.sending });
  expect(left.sending).toBeLessThanOrEqual(2 * CONNECTIONS);
  expectNobodyTwice();
});

test('killed with rows in hand: what was answered is settled so, what had not begun is mailed, the rest is unknown', async () => {
  const { sendId } = await withRowsInHand([], killed);
  const next = schedule(['--until-idle']);
  expect((await next.ended).code).toBe(0);
  const taken = next.log.split('\n').find((line) => line.includes('"taken-over"'));
  expect(JSON.parse(taken ?? '')).toMatchObject({
    recorded: true,
    unknown: CONNECTIONS,
  });
  await expectSettledByRecorder(sendId);
});

test('killed, and taken for stale by another host first: the file still settles its own unknown rows', async () => {
  const { sendId } = await withRowsInHand([], killed);
  const { claimedBy } = await balancedBooks(db.database, sendId);
  await ageClaim(db.database, sendId);
  const far = createLedger(db.database);
  expect(await far.reclaim({ sendId, by: claimedBy }, 'far')).toEqual({ unknown: ROWS });
  const next = schedule(['--until-idle']);
  expect((await next.ended).code).toBe(0);
  expect(next.log).toContain('"event":"settled-late"');
  await expectSettledByRecorder(sendId);
});

test('killed, and released by an operator first: what was in its hands stays unknown', async () => {
  const { sendId } = await withRowsInHand([], killed);
  const { code } = await runCommand(['release', String(sendId), '--yes'], { url: db.url });
  expect(code).toBe(0);
  expect((await schedule(['--until-idle']).ended).code).toBe(0);
  expect(await balancedBooks(db.database, sendId)).toMatchObject({
    unknown: ROWS,
    sent: 40 - ROWS,
  });
  expectNobodyTwice();
});

test('its file torn, or gone: all that no slot explains is unknown', async () => {
  const { sendId } = await withRowsInHand([], killed);
  const [name] = readdirSync(state.directory).filter((file) => file.endsWith('.flights'));
  const file = join(state.directory, name as string);
  const bytes = readFileSync(file);
  // The slot of the row that had not begun is free: the last one.
  bytes.fill(0, bytes.length - 512);
  writeFileSync(file, bytes);
  expect((await schedule(['--until-idle']).ended).code).toBe(0);
  const end = await balancedBooks(db.database, sendId);
  expect(end.unknown).toBeGreaterThan(CONNECTIONS);
  expect(end.sent + end.unknown).toBe(40);
  expectNobodyTwice();
});

test('a second signal with rows in hand: only what had begun without a reply is unknown', async () => {
  const { sendId } = await withRowsInHand([], async (worker) => {
    worker.kill('SIGTERM');
    await vi.waitFor(() => expect(worker.log).toContain('"event":"stopping"'), 5_000);
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(143);
  });
  expect((await schedule(['--until-idle']).ended).code).toBe(0);
  await expectSettledByRecorder(sendId);
});

test('the drain limit while nothing can be recorded: only what had begun without a reply is unknown', async () => {
  const { sendId } = await withRowsInHand(['--drain-seconds', '1'], async (worker) => {
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(worker.log).toContain('"event":"drain-limit"');
  });
  expect((await schedule(['--until-idle']).ended).code).toBe(0);
  await expectSettledByRecorder(sendId);
});

test('stopped with SIGSTOP past its lease: all is unknown, nobody is mailed twice when it wakes', async () => {
  const stale = ['--stale-seconds', '2'];
  const sendId = await seedQueuedSend(db.database, { recipients: 200, batchSize: 1000 });
  const first = schedule(stale);
  await someAreSent(20);
  first.kill('SIGSTOP');
  const stopped = await balancedBooks(db.database, sendId);
  const second = schedule([...stale, '--until-idle']);
  await vi.waitFor(() => expect(second.log).toContain('"event":"reclaimed"'), 15_000);
  expect(second.log).not.toContain('"event":"taken-over"');
  first.kill('SIGCONT');
  await vi.waitFor(() => expect(first.log).toContain('"event":"claim-lost"'), 15_000);
  first.kill('SIGTERM');
  expect((await first.ended).code).toBe(0);
  expect((await second.ended).code).toBe(0);
  const end = await balancedBooks(db.database, sendId);
  expect(end).toMatchObject({ status: 'completed', sending: 0 });
  expect(end.unknown).toBeLessThanOrEqual(stopped.sending);
  expectNobodyTwice();
});
