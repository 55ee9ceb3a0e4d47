import { spawnSync } from 'node:child_process';
import type { TestDatabase } from '../support/database.ts';
import { run } from './processes.ts';

/** The server's own command-line client, which reads a file as fast as anything does. */
export function findClient(): string {
  const found = ['mariadb', 'mysql'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (found) return found;
  throw new Error('neither mariadb nor mysql, the command-line client, is on PATH');
}

/** LOAD DATA LOCAL of a file whose rows were prepared beforehand, in one transaction. */
export function loadData(
  client: string,
  database: TestDatabase,
  file: string,
  table: string,
  columns: readonly string[],
): Promise<{ seconds: number }> {
  const { hostname, port, password, pathname } = new URL(database.url);
  const server = ['--no-defaults', '-h', hostname, '-P', port, '-u', 'root', '--local-infile=1'];
  const statement =
    `LOAD DATA LOCAL INFILE '${file}' INTO TABLE ${table} CHARACTER SET utf8mb4 ` +
    `FIELDS TERMINATED BY '\\t' ESCAPED BY '' LINES TERMINATED BY '\\n' (${columns.join(', ')})`;
  return run(client, [...server, '-e', statement, pathname.slice(1)], {
    env: { MYSQL_PWD: password },
  });
}
