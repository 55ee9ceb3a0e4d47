import { expect, test } from 'vitest';
import { checkSchema } from '../../src/store/mysql/migrate.ts';
import { createTestDatabase, startTestServer } from './database.ts';

test('a test database has the current schema, and is gone after its drop', async () => {
  const test = await createTestDatabase();
  await expect(checkSchema(test.database)).resolves.toBeUndefined();
  await test.drop();
  await expect(test.connect().rows('SELECT 1')).rejects.toMatchObject({
    code: 'DATABASE_REFUSED',
  });
});

test('a test server that crashed keeps its data over a restart', async () => {
  const server = await startTestServer({ durable: true });
  const test = await createTestDatabase(server.url);
  await server.crash();
  await expect(test.database.rows('SELECT 1')).rejects.toThrow();
  await server.restart();
  await expect(checkSchema(test.database)).resolves.toBeUndefined();
  await test.drop();
  await server.stop();
});
