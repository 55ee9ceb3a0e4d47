import type { Database } from '../../src/store/mysql/database.ts';

/** A session of a database's server and what it runs now, null when it is idle. */
export interface ServerSession {
  id: number;
  statement: string | null;
}

/**
 * The other sessions in a database. SHOW, not INFORMATION_SCHEMA.PROCESSLIST: that one fails on MySQL 9 while
 * anybody on the server runs a statement with a character of four bytes.
 */
export async function sessionsIn(
  database: Database,
  schema: string | null = database.schema,
): Promise<ServerSession[]> {
  const sessions = await database.rows<{ Id: number; db: string | null; Info: string | null }>(
    'SHOW FULL PROCESSLIST',
  );
  return sessions
    .filter(({ db, Info }) => db === schema && Info !== 'SHOW FULL PROCESSLIST')
    .map(({ Id, Info }) => ({ id: Id, statement: Info }));
}
