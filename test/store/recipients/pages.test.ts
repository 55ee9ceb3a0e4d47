import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecipientStatus } from '../../../src/domain/states.ts';
import type { Database } from '../../../src/store/mysql/database.ts';
import type { Executor } from '../../../src/store/mysql/packet.ts';
import { listRecipients } from '../../../src/store/recipients/pages.ts';
import { listSnapshots, readSnapshot } from '../../../src/store/sends/row.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { rowsRead as countRowsRead } from '../../support/rows-read.ts';
import { rowsOf, type SeedRow, seedSendWithRows } from '../../support/seed.ts';

let test: TestDatabase;
let pool: Database;
let id: number;

const turns: SeedRow[] = [
  ...rowsOf({ sent: 16 }),
  { status: 'failed' },
  { status: 'unknown' },
  { status: 'skipped' },
  { status: 'pending', deferred: true },
];

beforeAll(async () => {
  test = await createTestDatabase();
  pool = test.connect({ connections: 1 });
  const rows = Array.from({ length: 20_000 }, (_, i) => turns[i % turns.length] as SeedRow);
  await seedSendWithRows(test.database, rows);
  id = await seedSendWithRows(
    test.database,
    [...rows, ...rowsOf({ sending: 8, pending: 20_000 })],
    {
      claimedBy: 'w',
    },
  );
  await test.database.run('UPDATE CAMPAIGN_SENDS SET SETTLED_SEQ = 20000 WHERE ID = ?', [id]);
  await test.database.rows('ANALYZE TABLE CAMPAIGN_SENDS, CAMPAIGN_SEND_RESULTS');
});
afterAll(() => test.drop());

const rowsRead = async (work: (db: Executor) => Promise<unknown>): Promise<number> =>
  (await countRowsRead(pool, work)).read;

describe('rows read for a page of a send of 40,000', () => {
  const LIMIT = 50;
  it.each<[RecipientStatus | undefined, number]>([
    [undefined, 200],
    ['failed', 200],
    ['unknown', 200],
    ['skipped', 200],
    ['pending', 300],
    ['sending', 100],
    ['sent', 300],
  ])('%s: %d at most, from the middle too', async (status, most) => {
    const page = (db: Executor, after: number | null) =>
      listRecipients(db, id, status, after === null ? null : { seq: after }, LIMIT);
    expect(await rowsRead((db) => page(db, null))).toBeLessThanOrEqual(most);
    expect(await rowsRead((db) => page(db, 10_000))).toBeLessThanOrEqual(most);
  });

  it('deferred: a page from the middle', async () => {
    const dueAt = new Date();
    const read = await rowsRead((db) =>
      listRecipients(db, id, 'pending', { seq: 10_000, dueAt }, LIMIT),
    );
    expect(read).toBeLessThanOrEqual(300);
  });
});

describe('rows read for progress', () => {
  it('are those the rate is taken from and a handful more', async () => {
    expect(await rowsRead((db) => readSnapshot(db, id))).toBeLessThanOrEqual(2200);
  });

  it('of a list page are bounded by its sends', async () => {
    expect(await rowsRead((db) => listSnapshots(db, { limit: 2 }))).toBeLessThanOrEqual(4400);
  });
});
