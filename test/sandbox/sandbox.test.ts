import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import mysql from 'mysql2/promise';
import nodemailer from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SandboxStatus } from '../../src/domain/sandbox.ts';
import { CampaignError } from '../../src/errors.ts';
import { findSandbox } from '../../src/sandbox/addresses.ts';
import { inFolder } from '../../src/sandbox/folder.ts';
import { isRunning, waitUntil } from '../../src/sandbox/processes.ts';
import type { SandboxState } from '../../src/sandbox/state.ts';
import { connectionOptions, parseDatabaseUrl } from '../../src/store/mysql/url.ts';
import { type Guard, spawnGuard } from '../support/guard.ts';
import type { Ended } from '../support/output.ts';
import { CAMPAIGN, canChangeUser, NOBODYS_UID, spawnCampaign } from '../support/spawn-campaign.ts';

let directory: string;
let guard: Guard;

/** Deeper than a socket's path may be. */
const DEEP = 'x'.repeat(100);

/** All that a shell, a server's options or a URL would take for something else. */
const ODD = `a b'c"d%41#ü:*?,=z`;

const STOP_AND_REMOVE = `
  for directory in "$3/${DEEP}" "$3/$4" "$3"; do
    CAMPAIGN_SANDBOX_DIR=$directory "$1" "$2" sandbox stop
  done
  rm -rf "$3"`;

const sandbox = (...args: string[]): Promise<Ended> =>
  spawnCampaign(['sandbox', ...args], { env: { CAMPAIGN_SANDBOX_DIR: directory } });

const status = async (...args: string[]): Promise<SandboxStatus> => {
  const { code, stdout, stderr } = await sandbox(...args, '--json');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as SandboxStatus;
};

const state = (): SandboxState =>
  JSON.parse(readFileSync(join(directory, 'run/state.json'), 'utf8')) as SandboxState;

const send = (url: string, to: string) =>
  nodemailer
    .createTransport(url)
    .sendMail({ from: 'a@example.org', to, subject: 'Grüße', text: '.\n..é' });

const tables = async (url: string): Promise<unknown[]> => {
  const connection = await mysql.createConnection(connectionOptions(parseDatabaseUrl(url), 0));
  const [rows] = await connection.query('SHOW TABLES');
  await connection.end();
  return rows as unknown[];
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'campaign-test-sandbox-'));
  guard = spawnGuard(STOP_AND_REMOVE, [process.execPath, CAMPAIGN, directory, ODD]);
  await status('start');
});

afterAll(() => guard.end());

test('a start brings a database with the schema and an SMTP server, and says where', async () => {
  const { running, mail, databaseUrl, smtpUrl } = await status('status');
  expect({ running, mail }).toEqual({ running: true, mail: join(directory, 'mail/new') });
  expect((await tables(databaseUrl ?? '')).length).toBeGreaterThan(5);
  expect(smtpUrl).toMatch(/^smtp:\/\/127\.0\.0\.1:\d+$/);
  expect(findSandbox(directory)).toMatchObject({
    database: { database: 'campaign', socketPath: state().database?.socketPath },
    smtp: { host: '127.0.0.1', port: state().smtp?.port },
  });
});

test('a second start changes nothing and says that all was running', async () => {
  const before = state();
  const { stderr } = await sandbox('start');
  expect(stderr).toContain('running already');
  expect(state()).toEqual(before);
});

test('two starts at once after one server has died bring up one of it', async () => {
  const { smtp } = state();
  process.kill(smtp?.pid ?? 0, 'SIGKILL');
  await waitUntil(() => !isRunning(smtp?.pid ?? 0), 5_000, 'it is still there');
  expect(findSandbox(directory)).toBeUndefined();
  const [one, other] = await Promise.all([status('start'), status('start')]);
  expect(one).toEqual(other);
  expect(one).toMatchObject({ running: true, smtpUrl: `smtp://127.0.0.1:${smtp?.port}` });
});

test('a message is kept as it was sent, under its envelope', async () => {
  const { smtpUrl, mail } = await status('status');
  await send(smtpUrl ?? '', 'jose@example.org');
  const [name = ''] = readdirSync(mail);
  const text = readFileSync(join(mail, name), 'utf8');
  expect(name).toMatch(/\.eml$/);
  expect(text).toMatch(/^Return-Path: <a@example\.org>\r\nDelivered-To: jose@example\.org\r\n/);
  expect(text).toMatch(/^Subject: =\?UTF-8\?Q\?Gr=C3=BC=C3=9Fe\?=\r$/m);
  expect((await status('status')).captured).toBe(1);
});

test('a reset needs a yes, and then deletes mail and sends while the servers go on', async () => {
  const refused = await sandbox('reset');
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  const { databaseUrl } = await status('status');
  const connection = await mysql.createConnection(
    connectionOptions(parseDatabaseUrl(databaseUrl ?? ''), 0),
  );
  await connection.query(
    "INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, CREATED_AT) VALUES ('a@b.c', 'x', UTC_TIMESTAMP(3))",
  );
  await connection.end();
  const before = state();
  expect(await status('reset', '--yes')).toMatchObject({ running: true, captured: 0 });
  expect(state()).toEqual(before);
  const again = await mysql.createConnection(
    connectionOptions(parseDatabaseUrl(databaseUrl ?? ''), 0),
  );
  expect((await again.query('SELECT * FROM CAMPAIGN_SUPPRESSIONS'))[0]).toEqual([]);
  await again.end();
});

test('a stop ends both, keeps mail and data, and leaves nothing running', async () => {
  const { database, smtp } = state();
  const { smtpUrl } = await status('status');
  await send(smtpUrl ?? '', 'kept@example.org');
  expect(await status('stop')).toMatchObject({
    running: false,
    captured: 1,
    databaseUrl: null,
    smtpUrl: null,
  });
  expect([database, smtp].map((part) => isRunning(part?.pid ?? 0))).toEqual([false, false]);
  expect((await sandbox('stop')).stderr).toContain('was not running');
  expect(await status('start')).toMatchObject({ running: true, captured: 1, smtpUrl });
});

test('a state file of another boot, its pids now other processes, is not taken for a running sandbox', async () => {
  await status('stop');
  const other = { pid: process.pid, started: '1' };
  writeFileSync(
    join(directory, 'run/state.json'),
    JSON.stringify({
      database: { ...other, socketPath: join(directory, 'run/db.sock') },
      smtp: { ...other, port: 1 },
    }),
  );
  expect(findSandbox(directory)).toBeUndefined();
  expect(await status('stop')).toMatchObject({ running: false });
  expect(isRunning(process.pid)).toBe(true);
});

test('where its own path is too long for a socket, the database listens at a short one, gone after the stop', async () => {
  const long = join(directory, DEEP);
  const run = (...args: string[]) =>
    spawnCampaign(['sandbox', ...args, '--json'], { env: { CAMPAIGN_SANDBOX_DIR: long } });
  const started = JSON.parse((await run('start')).stdout) as SandboxStatus;
  expect(started.running).toBe(true);
  const socketPath = findSandbox(long)?.database.socketPath ?? '';
  expect(socketPath.length).toBeLessThan(100);
  await run('stop');
  expect(existsSync(dirname(socketPath))).toBe(false);
});

test('a folder with blanks, quotes, colons and other signs in its name works like any', async () => {
  const odd = join(directory, ODD);
  // The temporary folder's name may be as odd, or there may be none.
  const env = { CAMPAIGN_SANDBOX_DIR: odd, TMPDIR: join(directory, 'no such folder') };
  const run = (...args: string[]) => spawnCampaign(args, { env });
  const { code, stdout, stderr } = await run('sandbox', 'start', '--json');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { databaseUrl } = JSON.parse(stdout) as SandboxStatus;
  expect((await tables(databaseUrl ?? '')).length).toBeGreaterThan(5);
  expect(await run('list', '--json')).toMatchObject({ code: 0, stdout: '[]\n' });
  expect(await run('sandbox', 'stop')).toMatchObject({ code: 0, stderr: 'sandbox stopped\n' });
});

test.each(['text', 'JSON'])(
  'a command says on stderr that it uses the sandbox, with data as %s',
  async (form) => {
    await status('start');
    const { code, stderr } = await spawnCampaign(['list', ...(form === 'JSON' ? ['--json'] : [])], {
      env: { CAMPAIGN_SANDBOX_DIR: directory },
    });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining(`campaign: using the sandbox in ${directory}\n`),
    });
  },
);

test.each([
  ['is a file', () => CAMPAIGN],
  ['lies in a file', () => join(CAMPAIGN, 'sandbox')],
  ['has a name that is too long', () => join(directory, 'x'.repeat(300))],
  ['lies where there are no folders to be made', () => '/proc/sandbox'],
])('a folder that %s is wrong input: exit 2, with what to set', async (_, folder) => {
  const { code, stderr } = await spawnCampaign(['sandbox', 'start', '--json'], {
    env: { CAMPAIGN_SANDBOX_DIR: folder() },
  });
  expect(code).toBe(2);
  expect(JSON.parse(stderr)).toMatchObject({
    code: 'BAD_SETTING',
    remedy: expect.stringContaining('CAMPAIGN_SANDBOX_DIR'),
  });
});

// Root may write anywhere.
test.skipIf(process.getuid?.() === 0 && !canChangeUser())(
  'a home that cannot be written to is wrong input, too',
  async () => {
    const home = mkdtempSync(join(directory, 'home-'));
    chmodSync(home, 0o500);
    const { code, stderr } = await spawnCampaign(['sandbox', 'start'], {
      env: { HOME: home },
      ...(process.getuid?.() === 0 ? { uid: NOBODYS_UID } : {}),
    });
    expect(code).toBe(2);
    expect(stderr).toContain('this user may not write there');
    expect(stderr).toContain('CAMPAIGN_SANDBOX_DIR');
  },
);

test('a full disk is told as that, in the words of the file system and of the database', async () => {
  const full = () =>
    Promise.reject(Object.assign(new Error(), { code: 'ENOSPC', syscall: 'write' }));
  const said = [
    '[ERROR] InnoDB: preallocating 12582912 bytes for file ./ibdata1 failed with error 28',
    '[ERROR] mariadbd: Error writing file \'./x\' (Errcode: 28 "No space left on device")',
    '[ERROR] [MY-012639] [InnoDB] Write to file ./ibdata1 failed at offset 0 … Operating system error number 28',
  ].map((text) => () => Promise.reject(new CampaignError('DATABASE_UNREACHABLE', text)));
  for (const work of [full, ...said]) {
    await expect(inFolder('/f', work)).rejects.toMatchObject({
      code: 'BAD_SETTING',
      exitCode: 2,
      remedy: expect.stringContaining('CAMPAIGN_SANDBOX_DIR'),
    });
  }
  const other = new CampaignError('DATABASE_UNREACHABLE', 'it ended with code 1');
  await expect(inFolder('/f', () => Promise.reject(other))).rejects.toBe(other);
});

test('a start that is interrupted leaves nothing running', async () => {
  await status('stop');
  const child = spawn(process.execPath, [CAMPAIGN, 'sandbox', 'start'], {
    env: { PATH: process.env.PATH, CAMPAIGN_SANDBOX_DIR: directory },
    stdio: 'ignore',
  });
  const ended = once(child, 'close');
  const pidFile = join(directory, 'run/database.pid');
  await waitUntil(() => existsSync(pidFile), 20_000, 'the database did not start');
  const pid = Number(readFileSync(pidFile, 'utf8'));
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect(isRunning(pid)).toBe(false);
  expect(await status('status')).toMatchObject({ databaseUrl: null, smtpUrl: null });
});

test('a start that was killed half-way is taken up by the next one', async () => {
  await status('start');
  const { database, smtp } = state();
  writeFileSync(join(directory, 'run/state.json'), JSON.stringify({ smtp }));
  await status('start');
  expect(state()).toEqual({ database, smtp });
});
