import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { expectShape, jsonLines } from '../support/contract.ts';
import { createTestDatabase, startTestServer, type TestDatabase } from '../support/database.ts';
import { openConnection, readToEnd, seedUnsubscribable } from '../support/endpoint.ts';
import { type ServeProcess, startServeProcess } from '../support/serve-process.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';
import { spawnCampaign } from '../support/spawn-campaign.ts';

const ONE_CLICK = { method: 'POST', body: 'List-Unsubscribe=One-Click' };

let db: TestDatabase;
let smtp: SmtpServer;
let directory: string;
let serving: ServeProcess[] = [];

beforeEach(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer();
  directory = mkdtempSync(join(tmpdir(), 'campaign-unsubscribe-'));
});

afterEach(async () => {
  for (const one of serving) one.kill('SIGKILL');
  await Promise.all(serving.map(({ ended }) => ended));
  serving = [];
  await smtp.close();
  await db.drop();
  rmSync(directory, { recursive: true });
});

async function serve(url = db.url, ...args: string[]): Promise<ServeProcess> {
  const one = await startServeProcess(url, args);
  serving.push(one);
  return one;
}

const campaign = async (...args: string[]): Promise<unknown> => {
  const { code, stdout, stderr } = await spawnCampaign([...args, '--json'], {
    env: { CAMPAIGN_DATABASE_URL: db.url, CAMPAIGN_SMTP_URL: smtp.url },
  });
  if (code !== 0) throw new Error(stderr);
  return stdout === '' ? undefined : JSON.parse(stdout);
};

async function queueAndSend(unsubscribeUrl: string): Promise<{ id: number; suppressed: number }> {
  const list = join(directory, 'list.csv');
  const body = join(directory, 'body.html');
  writeFileSync(list, 'email,name\nann@example.org,Ann\nBob@Example.org,Bob\n');
  writeFileSync(body, '<p>Dear {{ name }}, <a href="{{ unsubscribe_url }}">leave</a></p>');
  const queued = (await campaign(
    ...['queue', '--list', list, '--from', 'News <news@example.org>', '--subject', 'Hello'],
    ...['--html', body, '--unsubscribe-url', unsubscribeUrl, '--yes'],
  )) as { id: number; suppressed: number };
  await campaign('run-scheduler', '--until-idle');
  return queued;
}

const mailTo = (address: string): string =>
  smtp.messages.findLast(({ to }) => to.includes(address))?.raw ?? '';

test('a link of a mail that came ends in an entry, which the next send heeds', async () => {
  const { url } = await serve();
  await queueAndSend('https://news.example.org/u');
  const raw = mailTo('Bob@example.org');
  const [, link = ''] =
    /^List-Unsubscribe: <https:\/\/news\.example\.org(\S+)>\r$/m.exec(raw) ?? [];
  expect(link).toMatch(/^\/u\/1[0-9a-z]+-2[0-9a-v]{16}$/);
  expect(raw).toContain('\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n');
  expect(raw.replaceAll(/=\r\n/g, '')).toContain(link);

  expect((await fetch(url + link)).status).toBe(200);
  expect(await campaign('suppress', 'check', 'bob@example.org')).toMatchObject([
    { suppressed: false },
  ]);
  expect((await fetch(url + link, ONE_CLICK)).status).toBe(200);
  expect(await campaign('suppress', 'check', 'bob@example.org')).toMatchObject([
    { suppressed: true, source: 'unsubscribe', topic: '' },
  ]);

  const before = smtp.messages.length;
  const next = await queueAndSend('https://news.example.org/u');
  expect(smtp.messages.slice(before).map(({ to }) => to)).toEqual([['ann@example.org']]);
  expect(await campaign('recipients', String(next.id), '--status', 'skipped')).toMatchObject({
    recipients: [{ email: 'Bob@Example.org', status: 'skipped' }],
  });
});

test('serve logs what it did, no token in it, and ends in good order', async () => {
  const send = await seedUnsubscribable(db.database, 3);
  const one = await serve(db.url, '--log-level', 'debug', '--trust-proxy');
  const at = (seq: number): string => `${one.url}/u/${send.tokenOf(seq)}`;
  await fetch(at(1), ONE_CLICK);
  await fetch(at(1), { method: 'POST', body: 'answer=mistake' });
  await fetch(`${at(2)}0`);
  await fetch(at(2), { method: 'POST', body: 'x'.repeat(10_000) });
  const slow = await openConnection(Number(new URL(one.url).port));
  const answer = readToEnd(slow);
  slow.write(
    `POST /u/${send.tokenOf(3)} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nList-Unsub`,
  );
  await fetch(at(2));
  one.kill('SIGTERM');
  await vi.waitFor(() => expect(one.log).toContain('"stopping"'), 20_000);
  slow.write('scribe=One-Click');
  expect(await answer).toMatch(/^HTTP\/1\.1 200 OK/);
  const { code, stdout, stderr } = await one.ended;
  expect(code).toBe(0);
  expect(stdout).toBe('');
  for (let seq = 1; seq <= 3; seq++) expect(stderr).not.toContain(send.tokenOf(seq).slice(8));
  const lines = jsonLines(stderr) as { event: string }[];
  for (const line of lines) expectShape('serve-log', line);
  expect(lines.map(({ event }) => event)).toEqual([
    'listening',
    'unsubscribed',
    'taken-back',
    'foreign-token',
    'refused',
    'stopping',
    'unsubscribed',
    'stopped',
  ]);
  expect(lines.at(-1)).toMatchObject({ unsubscribed: 2, takenBack: 1, foreign: 1 });
});

test('while the database is away nothing is answered with a yes, and it is all right when it is back', async () => {
  const server = await startTestServer();
  const { url, database, drop } = await createTestDatabase(server.url);
  try {
    const send = await seedUnsubscribable(database, 2);
    const one = await serve(url);
    const known = `${one.url}/u/${send.tokenOf(1)}`;
    expect((await fetch(known)).status).toBe(200);
    await server.crash();
    for (const init of [{}, ONE_CLICK, { method: 'POST', body: 'answer=mistake' }]) {
      const response = await fetch(known, init);
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await response.text()).toContain('Please try again in a few minutes');
    }
    const unknown = ofUnknownSend(send.tokenOf(1));
    expect((await fetch(`${one.url}/u/${unknown}`, ONE_CLICK)).status).toBe(503);
    expect((await fetch(`${one.url}/healthz`)).status).toBe(503);
    await server.restart();
    await vi.waitFor(
      async () => expect((await fetch(`${one.url}/healthz`)).status).toBe(200),
      30_000,
    );
    expect((await fetch(known, ONE_CLICK)).status).toBe(200);
    expect(one.log.match(/"database-away"/g)).toHaveLength(1);
    expect(one.log.match(/"database-back"/g)).toHaveLength(1);
  } finally {
    await drop();
    await server.stop();
  }
});

/** A token that looks like one of a send that this process has not seen. */
const ofUnknownSend = (token: string): string => token.replace(/^1[0-9a-z]+-/, '1zz-');

test('what serve cannot do is said at once, with what to do', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const words = join(directory, 'words.txt');
  writeFileSync(words, 'ask_heading: Tschüß, {{ sendr }}?\n');
  const env = { CAMPAIGN_DATABASE_URL: db.url };
  const bad: [number, RegExp, string[]][] = [
    [
      4,
      /127\.0\.0\.1:\d+ cannot be listened on: another program has it/,
      ['--public', `127.0.0.1:${port}`],
    ],
    [
      4,
      /192\.0\.2\.1:8026 cannot be listened on: this machine has no such address/,
      ['--public', '192.0.2.1:8026'],
    ],
    [2, /--public/, []],
    [2, /an address and a port/, ['--public', '8026']],
    [2, /an address and a port/, ['--public', '127.0.0.1:70000']],
    [2, /an address and a port/, ['--public', 'http://127.0.0.1:8026']],
    [
      2,
      /words\.txt, line 1: "ask_heading" has no value \{\{ sendr \}\}/,
      ['--public', '127.0.0.1:0', '--unsubscribe-page', words],
    ],
    [
      2,
      /nowhere\.txt/,
      ['--public', '127.0.0.1:0', '--unsubscribe-page', join(directory, 'nowhere.txt')],
    ],
  ];
  try {
    for (const [exit, message, args] of bad) {
      const { code, stderr } = await spawnCampaign(['serve', ...args], { env });
      expect(stderr).toMatch(message);
      expect(code).toBe(exit);
    }
    const away = { CAMPAIGN_DATABASE_URL: 'mysql://u@127.0.0.1:1/x' };
    const { code } = await spawnCampaign(['serve', '--public', '127.0.0.1:0'], { env: away });
    expect(code).toBe(5);
  } finally {
    taken.close();
  }
});
