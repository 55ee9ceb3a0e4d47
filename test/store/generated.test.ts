import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ATTENTION, DUE } from '../../src/store/generated.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';

const STORE = fileURLToPath(new URL('../../src/store', import.meta.url));

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

test('ATTENTION has the digits that its names stand for, and none for rows of the hot path', async () => {
  const sendId = await seedSendWithRows(db.database, [
    ...rowsOf({ failed: 1, unknown: 1, skipped: 1 }),
    { status: 'pending', deferred: true },
    ...rowsOf({ sending: 2, sent: 1, pending: 1 }),
  ]);
  await db.database.run(
    'UPDATE CAMPAIGN_SEND_RESULTS SET NEXT_ATTEMPT_AT = UTC_TIMESTAMP(3) WHERE SEND_ID = ? AND SEQ = 5',
    [sendId],
  );
  const rows = await db.database.rows<{ attention: number | null }>(
    'SELECT ATTENTION AS attention FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? ORDER BY SEQ',
    [sendId],
  );
  const { failed, unknown, skipped, deferred, deferredSending } = ATTENTION;
  expect(rows.map(({ attention }) => attention)).toEqual([
    failed,
    unknown,
    skipped,
    deferred,
    deferredSending,
    null,
    null,
    null,
  ]);
});

test('DUE has the digits that its names stand for, and none for sends with nothing to do', async () => {
  const due = async (sendId: number): Promise<number | null | undefined> => {
    const [send] = await db.database.rows<{ due: number | null }>(
      'SELECT DUE AS due FROM CAMPAIGN_SENDS WHERE ID = ?',
      [sendId],
    );
    return send?.due;
  };
  expect(await due(await seedSendWithRows(db.database, rowsOf({ pending: 1 })))).toBe(DUE.batch);
  const deferred = await seedSendWithRows(db.database, [{ status: 'pending', deferred: true }]);
  expect(await due(deferred)).toBe(DUE.deferred);
  expect(await due(await seedSendWithRows(db.database, rowsOf({ sending: 1 })))).toBe(DUE.strays);
  const paused = await seedSendWithRows(db.database, rowsOf({ pending: 1 }), { status: 'paused' });
  expect(await due(paused)).toBeNull();
});

test('no statement has a digit where a generated column has a name', () => {
  const files = readdirSync(STORE, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const digits = files.filter((name) =>
    /\b(ATTENTION|DUE) (=|IN) \(?\d/.test(readFileSync(join(STORE, name), 'utf8')),
  );
  expect(files.length).toBeGreaterThan(10);
  expect(digits).toEqual([]);
});
