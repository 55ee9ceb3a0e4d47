import mysql, { type Connection } from 'mysql2/promise';
import { connectionOptions, type DatabaseAddress } from './url.js';

/** What a private server needs of its administrator; a user's own server is never administered. */

const CONNECT_TIMEOUT_MS = 5_000;

async function asAdministrator<T>(
  address: DatabaseAddress,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { database: _, ...server } = connectionOptions(address, 0);
  const connection = await mysql.createConnection({
    ...server,
    connectTimeout: CONNECT_TIMEOUT_MS,
  });
  try {
    return await work(connection);
  } finally {
    await connection.end().catch(() => connection.destroy());
  }
}

/** Whether the server lets us in at this address; its database need not exist. */
export async function answers(address: DatabaseAddress): Promise<boolean> {
  try {
    await asAdministrator(address, (connection) => connection.ping());
    return true;
  } catch {
    return false;
  }
}

/** Creates the address's database where it is missing. */
export const createDatabase = (address: DatabaseAddress): Promise<unknown> =>
  asAdministrator(address, (connection) =>
    connection.query('CREATE DATABASE IF NOT EXISTS ?? CHARACTER SET utf8mb4', [address.database]),
  );

/** Drops the address's database and all that is in it. */
export const dropDatabase = (address: DatabaseAddress): Promise<unknown> =>
  asAdministrator(address, (connection) =>
    connection.query('DROP DATABASE IF EXISTS ??', [address.database]),
  );

/**
 * A server's start-up file that sets root's password, and lets it in over loopback TCP where that is open:
 * without name resolution such a login is no `localhost`.
 */
export function accountStatements(password: string, tcp: boolean): string {
  const quoted = mysql.escape(password);
  return [
    `ALTER USER root@localhost IDENTIFIED BY ${quoted};`,
    ...(tcp
      ? [
          `CREATE USER IF NOT EXISTS root@'127.0.0.1';`,
          `ALTER USER root@'127.0.0.1' IDENTIFIED BY ${quoted};`,
          `GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;`,
        ]
      : []),
    '',
  ].join('\n');
}
