import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { Database } from '../../../src/store/mysql/database.ts';
import { migrate } from '../../../src/store/mysql/migrate.ts';
import { parseDatabaseUrl } from '../../../src/store/mysql/url.ts';
import { startTestServer, type TestServer } from '../../support/database.ts';
import { runCommand } from '../../support/run-command.ts';
import { startSmtpServer } from '../../support/smtp.ts';

let servers: TestServer[] = [];

beforeAll(async () => {
  servers = [await startTestServer(), await startTestServer()];
  for (const server of servers) {
    const root = new Database({ ...parseDatabaseUrl(`${server.url}/mysql`) });
    await root.run('CREATE DATABASE app');
    await root.run('CREATE TABLE app.t (n INT)');
    await root.run("CREATE USER app@'%' IDENTIFIED BY 'secret'");
    await root.run("GRANT SELECT, INSERT ON app.* TO app@'%'");
    await root.close();
  }
});
afterAll(() => Promise.all(servers.map((server) => server.stop())));

test('a host that has become read-only is left for the next one', async () => {
  const [first, second] = servers.map((server) => new URL(server.url).host);
  const db = new Database(parseDatabaseUrl(`mysql://app:secret@${first},${second}/app`));
  await db.run('INSERT INTO t VALUES (1)');
  const root = new Database(parseDatabaseUrl(`${servers[0]?.url}/app`));
  await root.run('SET GLOBAL read_only = 1');
  await expect(db.run('INSERT INTO t VALUES (2)')).rejects.toThrow(/read.only/);
  await db.run('INSERT INTO t VALUES (3)');
  expect(await db.rows('SELECT n FROM t')).toEqual([{ n: 3 }]);
  await Promise.all([db.close(), root.close()]);
});

test('a host that takes logins and then breaks every line is left for the next one at once', async () => {
  const [first, second] = servers.map((server) => new URL(server.url));
  const breaking = createServer((socket) => {
    const upstream = connect(Number(first?.port), '127.0.0.1');
    upstream.pipe(socket);
    socket.once('data', (login) => {
      upstream.write(login);
      socket.once('data', () => {
        socket.destroy();
        upstream.destroy();
      });
    });
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(breaking, 'listening');
  const { port } = breaking.address() as AddressInfo;
  const db = new Database(
    parseDatabaseUrl(`mysql://app:secret@127.0.0.1:${port},${second?.host}/app`),
  );
  expect(await db.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await db.close();
  breaking.close();
});

describe('with several hosts, of which the first is read-only,', () => {
  let directory: string;
  let url: string;
  let root: Database;
  let primary: Database;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'campaign-failover-'));
    writeFileSync(join(directory, 'list.csv'), 'email\nann@example.org\nbob@example.org\n');
    writeFileSync(join(directory, 'mail.txt'), 'Hello\n');
    for (const server of servers) {
      const admin = new Database(parseDatabaseUrl(`${server.url}/app`));
      await admin.run("GRANT ALL ON app.* TO app@'%'");
      await admin.run('SET GLOBAL read_only = 0');
      await migrate(admin);
      await admin.close();
    }
    root = new Database(parseDatabaseUrl(`${servers[0]?.url}/app`));
    primary = new Database(parseDatabaseUrl(`${servers[1]?.url}/app`));
    const [first, second] = servers.map((server) => new URL(server.url).host);
    url = `mysql://app:secret@${first},${second}/app`;
  });
  beforeEach(() => root.run('SET GLOBAL read_only = 1'));
  afterAll(async () => {
    await root.run('SET GLOBAL read_only = 0');
    await Promise.all([root.close(), primary.close()]);
    rmSync(directory, { recursive: true, force: true });
  });

  test('every command that writes finds the one that can be written to, and shows what is there', async () => {
    const smtp = await startSmtpServer();
    const env = { CAMPAIGN_SMTP_URL: smtp.url };
    const command = (...args: string[]) => runCommand(args, { url, env });
    const queued = await command(
      ...['queue', '--list', join(directory, 'list.csv'), '--from', 'news@example.org', '--paused'],
      ...['--subject', 'Hello', '--text', join(directory, 'mail.txt'), '--yes'],
    );
    expect(queued).toMatchObject({ code: 0 });
    const id = queued.stdout.trim();
    for (const args of [
      ['migrate'],
      ['controls', id, '--batch-size', '1'],
      ['resume', id],
      ['pause', id],
      ['resume', id],
      ['run-scheduler', '--until-idle'],
      ['verify', id],
      ['events', id],
    ]) {
      expect(await command(...args), args.join(' ')).toMatchObject({ code: 0 });
    }
    const { stdout } = await command('progress', id, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ status: 'completed', sent: 2 });
    expect(smtp.messages).toHaveLength(2);
    expect(await root.rows('SELECT ID FROM CAMPAIGN_SENDS')).toEqual([]);
    await smtp.close();
  });

  test('a reader that stays notices that its host became read-only, and goes to the primary', async () => {
    await root.run('SET GLOBAL read_only = 0');
    const db = new Database(parseDatabaseUrl(url));
    const port = async (): Promise<number | undefined> =>
      (await db.rows<{ port: number }>('SELECT @@port AS port'))[0]?.port;
    const [first, second] = servers.map((server) => Number(new URL(server.url).port));
    expect(await port()).toBe(first);
    await root.run('SET GLOBAL read_only = 1');
    await vi.waitFor(async () => expect(await port()).toBe(second), 20_000);
    await db.close();
  });

  test('a transaction whose host becomes read-only under it is done on the primary, once', async () => {
    await root.run('SET GLOBAL read_only = 0');
    const db = new Database(parseDatabaseUrl(url));
    await db.run('DELETE FROM t');
    await root.run('SET GLOBAL read_only = 1');
    await primary.run('DELETE FROM t');
    await db.transaction((tx) => tx.run('INSERT INTO t VALUES (7)'));
    expect(await primary.rows('SELECT n FROM t')).toEqual([{ n: 7 }]);
    await db.close();
  });

  test('a scheduler is answered by no host that is behind: it waits for one that can be written to', async () => {
    await primary.run('SET GLOBAL read_only = 1');
    const db = new Database(parseDatabaseUrl(url), { writableOnly: true });
    try {
      await expect(db.rows('SELECT 1')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    } finally {
      await primary.run('SET GLOBAL read_only = 0');
    }
    expect(await db.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await db.close();
  });

  test('a primary that takes no more sessions than we have is not left for a host that is behind', async () => {
    await primary.run('GRANT SELECT ON app.* TO app WITH MAX_USER_CONNECTIONS 2');
    const db = new Database(parseDatabaseUrl(url));
    const [, second] = servers.map((server) => Number(new URL(server.url).port));
    try {
      const ports = await Promise.all(
        Array.from({ length: 20 }, () => db.rows<{ port: number }>('SELECT @@port AS port')),
      );
      expect(new Set(ports.map(([row]) => row?.port))).toEqual(new Set([second]));
    } finally {
      await primary.run('GRANT SELECT ON app.* TO app WITH MAX_USER_CONNECTIONS 0');
      await db.close();
    }
  });

  test('where none can be written to, commands read, and those that write exit 5 saying so', async () => {
    await primary.run('SET GLOBAL read_only = 1');
    try {
      expect(await runCommand(['list'], { url })).toMatchObject({ code: 0 });
      const { code, stderr } = await runCommand(['pause', '1', '--json'], { url });
      expect(code).toBe(5);
      expect(JSON.parse(stderr)).toMatchObject({
        code: 'DATABASE_UNREACHABLE',
        message: expect.stringContaining('read-only'),
        remedy: expect.stringContaining('primary'),
      });
    } finally {
      await primary.run('SET GLOBAL read_only = 0');
    }
  });

  test('a URL of that one alone is told that it is read-only, and the remedy', async () => {
    const alone = `mysql://app:secret@${new URL(servers[0]?.url ?? '').host}/app`;
    const { code, stderr } = await runCommand(
      [
        ...['queue', '--list', join(directory, 'list.csv'), '--from', 'news@example.org', '--json'],
        ...['--subject', 'Hello', '--text', join(directory, 'mail.txt'), '--yes'],
      ],
      { url: alone },
    );
    expect(code).toBe(5);
    expect(JSON.parse(stderr)).toMatchObject({
      message: expect.stringContaining('read-only'),
      remedy: expect.stringContaining('all hosts of the cluster'),
    });
  });
});
