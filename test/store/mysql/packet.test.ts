import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Guarded } from '../../../src/store/mysql/packet.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await db.database.run('CREATE TABLE T (A INT PRIMARY KEY, B INT NOT NULL) ENGINE = InnoDB');
});
afterAll(() => db.drop());
beforeEach(async () => {
  await db.database.run('DELETE FROM T');
  await db.database.run('INSERT INTO T VALUES (1, 0), (2, 0), (3, 0), (4, 0)');
});

/** Sets B of the rows up to `a` to what it may be already, for rows matched count. */
const upTo = (a: number, b: number, touches?: number): Guarded => ({
  sql: 'UPDATE T SET B = ? WHERE A <= ?',
  params: [b, a],
  ...(touches === undefined ? {} : { touches }),
});
const look: Guarded = { sql: 'SELECT SUM(B) AS sum FROM T', params: [] };
const sum = async (): Promise<number> => {
  const [row] = await db.database.rows<{ sum: number }>(look.sql);
  return row?.sum ?? Number.NaN;
};

describe('a guarded transaction', () => {
  test.each<[string, Guarded[], number]>([
    ['one statement', [upTo(2, 5, 2)], 10],
    ['a chain', [upTo(1, 5, 1), upTo(2, 5, 2), upTo(3, 5, 3)], 15],
    ['rows that stay as they are', [upTo(3, 0, 3), upTo(1, 7, 1)], 7],
    ['none touched, last', [upTo(2, 5, 2), upTo(0, 9, 0)], 10],
    ['none touched, in the middle', [upTo(2, 5, 2), upTo(0, 9, 0), upTo(1, 6, 1)], 11],
    ['a statement without a guard between', [upTo(1, 5, 1), upTo(4, 1), upTo(2, 3, 2)], 8],
  ])('is committed when every number is right: %s', async (_, statements, expected) => {
    expect(await db.database.guardedTransaction(statements)).toEqual([]);
    expect(await sum()).toBe(expected);
  });

  test.each<[string, Guarded[]]>([
    ['the only one', [upTo(2, 5, 1)]],
    ['the first of a chain', [upTo(2, 5, 1), upTo(2, 5, 2), upTo(3, 5, 3)]],
    ['the middle of a chain', [upTo(1, 5, 1), upTo(2, 5, 3), upTo(3, 5, 3)]],
    ['the last of a chain', [upTo(1, 5, 1), upTo(2, 5, 2), upTo(3, 5, 4)]],
    ['none where one should', [upTo(1, 5, 1), upTo(0, 5, 1)]],
    ['some where none should', [upTo(1, 5, 1), upTo(3, 5, 0)]],
    ['before one that touches none', [upTo(1, 5, 2), upTo(0, 5, 0)]],
    ['before a statement without a guard', [upTo(1, 5, 2), upTo(4, 5)]],
    ['after a statement without a guard', [upTo(4, 5), upTo(1, 5, 2)]],
  ])(
    'writes nothing when one is wrong, and leaves the session ready: %s',
    async (_, statements) => {
      expect(await db.database.guardedTransaction(statements)).toBeNull();
      expect(await sum()).toBe(0);
      await db.database.run('UPDATE T SET B = 1 WHERE A = 4');
      const other = db.connect();
      expect(await other.rows('SELECT B AS b FROM T WHERE A = 4')).toEqual([{ b: 1 }]);
    },
  );

  test('gives the rows of each SELECT, whatever stands between them', async () => {
    const rows = await db.database.guardedTransaction([
      upTo(2, 5, 2),
      look,
      upTo(1, 1, 1),
      upTo(0, 1, 0),
      look,
    ]);
    expect(rows).toEqual([[{ sum: 10 }], [{ sum: 6 }]]);
  });
});
