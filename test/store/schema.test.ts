import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSchema, migrate } from '../../src/store/schema.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

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

describe('checkSchema', () => {
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
