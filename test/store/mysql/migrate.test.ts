import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeEvent } from '../../../src/store/events.ts';
import { checkSchema, checksumOf, migrate } from '../../../src/store/mysql/migrate.ts';
import { findQueued } from '../../../src/store/sends/import.ts';
import { wasToldTooLarge } from '../../../src/store/sends/self-pause.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { seedQueuedSend } from '../../support/seed.ts';

/** A file that was shipped never changes: a new one says what is to be different, and is added here. */
const SHIPPED = {
  '0001_sends.sql': '8122c196e3c60d0b',
  '0002_messages.sql': '6993f32ee9bfcbd0',
  '0003_send_results.sql': '999844998a76e287',
  '0004_suppressions.sql': '09ee863be862daa1',
  '0005_send_events.sql': 'a4654f852dba09c8',
  '0006_workers.sql': 'c0cdc7db45c509ca',
  '0007_send_results_room.sql': '1d7c3408057018f2',
  '0008_send_results_room_filled.sql': '08d6af642aa63263',
  '0009_sends_due.sql': 'c557d026435ecd79',
  '0010_sends_by_status.sql': '013ad43a6bcfb1a5',
  '0011_sends_no_last_batch_key.sql': 'e3dcae9b5a875083',
  '0012_messages_list_unsubscribe.sql': '51e6b9b23a29fb5f',
  '0013_messages_timezone.sql': '4970bfab7250e606',
  '0014_sends_import_counts.sql': 'a91a1394d344fc8b',
  '0015_sends_import_counts_filled.sql': 'ff285519dafd1542',
  '0016_send_results_resolved_at.sql': '1fe6659ad45a12a5',
  '0017_workers_life.sql': 'eaf517383677fdc6',
  '0018_relays.sql': '201cadf37e9fb983',
  '0019_relays_default.sql': 'fc69562529ebf5a0',
  '0020_suppressions_topics.sql': '10807c68a71f317d',
  '0021_suppression_version.sql': '32a7b580dddad68d',
  '0022_suppression_version_first.sql': 'c465cf251da807d4',
  '0023_sends_topic.sql': 'ac9d23a561ec4056',
  '0024_send_results_limited.sql': 'e35828740ace4333',
  '0026_relay_states.sql': 'e9b2df95ef4f3566',
  '0032_suppression_version_raised.sql': '4a21e70e19f75334',
  '0034_messages_unsubscribe.sql': '23bd0be2bccef132',
  '0037_sends_list_counts.sql': 'd21606915451b85e',
  '0038_files.sql': '5bcf8ddf04bc469d',
  '0039_file_chunks.sql': 'fd5810c97692b380',
  '0040_send_files.sql': '848367544129262d',
  '0041_sends_files.sql': '4c3095d7a4fba9d7',
  '0042_messages_row_file_bytes.sql': 'a706ee5a22fd31e6',
  '0043_messages_headers.sql': '23dc39c9826504e8',
  '0044_sends_missing.sql': '74ea264b5c21cacb',
  '0046_sends_dkim.sql': '04a4de9987164aaa',
  '0047_workers_dkim_domains.sql': 'f9edca657d79607e',
  '0048_messages_version.sql': '643b8390474b71a4',
  '0049_sends_message_version.sql': '8b54882e8b35302d',
  '0050_sends_test_of.sql': 'ff9c6dd5a012b070',
  '0051_send_results_forgotten.sql': 'e2233a88789f6688',
  '0052_send_events_claim.sql': 'ea0a53b628ca198f',
  '0053_send_results_taken_from.sql': '8a64198512a78ed4',
  '0054_sends_too_large_told.sql': '4954e32fd91a4e4d',
  '0055_sends_too_large_told_filled.sql': '485263e12a442459',
};
const SQL = fileURLToPath(new URL('../../../sql/', import.meta.url));

let test: TestDatabase;
let directory: string;
beforeEach(async () => {
  test = await createTestDatabase();
  await test.database.run('DROP TABLE IF EXISTS CAMPAIGN_SCHEMA');
  directory = mkdtempSync(join(tmpdir(), 'campaign-sql-'));
  write('0001_first.sql', 'CREATE TABLE IF NOT EXISTS FIRST_TABLE (ID INT PRIMARY KEY)');
  write(
    '0002_second.sql',
    '-- a comment\nCREATE TABLE IF NOT EXISTS SECOND_TABLE (ID INT PRIMARY KEY);\n',
  );
  write('README.md', 'no migration');
});
afterEach(async () => {
  rmSync(directory, { recursive: true });
  await test.drop();
});

const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

describe('migrate', () => {
  it('applies the files in order, each once, and records them', async () => {
    expect(await migrate(test.database, directory)).toEqual(['0001_first.sql', '0002_second.sql']);
    write('0003_third.sql', 'CREATE TABLE IF NOT EXISTS THIRD_TABLE (ID INT PRIMARY KEY)');
    expect(await migrate(test.database, directory)).toEqual(['0003_third.sql']);
    expect(await migrate(test.database, directory)).toEqual([]);
    expect(
      await test.database.rows('SELECT VERSION, NAME FROM CAMPAIGN_SCHEMA ORDER BY VERSION'),
    ).toEqual([
      { VERSION: 1, NAME: '0001_first.sql' },
      { VERSION: 2, NAME: '0002_second.sql' },
      { VERSION: 3, NAME: '0003_third.sql' },
    ]);
  });

  it('by several at once applies each file once', async () => {
    const pools = [1, 2, 3, 4].map(() => test.connect());
    const applied = await Promise.all(pools.map((pool) => migrate(pool, directory)));
    expect(applied.flat().sort()).toEqual(['0001_first.sql', '0002_second.sql']);
  });

  it('that was cut short after a file and before its record runs the file again without harm', async () => {
    await migrate(test.database, directory);
    await test.database.run('DELETE FROM CAMPAIGN_SCHEMA WHERE VERSION = 2');
    expect(await migrate(test.database, directory)).toEqual(['0002_second.sql']);
  });

  it('that was cut short after a column and before its record takes the column as it is', async () => {
    write('0003_column.sql', 'ALTER TABLE FIRST_TABLE ADD COLUMN NAME VARCHAR(9), FORCE;\n');
    await migrate(test.database, directory);
    await test.database.run('DELETE FROM CAMPAIGN_SCHEMA WHERE VERSION = 3');
    expect(await migrate(test.database, directory)).toEqual(['0003_column.sql']);
  });

  it('takes every file of the package a second time without harm', async () => {
    await migrate(test.database);
    const columns = () =>
      test.database.rows(
        `SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLUMN_KEY FROM INFORMATION_SCHEMA.COLUMNS
          WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, 2`,
      );
    const before = await columns();
    await test.database.run('DELETE FROM CAMPAIGN_SCHEMA');
    await migrate(test.database);
    expect(await columns()).toEqual(before);
  });

  it('stops at any other error, and goes on from there the next time', async () => {
    write('0003_wrong.sql', 'ALTER TABLE NO_SUCH_TABLE ADD COLUMN NAME VARCHAR(9)');
    await expect(migrate(test.database, directory)).rejects.toThrow(/NO_SUCH_TABLE/);
    write('0003_wrong.sql', 'ALTER TABLE FIRST_TABLE ADD COLUMN NAME VARCHAR(9)');
    expect(await migrate(test.database, directory)).toEqual(['0003_wrong.sql']);
  });
});

describe('a file that was applied', () => {
  it('is refused by migrate when its text is another, and nothing is applied', async () => {
    await migrate(test.database, directory);
    write('0001_first.sql', 'CREATE TABLE IF NOT EXISTS FIRST_TABLE (ID BIGINT PRIMARY KEY)');
    write('0003_third.sql', 'CREATE TABLE IF NOT EXISTS THIRD_TABLE (ID INT PRIMARY KEY)');
    await expect(migrate(test.database, directory)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining('0001_first.sql'),
    });
    expect(await test.database.rows("SHOW TABLES LIKE 'THIRD_TABLE'")).toEqual([]);
  });

  it('is the same with the line ends of another system', async () => {
    write('0001_first.sql', 'CREATE TABLE IF NOT EXISTS\n FIRST_TABLE (ID INT PRIMARY KEY)');
    await migrate(test.database, directory);
    write('0001_first.sql', 'CREATE TABLE IF NOT EXISTS\r\n FIRST_TABLE (ID INT PRIMARY KEY)');
    expect(await migrate(test.database, directory)).toEqual([]);
  });

  it('before checksums were kept gets that of the file that is there', async () => {
    await migrate(test.database, directory);
    await test.database.run('ALTER TABLE CAMPAIGN_SCHEMA DROP COLUMN CHECKSUM');
    expect(await migrate(test.database, directory)).toEqual([]);
    write('0002_second.sql', 'CREATE TABLE IF NOT EXISTS SECOND_TABLE (ID BIGINT PRIMARY KEY)');
    await expect(migrate(test.database, directory)).rejects.toThrow(/0002_second\.sql/);
  });
});

describe('the files of the package', () => {
  it('give imports from before there were columns for it what their event tells', async () => {
    await migrate(test.database);
    const id = await seedQueuedSend(test.database);
    await test.database.run(
      `INSERT INTO CAMPAIGN_SEND_EVENTS (SEND_ID, AT, EVENT, ACTOR, DETAILS)
       VALUES (?, UTC_TIMESTAMP(3), 'imported', 'x', '{"total":10,"rejected":3,"duplicates":2,"suppressed":0}')`,
      [id],
    );
    await test.database.run(
      "DELETE FROM CAMPAIGN_SCHEMA WHERE NAME = '0015_sends_import_counts_filled.sql'",
    );
    await migrate(test.database);
    expect(await findQueued(test.database, id)).toMatchObject({ rejected: 3, duplicates: 2 });
  });

  it('have a send that has said which rows are too large for the relay say so no second time', async () => {
    await migrate(test.database);
    const reasons = [
      'too large for the SMTP server: the message with a.pdf for ann@d.example has at least 9 bytes',
      'too large for the SMTP server: each message has at least 9 bytes',
    ];
    const ids: number[] = [];
    for (const reason of reasons) {
      const sendId = await seedQueuedSend(test.database);
      await writeEvent(test.database, { sendId, event: 'paused', actor: 'w', reason });
      ids.push(sendId);
    }
    await test.database.run(
      "DELETE FROM CAMPAIGN_SCHEMA WHERE NAME = '0055_sends_too_large_told_filled.sql'",
    );
    await migrate(test.database);
    const told = await Promise.all(ids.map((id) => wasToldTooLarge(test.database, id)));
    expect(told).toEqual([true, false]);
  });

  it('are as they were shipped', () => {
    const shipped = readdirSync(SQL)
      .filter((name) => /^\d{4}_.*\.sql$/.test(name))
      .map((name) => [name, checksumOf(readFileSync(join(SQL, name), 'utf8')).slice(0, 16)]);
    expect(Object.fromEntries(shipped)).toEqual(SHIPPED);
  });
});

describe('checkSchema', () => {
  it('names a version in the middle that the database has not had', async () => {
    await migrate(test.database, directory);
    await test.database.run('DELETE FROM CAMPAIGN_SCHEMA WHERE VERSION = 1');
    await expect(checkSchema(test.database, directory)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: 'the database has not had 0001_first.sql',
      remedy: 'run `campaign migrate`',
    });
  });

  it('tells an empty, an older and a newer schema apart, and which side to upgrade', async () => {
    const refused = (message: RegExp, remedy: string) =>
      expect(checkSchema(test.database, directory)).rejects.toMatchObject({
        code: 'SCHEMA_MISMATCH',
        message: expect.stringMatching(message),
        remedy,
      });
    await refused(/no campaign tables/, 'run `campaign migrate`');
    await migrate(test.database, directory);
    await checkSchema(test.database, directory);
    write('0003_third.sql', 'CREATE TABLE IF NOT EXISTS THIRD_TABLE (ID INT PRIMARY KEY)');
    await refused(/version 2, and this campaign needs 3/, 'run `campaign migrate`');
    await migrate(test.database, directory);
    rmSync(join(directory, '0003_third.sql'));
    await refused(/version 3, and this campaign knows 2/, 'upgrade campaign on this machine');
    await expect(migrate(test.database, directory)).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
    });
  });
});
