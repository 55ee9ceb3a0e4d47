import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { storeContent } from '../../../src/store/files/contents.ts';
import { removeOldFiles, takeFromRow } from '../../../src/store/files/remove.ts';
import { addFiles } from '../../../src/store/files/send-files.ts';
import { settleSelected } from '../../../src/store/recipients/settle.ts';
import { deleteImport } from '../../../src/store/sends/import.ts';
import { verifySend } from '../../../src/store/verify.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { rowsOf, seedQueuedSend, seedSendWithRows } from '../../support/seed.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());
beforeEach(async () => {
  for (const table of ['SEND_FILES', 'FILE_CHUNKS', 'FILES', 'SENDS']) {
    await test.database.run(`DELETE FROM CAMPAIGN_${table}`);
  }
});

const PACKET = 16 * 1024 * 1024;

const contentOf = (bytes: Buffer) => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  bytes,
});

/** Gives a send a file: to every message, or to one row. */
async function give(sendId: number, bytes: Buffer, seq = 0, position = 1): Promise<number> {
  const content = contentOf(bytes);
  const fileId = await storeContent(test.database, content, PACKET);
  const added = await addFiles(test.database, sendId, [
    {
      seq,
      position,
      fileId,
      name: 'a.pdf',
      type: 'application/pdf',
      bytes: bytes.length,
      sha256: content.sha256,
      disposition: 'attachment',
      cid: null,
    },
  ]);
  expect(added).toBe(true);
  return fileId;
}

const completed = (): Promise<number> =>
  seedSendWithRows(test.database, rowsOf({ sent: 2, failed: 1 }), { status: 'completed' });

const endedDaysAgo = (id: number, days: number) =>
  test.database.run(
    'UPDATE CAMPAIGN_SENDS SET FINISHED_AT = UTC_TIMESTAMP(3) - INTERVAL ? DAY WHERE ID = ?',
    [days, id],
  );

const numbers = async (): Promise<number[]> => {
  const [row] = await test.database.rows<{ files: number; chunks: number; refs: number }>(
    `SELECT (SELECT COUNT(*) FROM CAMPAIGN_FILES) AS files, (SELECT COUNT(*) FROM CAMPAIGN_FILE_CHUNKS) AS chunks,
            (SELECT COUNT(*) FROM CAMPAIGN_SEND_FILES WHERE FILE_ID IS NOT NULL) AS refs`,
  );
  return [row?.files ?? -1, row?.chunks ?? -1, row?.refs ?? -1];
};

const stateOf = async (id: number): Promise<string | null | undefined> =>
  (
    await test.database.rows<{ files: string | null }>(
      'SELECT FILES AS files FROM CAMPAIGN_SENDS WHERE ID = ?',
      [id],
    )
  )[0]?.files;

/** Looks until nothing is left to do; how often. */
async function removeAll(days = 30): Promise<number> {
  for (let looks = 1; ; looks++) if (!(await removeOldFiles(test.database, days))) return looks;
}

describe('what files hold', () => {
  it('goes once its send has ended so many days ago, and not before', async () => {
    const id = await completed();
    await give(id, randomBytes(1000));
    await endedDaysAgo(id, 29);
    await removeAll();
    expect(await numbers()).toEqual([1, 1, 1]);
    expect(await verifySend(test.database, id)).toEqual([]);
    await endedDaysAgo(id, 31);
    await removeAll();
    expect(await numbers()).toEqual([0, 0, 0]);
    expect(await stateOf(id)).toBe('removed');
    expect(await verifySend(test.database, id)).toEqual([]);
    const [kept] = await test.database.rows(
      'SELECT NAME FROM CAMPAIGN_SEND_FILES WHERE SEND_ID = ?',
      [id],
    );
    expect(kept).toEqual({ NAME: 'a.pdf' });
  });

  it('stays where a send that runs, or ended lately, has it too', async () => {
    const bytes = randomBytes(1000);
    const old = await completed();
    const running = await seedQueuedSend(test.database);
    for (const id of [old, running]) await give(id, bytes);
    await endedDaysAgo(old, 31);
    await removeAll();
    expect(await numbers()).toEqual([1, 1, 1]);
    expect(await verifySend(test.database, running)).toEqual([]);
    await test.database.run(
      "UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled', FINISHED_AT = UTC_TIMESTAMP(3) - INTERVAL 31 DAY WHERE ID = ?",
      [running],
    );
    await removeAll();
    expect(await numbers()).toEqual([0, 0, 0]);
  });

  it('of a send that never ended stays for good', async () => {
    for (const status of ['importing', 'running', 'paused'] as const) {
      await give(await seedQueuedSend(test.database, { status }), randomBytes(10));
    }
    await removeAll(0);
    expect(await numbers()).toEqual([3, 3, 3]);
  });

  it('of many rows, and much of it, goes in small parts', async () => {
    const id = await completed();
    const rows = 450;
    for (let seq = 1; seq <= rows; seq++) await give(id, Buffer.from(`row ${seq % 10}`), seq);
    await give(id, randomBytes(20 * 1024 * 1024));
    await endedDaysAgo(id, 31);
    expect(await removeAll()).toBeGreaterThan(5);
    expect(await numbers()).toEqual([0, 0, 0]);
  });

  it('that nobody took is removed a day later, and taken by a send till then', async () => {
    const left = await storeContent(test.database, contentOf(Buffer.from('left')), PACKET);
    await storeContent(test.database, contentOf(Buffer.from('taken')), PACKET);
    await give(await seedQueuedSend(test.database), Buffer.from('taken'));
    await removeAll();
    expect(await numbers()).toEqual([2, 2, 1]);
    await test.database.run('UPDATE CAMPAIGN_FILES SET DOOMED_AT = DOOMED_AT - INTERVAL 2 DAY');
    await removeAll();
    expect(await numbers()).toEqual([1, 1, 1]);
    const [gone] = await test.database.rows('SELECT 1 FROM CAMPAIGN_FILES WHERE ID = ?', [left]);
    expect(gone).toBeUndefined();
  });

  it('that is being removed is given to no send, which stores it anew', async () => {
    const bytes = randomBytes(1000);
    const id = await storeContent(test.database, contentOf(bytes), PACKET);
    await test.database.run(
      'UPDATE CAMPAIGN_FILES SET DOOMED_AT = UTC_TIMESTAMP(3), CONTENT_HASH = NULL',
    );
    const sendId = await seedQueuedSend(test.database);
    const file = {
      seq: 0,
      position: 1,
      fileId: id,
      name: 'a',
      type: 'a/b',
      bytes: 1000,
      sha256: contentOf(bytes).sha256,
      disposition: 'attachment',
      cid: null,
    } as const;
    expect(await addFiles(test.database, sendId, [file])).toBe(false);
    await give(sendId, bytes);
    await removeAll();
    expect(await numbers()).toEqual([1, 1, 1]);
    expect(await verifySend(test.database, sendId)).toEqual([]);
  });

  it('that two sends leave at the same time goes with the later one', async () => {
    for (let round = 0; round < 10; round++) {
      const bytes = randomBytes(100);
      const ids = await Promise.all([completed(), completed(), completed()]);
      for (const id of ids) await give(id, bytes, 1);
      await Promise.all(ids.map((id) => takeFromRow(test.database, id, 1)));
      expect(await numbers()).toEqual([0, 0, 0]);
    }
  });

  it('that is stored and removed at the same time is whole for whoever has it', async () => {
    const bytes = randomBytes(1000);
    for (let round = 0; round < 10; round++) {
      const [old, fresh] = [await completed(), await seedQueuedSend(test.database)];
      await give(old, bytes, 1);
      await Promise.all([
        takeFromRow(test.database, old, 1),
        give(fresh, bytes).catch(() => undefined),
      ]);
      await removeAll();
      expect(await verifySend(test.database, fresh)).toEqual([]);
      await takeFromRow(test.database, fresh, 0);
    }
  });
});

it('a send whose files were removed is not tried again', async () => {
  const id = await completed();
  await give(id, randomBytes(10));
  await endedDaysAgo(id, 31);
  await removeAll();
  const retry = { from: 'failed', to: 'pending', event: 'retried', actor: 'x' } as const;
  await expect(settleSelected(test.database, id, retry, { from: 'failed' })).rejects.toMatchObject({
    code: 'WRONG_STATE',
    message: expect.stringMatching(/files .* were removed/),
  });
  const kept = await completed();
  await give(kept, randomBytes(10));
  expect(await settleSelected(test.database, kept, retry, { from: 'failed' })).toMatchObject({
    changed: 1,
    reopened: true,
  });
  await removeAll(0);
  expect(await stateOf(kept)).toBe('kept');
});

it('an import that is deleted takes its files with it', async () => {
  const id = await seedQueuedSend(test.database, { status: 'importing' });
  await give(id, randomBytes(10));
  for (let seq = 1; seq <= 5; seq++) await give(id, randomBytes(10), seq, 2);
  await deleteImport(test.database, id);
  expect(await numbers()).toEqual([0, 0, 0]);
  expect(await test.database.rows('SELECT 1 FROM CAMPAIGN_SEND_FILES')).toEqual([]);
});

it('verify finds files that are lost or torn', async () => {
  const id = await completed();
  const fileId = await give(id, randomBytes(100));
  await test.database.run("UPDATE CAMPAIGN_FILE_CHUNKS SET CONTENT = 'x' WHERE FILE_ID = ?", [
    fileId,
  ]);
  const found = [{ what: 'files that are not there as they were', expected: 0, found: 1 }];
  expect(await verifySend(test.database, id)).toEqual(found);
  await test.database.run('DELETE FROM CAMPAIGN_FILES WHERE ID = ?', [fileId]);
  expect(await verifySend(test.database, id)).toEqual(found);
});

it('a small packet of the server makes small chunks', async () => {
  const bytes = randomBytes(100_000);
  await storeContent(test.database, contentOf(bytes), 64 * 1024);
  const [row] = await test.database.rows<{ most: number; sum: number }>(
    'SELECT MAX(LENGTH(CONTENT)) AS most, SUM(LENGTH(CONTENT)) AS sum FROM CAMPAIGN_FILE_CHUNKS',
  );
  expect(row?.most).toBeLessThanOrEqual((64 * 1024) / 3);
  expect(row?.sum).toBe(100_000);
});
