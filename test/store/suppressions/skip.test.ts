import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { releaseImport } from '../../../src/store/sends/import.ts';
import { countSuppressed } from '../../../src/store/suppressions/skip.ts';
import { suppress } from '../../../src/store/suppressions/suppress.ts';
import { readSuppressionVersion } from '../../../src/store/suppressions/version.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { balancedBooks, ledgerRows } from '../../support/ledger.ts';
import { seedQueuedSend } from '../../support/seed.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(() => db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS'));

const say = (emailNorm: string, topic = '', reason = 'asked to') =>
  suppress(db.database, [{ emailNorm, topic, reason, source: 'test' }]);

const EMAILS = ['a@x.example', 'b@x.example', 'c@sub.y.example', 'd@y.example', 'e@z.example'];

const LIST = {
  rejected: 0,
  duplicates: 0,
  blank: 0,
  filtered: 0,
  declined: 0,
  missing: 0,
  missingSkipped: 0,
  encoding: 'utf-8',
};

const release = (sendId: number) =>
  releaseImport(db.database, sendId, 'running', LIST, 'somebody@here');

async function importing(topic = ''): Promise<number> {
  const sendId = await seedQueuedSend(db.database, { emails: EMAILS, status: 'importing' });
  await db.database.run('UPDATE CAMPAIGN_SENDS SET TOPIC = ? WHERE ID = ?', [topic, sendId]);
  return sendId;
}

describe('the release of an import', () => {
  test('skips addresses, whole domains but not their subdomains, and noes to the topic of the send', async () => {
    await say('a@x.example');
    await say('@y.example', '', '');
    await say('e@z.example', 'offers');
    await say('b@x.example', 'news', 'too many of them');
    const sendId = await importing('news');
    expect(await countSuppressed(db.database, sendId)).toBe(3);
    expect(await release(sendId)).toMatchObject({ total: 5, suppressed: 3 });
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ skipped: 3, pending: 2 });
    const rows = await ledgerRows(db.database, sendId);
    expect(rows.map(({ response }) => response)).toEqual([
      'suppressed: asked to',
      'suppressed: too many of them',
      null,
      'suppressed: no reason was given (@y.example)',
      null,
    ]);
  });

  test('keeps the version from before it looked', async () => {
    await say('a@x.example');
    const { version } = await readSuppressionVersion(db.database);
    const sendId = await importing();
    await release(sendId);
    const [send] = await db.database.rows<{ checked: number }>(
      'SELECT CHECKED_VERSION AS checked FROM CAMPAIGN_SENDS WHERE ID = ?',
      [sendId],
    );
    expect(send?.checked).toBe(version);
  });

  test('waits for nobody who suppresses, and nobody who suppresses waits for it', async () => {
    await say('a@x.example');
    const sendId = await importing();
    await db.connect().transaction(async (tx) => {
      await tx.run(
        "UPDATE CAMPAIGN_SUPPRESSIONS SET REASON = 'held' WHERE EMAIL_NORM = 'a@x.example'",
      );
      expect(await release(sendId)).toMatchObject({ suppressed: 1 });
    });
  });

  test('skips nothing of a send that was cancelled meanwhile', async () => {
    await say('a@x.example');
    const sendId = await importing();
    await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE ID = ?", [sendId]);
    await expect(release(sendId)).rejects.toMatchObject({ code: 'WRONG_STATE' });
    expect(await balancedBooks(db.database, sendId)).toMatchObject({ skipped: 0, pending: 5 });
  });
});
