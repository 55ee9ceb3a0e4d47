import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CampaignError } from '../../errors.js';
import { packageFolder } from '../../package-folder.js';
import type { Database } from './database.js';
import type { Executor } from './packet.js';

/** Where the package keeps its DDL. */
const ownDdl = (): string => join(packageFolder(), 'sql');

const LOCK_SECONDS = 30;
const NO_SUCH_TABLE = 1146;
const UNKNOWN_COLUMN = 1054;
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

/** SHA-256 of a file's text, in hex. Line ends don't count: a checkout may change them. */
export const checksumOf = (text: string): string =>
  createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');

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

const changedFile = (name: string): CampaignError =>
  new CampaignError(
    'SCHEMA_MISMATCH',
    `the database was given another ${name} than the one that is here`,
    'a file that was applied never changes: install campaign as it was released; nothing was changed',
  );

/**
 * Applies the files of `sqlDirectory` that the database has not had yet, in order, and records each in
 * CAMPAIGN_SCHEMA. Several at once wait for one another by GET_LOCK; where that is not shared (nodes of a
 * Galera cluster), a file does no harm the second time.
 * @returns names of the files applied now; empty when the schema was current
 * @throws CampaignError SCHEMA_MISMATCH when the database is newer than the files, or was given another text of one
 */
export async function migrate(database: Database, sqlDirectory = ownDdl()): Promise<string[]> {
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
  const recorded = await recordedChecksums(session);
  const found = Math.max(0, ...recorded.keys());
  if (found > latestVersion(migrations)) throw newerSchema(found, latestVersion(migrations));
  const files = migrations.map((migration) => {
    const text = readFileSync(join(sqlDirectory, migration.name), 'utf8');
    return { ...migration, text, checksum: checksumOf(text) };
  });
  for (const { version, name, checksum } of files) {
    const before = recorded.get(version);
    if (before && before !== checksum) throw changedFile(name);
  }
  const missing = files.filter(({ version }) => !recorded.has(version));
  for (const file of missing) {
    await apply(session, file.text);
    await record(session, file);
  }
  for (const file of files) if (recorded.get(file.version) === null) await record(session, file);
  return missing.map(({ name }) => name);
}

/**
 * The checksums of what was applied, by version; null where it was applied before there were any. Creates their table,
 * which is no numbered file itself: it must be there to record the first of them.
 */
async function recordedChecksums(session: Executor): Promise<Map<number, string | null>> {
  await session.run(
    `CREATE TABLE IF NOT EXISTS CAMPAIGN_SCHEMA (
       VERSION INT NOT NULL,
       NAME VARCHAR(191) NOT NULL,
       APPLIED_AT DATETIME(3) NOT NULL,
       CHECKSUM CHAR(64) NULL,
       PRIMARY KEY (VERSION)
     ) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  );
  // A server that would take no row of ours (STATEMENT as binlog_format) says so before a table is made for it.
  await session.run('DELETE FROM CAMPAIGN_SCHEMA WHERE VERSION = 0');
  const read = () =>
    session.rows<{ version: number; checksum: string | null }>(
      'SELECT VERSION AS version, CHECKSUM AS checksum FROM CAMPAIGN_SCHEMA',
    );
  const rows = await read().catch(async (error: { errno?: number }) => {
    if (error.errno !== UNKNOWN_COLUMN) throw error;
    await apply(session, 'ALTER TABLE CAMPAIGN_SCHEMA ADD COLUMN CHECKSUM CHAR(64) NULL');
    return read();
  });
  return new Map(rows.map(({ version, checksum }) => [version, checksum]));
}

const record = (
  session: Executor,
  { version, name, checksum }: Migration & { checksum: string },
): Promise<unknown> =>
  session.run(
    `INSERT INTO CAMPAIGN_SCHEMA (VERSION, NAME, APPLIED_AT, CHECKSUM) VALUES (?, ?, UTC_TIMESTAMP(3), ?)
     ON DUPLICATE KEY UPDATE NAME = ?, CHECKSUM = ?`,
    [version, name, checksum, name, checksum],
  );

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
 * Makes sure that the database has the schema this program was built for: each of its versions, and none above.
 * @throws CampaignError SCHEMA_MISMATCH, saying which side is to be upgraded
 */
export async function checkSchema(database: Executor, sqlDirectory = ownDdl()): Promise<void> {
  const migrations = listMigrations(sqlDirectory);
  const known = latestVersion(migrations);
  const applied = await appliedVersions(database);
  const found = applied.at(-1) ?? 0;
  if (found > known) throw newerSchema(found, known);
  const lacking = migrations.find(({ version }) => !applied.includes(version));
  if (!lacking) return;
  const what =
    found === 0
      ? 'the database has no campaign tables yet'
      : found < known
        ? `the database has schema version ${found}, and this campaign needs ${known}`
        : `the database has not had ${lacking.name}`;
  throw new CampaignError('SCHEMA_MISMATCH', what, 'run `campaign migrate`');
}
