import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import {
  createTestDatabase,
  startTestServer,
  type TestDatabase,
  type TestServer,
} from '../support/database.ts';
import { startCommand } from '../support/run-command.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';

let server: TestServer;
let test: TestDatabase;
beforeAll(async () => {
  server = await startTestServer({ durable: true });
  test = await createTestDatabase(server.url);
});
afterAll(async () => {
  await test.drop();
  await server.stop();
});

it('progress --watch says that the database is away, and goes on when it is back', async () => {
  const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
  const watch = startCommand(['progress', String(id), '--watch'], { url: test.url });
  await vi.waitFor(() => expect(watch.stdout).toContain('running 0/2'), { timeout: 5000 });
  await server.crash();
  await vi.waitFor(() => expect(watch.stderr).toContain('is not reachable'), { timeout: 5000 });
  await server.restart();
  await test.database.run(
    `UPDATE CAMPAIGN_SENDS SET SENT_COUNT = 2, STATUS = 'completed', FINISHED_AT = UTC_TIMESTAMP(3) WHERE ID = ?`,
    [id],
  );
  const { code, stdout } = await watch.ended;
  expect(code).toBe(0);
  expect(stdout).toContain('completed 2/2');
});

it('a key that did nothing while the database was away is said until the next key', async () => {
  const id = await seedSendWithRows(test.database, rowsOf({ pending: 2 }));
  const watch = startCommand(['progress', String(id), '--watch'], {
    url: test.url,
    terminal: true,
    env: { NO_COLOR: '1' },
  });
  const line = () => watch.stdout.split('\x1b[1G').at(-1);
  const lineHas = (text: string) =>
    vi.waitFor(() => expect(line()).toContain(text), { timeout: 10_000 });
  await vi.waitFor(() => expect(watch.stdout).toContain('q quit'), { timeout: 10_000 });
  await server.crash();
  await lineHas('waiting: ');
  watch.type('p');
  await lineHas('not paused: ');
  watch.type('c');
  await lineHas('cancel this send for good?');
  watch.type('y');
  await lineHas('not cancelled: ');
  const before = watch.stdout.length;
  await server.restart();
  await test.database.run('UPDATE CAMPAIGN_SENDS SET SENT_COUNT = 1 WHERE ID = ?', [id]);
  await vi.waitFor(() => expect(watch.stdout.slice(before)).toContain('1/2'), { timeout: 10_000 });
  expect(line()).toContain('not cancelled: ');
  watch.type('x');
  await lineHas('no scheduler is running');
  watch.type('q');
  expect((await watch.ended).code).toBe(0);
});
