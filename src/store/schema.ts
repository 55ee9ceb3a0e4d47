import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CampaignError } from '../errors.js';
import type { Database, Executor } from './database.js';

/** Where the package keeps its DDL: the same place seen from src/store and from dist/store. */
const SQL_DIRECTORY = fileURLToPath(new URL('../../sql/', import.meta.url));

const LOCK_SECONDS = 30;
const NO_SUCH_TABLE = 1146;
/** How an ALTER fails that was done before, by the first thing it does: MySQL has no IF NOT EXISTS for these. */
const DONE_BEFORE: readonly [RegExp, number][] = [
  [/^(?!\s*--).*\bADD COLUMN\b/m, 1060],
  [/^(?!\s*--).*\bADD KEY\b/m, 1061],
  [/^(?!\s*--).*\bDROP KEY\b/m, 1091],
];

/** One file `NNNN_name.sql`: one DDL statement that does no harm when it is run again, or an ALTER (see `DONE_BEFORE`). */
interface Migration {
  version: number;
  name: string;
}

/** The files of a directory in the order of their numbers. */
function listMigrations(sqlDirectory: string): Migration[] {
  return readdirSync(sqlDirectory)
    .flatMap((name) => {
      const number = /^(\d{4})_.+\.sql$/.exec(name)?.[1];
      return number === undefined ? [] : [{ version: Number(number), name }];
    })
    .sort((a, b) => a.version - b.version);
}

const latestVersion = (migrations: readonly Migration[]): number => migrations.at(-1)?.version ?? 0;

async function appliedVersions(db: Executor): Promise<number[]> {
  try {
    const rows = await db.rows<{ VERSION: number }>(
      'SELECT VERSION FROM CAMPAIGN_SCHEMA ORDER BY VERSION',
    );
    return rows.map((row) => row.VERSION);
  } catch (error) {
    if ((error as { errno?: number }).errno === NO_SUCH_TABLE) return [];
    throw error;
  }
}

const newerSchema = (found: number, known: number): CampaignError =>
  new CampaignError(
    'SCHEMA_MISMATCH',
    `the database has schema version ${found}, and this campaign knows ${known} at most`,
    'upgrade campaign on this machine',
  );

/**
 * Applies the files of `sqlDirectory` that the database has not had yet, in order, and records each in
 * CAMPAIGN_SCHEMA. Several at once wait for one another by GET_LOCK; where that is not shared (nodes of a
 * Galera cluster), a file does no harm the second time.
 * @returns names of the files applied now; empty when the schema was current
 * @throws CampaignError SCHEMA_MISMATCH when the database is newer than the files
 */
export async function migrate(database: Database, sqlDirectory = SQL_DIRECTORY): Promise<string[]> {
  const migrations = listMigrations(sqlDirectory);
  return database.withSession(async (session) => {
    const [lock] = await session.rows<{ GOT: number | null }>(
      "SELECT GET_LOCK(CONCAT('campaign.', LEFT(SHA2(DATABASE(), 256), 40)), ?) AS GOT",
      [LOCK_SECONDS],
    );
    if (lock?.GOT !== 1) {
      throw new CampaignError(
        'DATABASE_UNREACHABLE',
        `another migration has been running for ${LOCK_SECONDS} seconds`,
        'wait for it to end, then run `campaign migrate` again',
      );
    }
    try {
      return await applyMissing(session, sqlDirectory, migrations);
    } finally {
      if (!session.broken) {
        await session.rows(
          "SELECT RELEASE_LOCK(CONCAT('campaign.', LEFT(SHA2(DATABASE(), 256), 40)))",
        );
      }
    }
  });
}

async function applyMissing(
  session: Executor,
  sqlDirectory: string,
  migrations: readonly Migration[],
): Promise<string[]> {
  await session.run(
    `CREATE TABLE IF NOT EXISTS CAMPAIGN_SCHEMA (
       VERSION INT NOT NULL,
       NAME VARCHAR(191) NOT NULL,
       APPLIED_AT DATETIME(3) NOT NULL,
       PRIMARY KEY (VERSION)
     ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  );
  const applied = await appliedVersions(session);
  const found = applied.at(-1) ?? 0;
  if (found > latestVersion(migrations)) throw newerSchema(found, latestVersion(migrations));
  const missing = migrations.filter(({ version }) => !applied.includes(version));
  for (const { version, name } of missing) {
    await apply(session, readFileSync(join(sqlDirectory, name), 'utf8'));
    await session.run(
      `INSERT INTO CAMPAIGN_SCHEMA (VERSION, NAME, APPLIED_AT) VALUES (?, ?, UTC_TIMESTAMP(3))
       ON DUPLICATE KEY UPDATE NAME = ?`,
      [version, name, name],
    );
  }
  return missing.map(({ name }) => name);
}

async function apply(session: Executor, statement: string): Promise<void> {
  try {
    await session.run(statement);
  } catch (error) {
    // An ALTER takes effect as a whole: where its first part was done, the rest was too.
    const [, doneBefore] = DONE_BEFORE.find(([part]) => part.test(statement)) ?? [];
    if (doneBefore === undefined || (error as { errno?: number }).errno !== doneBefore) throw error;
  }
}

/**
 * Makes sure that the database has exactly the schema this program was built for.
 * @throws CampaignError SCHEMA_MISMATCH, saying which side is to be upgraded
 */
export async function checkSchema(database: Executor, sqlDirectory = SQL_DIRECTORY): Promise<void> {
  const known = latestVersion(listMigrations(sqlDirectory));
  const found = (await appliedVersions(database)).at(-1) ?? 0;
  if (found > known) throw newerSchema(found, known);
  if (found < known) {
    throw new CampaignError(
      'SCHEMA_MISMATCH',
      found === 0
        ? 'the database has no campaign tables yet'
        : `the database has schema version ${found}, and this campaign needs ${known}`,
      'run `campaign migrate`',
    );
  }
}
