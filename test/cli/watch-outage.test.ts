import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startCommand } from '../support/command.ts';
import {
  createTestDatabase,
  startTestServer,
  type TestDatabase,
  type TestServer,
} from '../support/database.ts';
import { rowsOf, seedSend } from '../support/seed.ts';

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
  const id = await seedSend(test.database, rowsOf({ pending: 2 }));
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
