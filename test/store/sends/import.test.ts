import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CampaignError } from '../../../src/errors.ts';
import { readMessage } from '../../../src/store/messages.ts';
import { type BulkInsert, insertRows, loadRows } from '../../../src/store/mysql/bulk.ts';
import type { Database } from '../../../src/store/mysql/database.ts';
import {
  chooseRowInsert,
  ImportWriter,
  type NewRecipient,
} from '../../../src/store/recipients/import.ts';
import {
  createImport,
  deleteImport,
  findQueued,
  findQueuedByKey,
  releaseImport,
} from '../../../src/store/sends/import.ts';
import { cancelImport } from '../../../src/store/sends/lifecycle.ts';
import { verifySend } from '../../../src/store/verify.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let db: TestDatabase;
let importer: Database;
let chosen: BulkInsert;

beforeAll(async () => {
  db = await createTestDatabase();
  importer = db.connect({ connections: 4, countChangedRows: true });
  chosen = await chooseRowInsert(importer);
});

afterAll(() => db.drop());

const MESSAGE = {
  from: 'news@example.org',
  replyTo: null,
  listUnsubscribe: null,
  unsubscribeUrl: null,
  unsubscribeMailto: null,
  envelopeFrom: null,
  headers: [],
  timezone: 'UTC',
  subject: 'Hi',
  html: null,
  text: 'Hi {{ name }}',
  fieldNames: ['name'],
  secret: randomBytes(32),
};

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
      fromDomain: 'example.org',
      message: MESSAGE,
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

async function write(
  id: number,
  recipients: NewRecipient[],
  database = importer,
  bulk = chosen,
): Promise<number> {
  const writer = new ImportWriter(database, id, bulk);
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

const release = (id: number, database = importer) =>
  releaseImport(database, id, 'running', LIST, 'tester@host');

describe('an import', () => {
  it('keeps its message to be read again', async () => {
    const id = await newSend();
    expect(await readMessage(db.database, id)).toEqual({
      ...MESSAGE,
      version: 1,
      queuedFrom: null,
      files: [],
      rowFilesBytes: 0,
    });
    expect(await readMessage(db.database, 999_999)).toBeUndefined();
  });

  it('is loaded where the server lets clients do that, and inserted where not', async () => {
    const [server] = await db.database.rows<{ lets: number }>('SELECT @@local_infile AS lets');
    expect(chosen).toBe(server?.lets === 1 ? loadRows : insertRows);
  });

  it.each([
    'Records: 1  Deleted: 0  Skipped: 0  Warnings: 0',
    'Datensätze: 1  Gelöscht: 0  Ausgelassen: 1  Warnungen: 1',
    '레코드: 1개  삭제: 0개  스킵: 0개  경고: 0개',
    'Registros: 1 - Deletados: 0 - Ignorados: 0 - Avisos: 0',
  ])('knows from "%s" that a row was taken', (info) => {
    const block = loadRows.block({ table: 'T', columns: ['A'] });
    block.add([1]);
    expect(block.tookAll({ affectedRows: 1, insertId: 0, info })).toBe(true);
    block.add([2]);
    expect(block.tookAll({ affectedRows: 1, insertId: 0, info })).toBe(false);
  });

  it('is released only with the books right: a pool that counts matched rows is found out', async () => {
    const id = await newSend();
    const matching = db.connect({ connections: 2 });
    await write(id, [...people(5), ...people(5)], matching, insertRows);
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
});

describe.each([
  ['as this server takes them best', () => chosen],
  ['with INSERT', () => insertRows],
] as const)('rows written %s', (_, way) => {
  it('are counted when new, duplicates within a chunk and across chunks left out', async () => {
    const id = await newSend();
    const list = [...people(5500), ...people(10), ...people(700, 5400), ...people(1, 9000)];
    expect(await write(id, list, importer, way())).toBe(6101);
    expect(await countRows(id)).toBe(6101);
    expect(await findQueued(db.database, id)).toMatchObject({
      status: 'importing',
      total: 6101,
      lastSeq: list.length,
      rejected: null,
      blank: null,
      filtered: null,
      declined: 0,
    });
  });

  it('are read again as they were, whatever is in them', async () => {
    const id = await newSend();
    const values = ['\\', '\\N', 'N', '\t', 'a\nb\r\n', '\0', '\'"?', '\u{1F600} é \u2028', ''];
    const recipients = values.map((value, i) => ({
      email: `é'\\${i}@example.org`,
      norm: `é'\\${i}@example.org`,
      fields: i === 0 ? null : JSON.stringify({ name: value, [value]: 'x' }),
    }));
    await write(id, recipients, importer, way());
    expect(
      await db.database.rows(
        `SELECT EMAIL AS email, EMAIL_NORM AS norm, FIELDS AS fields
           FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? ORDER BY SEQ`,
        [id],
      ),
    ).toEqual(
      recipients.map((recipient) => ({
        ...recipient,
        fields: recipient.fields && expect.toSatisfy((text: string) => sameJson(text, recipient)),
      })),
    );
  });

  it('that the table cannot hold as they are end the import, with nothing of their chunk written', async () => {
    const id = await newSend();
    const broken = {
      email: 'x@example.org',
      norm: `${'x'.repeat(2000)}@example.org`,
      fields: null,
    };
    expect(await codeOf(write(id, [...people(10), broken], importer, way()))).not.toBe('no error');
    expect(await countRows(id)).toBe(0);
    expect(await findQueued(db.database, id)).toMatchObject({ total: 0, lastSeq: 0 });
  });

  it('are whole chunks or none, and counted, when a cancel comes between', async () => {
    const { minRows, maxRows } = way();
    for (let round = 0; round < 10; round++) {
      const id = await newSend();
      await Promise.all([
        codeOf(write(id, people(3 * maxRows), importer, way())),
        db.database.transaction((tx) => cancelImport(tx, id)),
      ]);
      const send = await findQueued(db.database, id);
      expect(send?.status).toBe('cancelled');
      expect(send?.total).toBe(await countRows(id));
      expect((send?.total ?? 1) % minRows).toBe(0);
    }
  });
});

const sameJson = (text: string, { fields }: NewRecipient): boolean =>
  isDeepStrictEqual(JSON.parse(text), JSON.parse(fields ?? 'null'));

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

  it('that is cut short while it is removed has books that are right', async () => {
    const id = await newSend();
    await write(id, people(6000));
    await db.database.run(
      `UPDATE CAMPAIGN_SEND_RESULTS SET STATUS = 'skipped', RESPONSE = 'declined: Status = no'
        WHERE SEND_ID = ? AND SEQ <= 10`,
      [id],
    );
    await db.database.run(
      'UPDATE CAMPAIGN_SENDS SET SKIPPED_COUNT = 10, DECLINED_COUNT = 10 WHERE ID = ?',
      [id],
    );
    await db.database.run(
      `CREATE TRIGGER CUT_SHORT BEFORE DELETE ON CAMPAIGN_SEND_RESULTS FOR EACH ROW
       BEGIN
         IF OLD.SEQ > 5000 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cut short';
         END IF;
       END`,
    );
    try {
      await expect(deleteImport(importer, id)).rejects.toThrow('cut short');
    } finally {
      await db.database.run('DROP TRIGGER CUT_SHORT');
    }
    expect(await countRows(id)).toBe(1000);
    expect(await verifySend(db.database, id)).toEqual([]);
    expect(await findQueued(db.database, id)).toMatchObject({
      declined: 0,
      suppressed: 0,
    });
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
