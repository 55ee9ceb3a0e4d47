import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../src/store/mysql/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
  await migrate(test.database);
});
afterAll(() => test.drop());

const PAGE = readFileSync(new URL('../../sql/README.md', import.meta.url), 'utf8');

/** Each table of the page with its lines `column type` and its keys. */
function documented(): Record<string, { columns: string[]; keys: string[] }> {
  const sections = PAGE.split(/^## /m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const [name = ''] = section.split('\n');
      const rows = [...section.matchAll(/^\| ([A-Z_]+) \| ([^|]+) \|/gm)];
      const keys = /Keys: ([^.]+)\./.exec(section.replaceAll('\n', ' '))?.[1] ?? '';
      return [
        name,
        {
          columns: rows.map(([, column, type]) => `${column} ${type}`),
          keys: [...keys.matchAll(/[A-Z_]+ \([^)]+\)/g)].map(([key]) => key).sort(),
        },
      ];
    }),
  );
}

/** What a server calls a type, without what differs from one to another. */
const typeOf = (type: string): string =>
  type.replace(/^((?:big|small|tiny)?int)\(\d+\)$/, '$1').replace(/^longtext$/, 'json');

async function actual(): Promise<ReturnType<typeof documented>> {
  const columns = await test.database.rows<Record<'t' | 'c' | 'type' | 'nullable', string>>(
    `SELECT TABLE_NAME AS t, COLUMN_NAME AS c, COLUMN_TYPE AS type, IS_NULLABLE AS nullable
       FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY ORDINAL_POSITION`,
  );
  const keys = await test.database.rows<{ t: string; text: string }>(
    `SELECT TABLE_NAME AS t,
            CONCAT(INDEX_NAME, ' (', GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR ', '), ')') AS text
       FROM INFORMATION_SCHEMA.STATISTICS WHERE TABLE_SCHEMA = DATABASE() GROUP BY TABLE_NAME, INDEX_NAME`,
  );
  const tables = [...new Set(columns.map(({ t }) => t))];
  return Object.fromEntries(
    tables.map((table) => [
      table,
      {
        columns: columns
          .filter(({ t }) => t === table)
          .map(
            ({ c, type, nullable }) => `${c} ${typeOf(type)}${nullable === 'YES' ? ', null' : ''}`,
          ),
        keys: keys
          .filter(({ t }) => t === table)
          .map(({ text }) => text)
          .sort(),
      },
    ]),
  );
}

it('the page of the tables names every table, column, type and key that a database has', async () => {
  expect(documented()).toEqual(await actual());
});
