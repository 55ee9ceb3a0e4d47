import type { Database } from '../../src/store/mysql/database.ts';

/**
 * Rows that the storage engine reads while `work` runs, by the session's own counters.
 * @param pool of one connection, which `work` uses too
 */
export async function rowsRead<T>(
  pool: Database,
  work: (db: Database) => Promise<T>,
): Promise<{ read: number; result: T }> {
  await pool.run('FLUSH STATUS');
  const result = await work(pool);
  const counters = await pool.rows<{ Value: string }>("SHOW SESSION STATUS LIKE 'Handler_read%'");
  return { read: counters.reduce((sum, { Value }) => sum + Number(Value), 0), result };
}
