import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SHOWN_STATUSES } from '../../src/domain/send.ts';
import { RECIPIENT_STATUSES } from '../../src/domain/states.ts';
import { beat } from '../../src/store/workers.ts';
import { expectShape, jsonLines } from '../support/contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { ageWorkers } from '../support/ledger.ts';
import { runCommand, startCommand } from '../support/run-command.ts';
import {
  rowsOf,
  type SeedRow,
  type SendSeed,
  seedSendWithRows,
  seedQueuedSend as seedUntouched,
} from '../support/seed.ts';
import { startSmtpServer } from '../support/smtp.ts';
import { spawnCampaign } from '../support/spawn-campaign.ts';

let db: TestDatabase;
let directory: string;

beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'campaign-contract-'));
  writeFileSync(join(directory, 'text.txt'), 'Dear {{ email }}');
});
afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true });
});

const run = (...args: (string | number)[]) => runCommand(args.map(String), { url: db.url });

/** What a command prints with --json. */
async function json<T>(...args: (string | number)[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

interface Shown {
  id: number;
  status: string;
  waiting: { for: string } | null;
}

async function shown(rows: readonly SeedRow[], send: SendSeed = {}): Promise<Shown> {
  const id = await seedSendWithRows(db.database, rows, send);
  const progress = await json<Shown>('progress', id);
  expectShape('progress', progress);
  return progress;
}

describe('the JSON of a send', () => {
  it('has its shape in every status, and whatever it waits for', async () => {
    const rows = rowsOf({ sent: 2, failed: 1, unknown: 1, skipped: 1, sending: 1, pending: 3 });
    const statuses = new Set<string>();
    const waits = new Set<string | undefined>();
    const see = async (seedRows: readonly SeedRow[], send: SendSeed = {}): Promise<void> => {
      const { status, waiting } = await shown(seedRows, send);
      statuses.add(status);
      waits.add(waiting?.for);
    };
    for (const status of ['importing', 'paused'] as const) await see(rows, { status });
    for (const status of ['completed', 'cancelled'] as const) {
      await see(rowsOf({ sent: 1, unknown: 1 }), { status, reason: 'enough' });
    }
    await see([], { status: 'running' });
    await see(rowsOf({ pending: 1 }), { startInSeconds: 600 });
    await db.database.run('DELETE FROM CAMPAIGN_WORKERS');
    await see(rows, { claimedBy: 'vm:7:a:1' });
    await beat(db.database, { worker: 'w', host: 'h', pid: 1 });
    await see(rowsOf({ pending: 1 }));
    await see(rowsOf({ sent: 1, pending: 2 }), { lastBatchSecondsAgo: 1, cooldownSeconds: 60 });
    const deferred = await seedSendWithRows(db.database, [{ status: 'pending', deferred: true }]);
    await db.database.run(
      'UPDATE CAMPAIGN_SEND_RESULTS SET NEXT_ATTEMPT_AT = UTC_TIMESTAMP(3) + INTERVAL 90 SECOND WHERE SEND_ID = ?',
      [deferred],
    );
    waits.add((await json<Shown>('progress', deferred)).waiting?.for);
    const held = { claimedBy: 'gone:7:a:1' };
    await beat(db.database, { worker: 'gone:7:a', host: 'gone', pid: 7 });
    await see(rows, held);
    await ageWorkers(db.database, 40);
    await beat(db.database, { worker: 'other', host: 'h', pid: 2 });
    await see(rows, held);
    await db.database.run('DELETE FROM CAMPAIGN_WORKERS');
    const backingOff = { backingOffMs: 20_000, backingOffReason: '421 later' };
    await beat(db.database, { worker: 'w', host: 'h', pid: 1, ...backingOff });
    await see(rowsOf({ pending: 1 }));

    expect([...statuses].sort()).toEqual([...SHOWN_STATUSES].sort());
    expect([...waits].sort()).toEqual(
      ['cooldown', 'paused', 'retry', 'scheduler', 'server', 'start', 'takeover', undefined].sort(),
    );
    const list = await json<Shown[]>('list', '--limit', 1000);
    expectShape('list', list);
    expect(list.length).toBeGreaterThan(10);
    expectShape('list', await json('list', '--before', 1));
  });

  it('has its shape after each change, and each change its event', async () => {
    const rows = rowsOf({ sent: 1, failed: 2, unknown: 2, pending: 2 });
    const id = await seedSendWithRows(db.database, rows);
    for (const change of [
      ['pause', '--reason', 'lunch'],
      ['resume'],
      ['controls', '--batch-size', '7'],
      ['controls'],
      ['retry', '--failed'],
      ['resolve', '--as', 'sent', '--email', 'r4@example.org'],
      ['release', '--yes'],
      ['cancel', '--yes'],
    ]) {
      const [command = '', ...options] = change;
      expectShape('progress', await json(command, id, ...options));
    }
    const events = await json<{ event: string }[]>('events', id);
    expectShape('events', events);
    expect(events.map(({ event }) => event)).toEqual([
      'paused',
      'resumed',
      'controls',
      'retried',
      'resolved',
      'cancelled',
    ]);
    expectShape('events', await json('events', await seedSendWithRows(db.database, [])));
  });

  it('is a line a change with --watch, and a line an event with --follow', async () => {
    const id = await seedSendWithRows(db.database, rowsOf({ pending: 2 }));
    const watch = startCommand(['progress', String(id), '--watch', '--json'], { url: db.url });
    await vi.waitFor(() => expect(watch.stdout).not.toBe(''), 10_000);
    const follow = startCommand(['events', String(id), '--follow', '--json'], { url: db.url });
    await run('cancel', id, '--yes');
    await vi.waitFor(() => expect(follow.stdout).not.toBe(''), 10_000);
    const changes = jsonLines((await watch.ended).stdout);
    expect(changes.length).toBeGreaterThan(1);
    for (const change of changes) expectShape('progress', change);
    process.emit('SIGINT');
    for (const event of jsonLines((await follow.ended).stdout)) expectShape('events', event);
  });
});

it('the JSON of recipients has its shape in every status, by pages and as a stream', async () => {
  const id = await seedSendWithRows(
    db.database,
    RECIPIENT_STATUSES.map((status) => ({ status })),
  );
  const all = await json<{ recipients: { status: string }[]; next: null }>('recipients', id);
  expectShape('recipients', all);
  expect(all.recipients.map(({ status }) => status)).toEqual(RECIPIENT_STATUSES);
  const page = await json<{ next: string }>('recipients', id, '--limit', 2);
  expectShape('recipients', page);
  expect(page.next).toEqual(expect.any(String));
  expect(await json('recipients', id, '--all')).toEqual(all);
  expectShape('recipients', await json('recipients', await seedSendWithRows(db.database, [])));
});

it('the JSON of verify has its shape, whether the books balance or not', async () => {
  const own = await createTestDatabase();
  const verify = async (...args: string[]) => {
    const { stdout } = await runCommand(['verify', ...args, '--json'], { url: own.url });
    const verdicts = JSON.parse(stdout) as unknown;
    expectShape('verify', verdicts);
    return verdicts;
  };
  try {
    expect(await verify('--all')).toEqual([]);
    const good = await seedSendWithRows(own.database, rowsOf({ sent: 1, pending: 1 }));
    const bad = await seedSendWithRows(own.database, rowsOf({ sent: 1 }), { status: 'completed' });
    await own.database.run(
      'UPDATE CAMPAIGN_SENDS SET SENT_COUNT = 7, FINISHED_AT = NULL WHERE ID = ?',
      [bad],
    );
    expect(await verify(String(good))).toMatchObject({ ok: true });
    const { contradictions } = (await verify(String(bad))) as {
      contradictions: { found: string | number }[];
    };
    expect(new Set(contradictions.map(({ found }) => typeof found))).toEqual(
      new Set(['number', 'string']),
    );
    expect(await verify('--all')).toHaveLength(2);
  } finally {
    await own.drop();
  }
});

it('the JSON of queue has its shape: queued, queued before, tried, looking encoded twice, interrupted', async () => {
  const list = join(directory, 'list.csv');
  writeFileSync(list, 'email,name\nann@example.org,MÃ¼ller\nbob,B\nmüll@müller.example,C\n');
  const message = ['--from', 'n@example.org', '--subject', 'Hi', '--text', `${directory}/text.txt`];
  const queue = (...more: string[]) => ['queue', '--list', list, ...message, '--yes', ...more];
  const results = [];
  for (const more of [['--dry-run'], ['--key', 'k'], ['--key', 'k'], ['--paused']]) {
    const result = await json(...queue(...more));
    expectShape('queue', result);
    results.push(result);
  }
  const twice = { cells: 1, line: 2, cell: 'MÃ¼ller', probably: 'Müller' };
  expect(results).toMatchObject([
    { id: null, status: 'dry-run', suppressed: null, looksEncodedTwice: twice },
    { status: 'running', alreadyQueued: false, needSmtpUtf8: 1, idnConverted: 1 },
    { status: 'running', alreadyQueued: true, encoding: null, headerLine: null },
    { status: 'paused', rejected: 1 },
  ]);
});

it('the JSON of migrate and of sandbox has its shape, with something to do and without', async () => {
  expectShape('migrate', await json('migrate'));
  const env = { CAMPAIGN_SANDBOX_DIR: join(directory, 'sandbox') };
  const sandbox = async (...args: string[]) => {
    const { code, stdout } = await spawnCampaign(['sandbox', ...args, '--json'], { env });
    expect(code).toBe(0);
    const status = JSON.parse(stdout) as unknown;
    expectShape('sandbox', status);
    return status;
  };
  expect(await sandbox('status')).toMatchObject({ running: false, databaseUrl: null });
  try {
    expect(await sandbox('start')).toMatchObject({ running: true });
    expect(await sandbox('reset', '--yes')).toMatchObject({ captured: 0 });
  } finally {
    expect(await sandbox('stop')).toMatchObject({ running: false });
  }
});

it('a scheduler logs lines that have their shape', async () => {
  const smtp = await startSmtpServer();
  try {
    await seedUntouched(db.database, { recipients: 3 });
    const { code, stderr } = await spawnCampaign(
      ['run-scheduler', '--once', '--json', '--log-level', 'debug'],
      { env: { CAMPAIGN_DATABASE_URL: db.url, CAMPAIGN_SMTP_URL: smtp.url } },
    );
    expect(code).toBe(0);
    const lines = jsonLines(stderr) as { event: string }[];
    for (const line of lines) expectShape('log', line);
    const events = new Set(lines.map(({ event }) => event));
    for (const event of ['started', 'claimed', 'message', 'batch-ended', 'stopped']) {
      expect(events).toContain(event);
    }
  } finally {
    await smtp.close();
  }
});

it.each([
  ['USAGE', ['frob']],
  ['USAGE', ['list', '--limit', 'x']],
  ['NO_SUCH_SEND', ['progress', '999999']],
  ['WRONG_STATE', ['pause', '3']],
  ['CONFIRMATION_NEEDED', ['cancel', '1']],
  ['BAD_SETTING', ['list'], { CAMPAIGN_DATABASE_URL: 'http://x/' }],
  ['DATABASE_UNREACHABLE', ['list'], { CAMPAIGN_DATABASE_URL: 'mysql://u@127.0.0.1:1/x' }],
] as [string, string[], Record<string, string>?][])(
  'an error is one object on the last line of stderr: %s',
  async (code, args, env = {}) => {
    const { stdout, stderr } = await runCommand([...args, '--json'], { url: db.url, env });
    expect(stdout).toBe('');
    const error = jsonLines(stderr).at(-1);
    expectShape('error', error);
    expect(error).toMatchObject({ code });
  },
);
