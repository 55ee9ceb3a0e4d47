import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decline } from '../../../src/domain/declined.ts';
import type { CampaignError } from '../../../src/errors.ts';
import type { Database } from '../../../src/store/mysql/database.ts';
import { skipDeclined } from '../../../src/store/recipients/declined.ts';
import { cancelImport } from '../../../src/store/sends/lifecycle.ts';
import { verifySend } from '../../../src/store/verify.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { balancedBooks } from '../../support/ledger.ts';
import { rowsOf, seedSendWithRows } from '../../support/seed.ts';

let db: TestDatabase;
/** As an import opens it. */
let importer: Database;
beforeAll(async () => {
  db = await createTestDatabase();
  importer = db.connect({ connections: 2, countChangedRows: true });
});
afterAll(async () => {
  await importer.close();
  await db.drop();
});

/** A send that is importing, with `r1@example.org` and so on. */
const importing = (pending: number): Promise<number> =>
  seedSendWithRows(db.database, rowsOf({ pending }), { status: 'importing' });

const no = (n: number, value = 'no'): Decline => ({
  norm: `r${n}@example.org`,
  column: 'Opt in',
  value,
});

const skipped = async (id: number): Promise<string[]> =>
  (
    await db.database.rows<{ said: string }>(
      `SELECT CONCAT(EMAIL_NORM, ' ', RESPONSE) AS said FROM CAMPAIGN_SEND_RESULTS
        WHERE SEND_ID = ? AND STATUS = 'skipped' ORDER BY SEQ`,
      [id],
    )
  ).map(({ said }) => said);

describe('people whom their list says not to write to', () => {
  it('are skipped for the first reason of each, whoever is not in the ledger left alone', async () => {
    const id = await importing(5);
    const first = await skipDeclined(importer, id, [
      no(4),
      no(2, 'never'),
      no(9),
      no(2, 'later'),
      no(4, "it's \\ ünd %_"),
    ]);
    expect(first).toEqual([no(2, 'never'), no(4)]);
    expect(await skipDeclined(importer, id, [no(2, 'again'), no(5, "it's \\ ünd %_")])).toEqual([
      no(5, "it's \\ ünd %_"),
    ]);
    expect(await skipped(id)).toEqual([
      'r2@example.org declined: Opt in = never',
      'r4@example.org declined: Opt in = no',
      "r5@example.org declined: Opt in = it's \\ ünd %_",
    ]);
    expect(await verifySend(db.database, id)).toEqual([]);
    expect(await balancedBooks(db.database, id)).toMatchObject({ skipped: 3, pending: 2 });
  });

  it('stay as they are in a send that is importing no more', async () => {
    const id = await importing(3);
    await db.database.transaction((tx) => cancelImport(tx, id));
    await expect(skipDeclined(importer, id, [no(1)])).rejects.toMatchObject({
      code: 'WRONG_STATE',
    });
    expect(await skipped(id)).toEqual([]);
    expect(await skipDeclined(importer, id, [no(99)])).toEqual([]);
  });

  it('are skipped whole pages at a time, and counted, when a cancel comes between', async () => {
    for (let round = 0; round < 15; round++) {
      const id = await importing(400);
      const pages = async (): Promise<void> => {
        for (let page = 0; page < 8; page++) {
          const declines = Array.from({ length: 50 }, (_, i) => no(page * 50 + i + 1, `${i % 7}`));
          await skipDeclined(importer, id, declines);
        }
      };
      await Promise.all([
        pages().catch((error: CampaignError) => expect(error.code).toBe('WRONG_STATE')),
        new Promise((go) => setImmediate(go)).then(() =>
          db.database.transaction((tx) => cancelImport(tx, id)),
        ),
      ]);
      const books = await balancedBooks(db.database, id);
      expect(books.status).toBe('cancelled');
      expect(books.skipped % 50).toBe(0);
      expect((await skipped(id)).length).toBe(books.skipped);
      expect(await verifySend(db.database, id)).toEqual([]);
    }
  });
});

describe('verify', () => {
  it('tells a count of declined that the ledger does not bear out', async () => {
    const id = await importing(4);
    await skipDeclined(importer, id, [no(1), no(2)]);
    await db.database.run('UPDATE CAMPAIGN_SENDS SET DECLINED_COUNT = 1 WHERE ID = ?', [id]);
    expect(await verifySend(db.database, id)).toEqual([
      { what: 'count of declined', expected: 2, found: 1 },
    ]);
    await db.database.run('UPDATE CAMPAIGN_SENDS SET DECLINED_COUNT = 3 WHERE ID = ?', [id]);
    expect(await verifySend(db.database, id)).toEqual([
      { what: 'count of declined', expected: 2, found: 3 },
    ]);
  });

  it('takes a row whose texts were blanked for any reason, and an import from before for none', async () => {
    const id = await importing(4);
    await skipDeclined(importer, id, [no(1), no(2)]);
    await db.database.run(
      "UPDATE CAMPAIGN_SEND_RESULTS SET RESPONSE = NULL WHERE SEND_ID = ? AND EMAIL_NORM = 'r1@example.org'",
      [id],
    );
    expect(await verifySend(db.database, id)).toEqual([]);
    await db.database.run('UPDATE CAMPAIGN_SENDS SET DECLINED_COUNT = NULL WHERE ID = ?', [id]);
    expect(await verifySend(db.database, id)).toEqual([]);
  });
});
