import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CampaignError } from '../../src/errors.ts';
import type { Database } from '../../src/store/database.ts';
import {
  createImport,
  deleteImport,
  findQueued,
  findQueuedByKey,
  ImportWriter,
  type NewRecipient,
  releaseImport,
} from '../../src/store/imports.ts';
import { readMessage } from '../../src/store/messages.ts';
import { cancelImport } from '../../src/store/sends.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let importer: Database;

beforeAll(async () => {
  db = await createTestDatabase();
  importer = db.connect({ connections: 4, countChangedRows: true });
});

afterAll(() => db.drop());

const secret = randomBytes(32);

const create = (key: string | null = null): Promise<number | undefined> =>
  createImport(
    importer,
    {
      name: 'Spring',
      key,
      batchSize: 100,
      delayMs: 0,
      cooldownSeconds: 5,
      maxAttempts: 5,
      startAt: null,
      message: {
        sender: 'news@example.org',
        replyTo: null,
        subject: 'Hi',
        html: null,
        text: 'Hi {{ name }}',
        fieldNames: ['name'],
        secret,
      },
    },
    'tester@host',
  );

const newSend = async (): Promise<number> => (await create()) as number;

const people = (count: number, from = 0): NewRecipient[] =>
  Array.from({ length: count }, (_, i) => ({
    email: `P${from + i}@example.org`,
    norm: `p${from + i}@example.org`,
    fields: `{"name":"Person ${from + i}"}`,
  }));

async function write(id: number, recipients: NewRecipient[], database = importer): Promise<number> {
  const writer = new ImportWriter(database, id);
  await writer.add(recipients);
  await writer.finish();
  return writer.inserted;
}

const countRows = async (id: number): Promise<number> => {
  const [row] = await db.database.rows<{ n: number }>(
    'SELECT COUNT(*) AS n FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ?',
    [id],
  );
  return row?.n ?? -1;
};

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: CampaignError) => error.code,
  );

const release = (id: number, database = importer) =>
  releaseImport(database, id, 'running', { rejected: 0, duplicates: 0 }, 'tester@host');

describe('an import', () => {
  it('keeps its message to be read again', async () => {
    const id = await newSend();
    expect(await readMessage(db.database, id)).toEqual({
      sender: 'news@example.org',
      replyTo: null,
      subject: 'Hi',
      html: null,
      text: 'Hi {{ name }}',
      fieldNames: ['name'],
      secret,
    });
    expect(await readMessage(db.database, 999_999)).toBeUndefined();
  });

  it('counts what was new, duplicates within a chunk and across chunks left out', async () => {
    const id = await newSend();
    const list = [...people(1500), ...people(10), ...people(700, 1400), ...people(1, 3000)];
    expect(await write(id, list)).toBe(2101);
    expect(await countRows(id)).toBe(2101);
    expect(await findQueued(db.database, id)).toMatchObject({
      status: 'importing',
      total: 2101,
      lastSeq: list.length,
      rejected: null,
    });
  });

  it('is released only with the books right: a pool that counts matched rows is found out', async () => {
    const id = await newSend();
    const matching = db.connect({ connections: 2 });
    await write(id, [...people(5), ...people(5)], matching);
    expect(await codeOf(release(id, matching))).toBe('CONTRADICTION');
    expect((await findQueued(db.database, id))?.status).toBe('importing');
  });

  it('is released once', async () => {
    const id = await newSend();
    await write(id, people(3));
    const outcomes = await Promise.allSettled([release(id), release(id)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await codeOf(release(id))).toBe('WRONG_STATE');
  });

  it('is either released or cancelled when both come at once', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await newSend();
      await write(id, people(20));
      const [released, cancelled] = await Promise.all([
        codeOf(release(id)),
        db.database.transaction((tx) => cancelImport(tx, id)),
      ]);
      const status = (await findQueued(db.database, id))?.status;
      expect({ released, cancelled, status }).toEqual(
        cancelled
          ? { released: 'WRONG_STATE', cancelled, status: 'cancelled' }
          : { released: 'no error', cancelled, status: 'running' },
      );
    }
  });

  it('whose chunk races a cancel has it whole or not at all, and counted', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await newSend();
      await Promise.all([
        codeOf(write(id, people(3000))),
        db.database.transaction((tx) => cancelImport(tx, id)),
      ]);
      const send = await findQueued(db.database, id);
      expect(send?.status).toBe('cancelled');
      expect(send?.total).toBe(await countRows(id));
      expect([0, 1000, 2000, 3000]).toContain(send?.total);
    }
  });
});

describe('a key', () => {
  it('is given to one of two that want it at once', async () => {
    const ids = await Promise.all([create('k'), create('k'), create('k')]);
    const won = ids.filter((id) => id !== undefined);
    expect(won).toHaveLength(1);
    expect((await findQueuedByKey(db.database, 'k'))?.id).toBe(won[0]);
    expect(await findQueuedByKey(db.database, 'K')).toBeUndefined();
  });
});

describe('a failed import', () => {
  it('is removed to its last row, chunk by chunk', async () => {
    const id = await newSend();
    await write(id, people(12_345));
    await db.database.run(
      `UPDATE CAMPAIGN_SEND_RESULTS SET STATUS = 'skipped' WHERE SEND_ID = ? AND SEQ % 10 = 0`,
      [id],
    );
    await db.database.run('UPDATE CAMPAIGN_SENDS SET SKIPPED_COUNT = 1234 WHERE ID = ?', [id]);
    await deleteImport(importer, id);
    expect(await countRows(id)).toBe(0);
    expect(await findQueued(db.database, id)).toBeUndefined();
    expect(await readMessage(db.database, id)).toBeUndefined();
  });

  it('that somebody has cancelled stays for the record', async () => {
    const id = await newSend();
    await write(id, people(10));
    await db.database.transaction((tx) => cancelImport(tx, id));
    expect(await codeOf(deleteImport(importer, id))).toBe('WRONG_STATE');
    expect(await countRows(id)).toBe(10);
  });

  it('is never removed once it runs', async () => {
    const id = await newSend();
    await write(id, people(10));
    await release(id);
    expect(await codeOf(deleteImport(importer, id))).toBe('WRONG_STATE');
    expect(await countRows(id)).toBe(10);
  });
});
