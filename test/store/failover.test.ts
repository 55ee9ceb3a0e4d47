import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/store/database.ts';
import { parseDatabaseUrl } from '../../src/store/url.ts';
import { startTestServer, type TestServer } from '../support/database.ts';

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
