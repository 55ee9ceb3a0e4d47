import mysql, { type SqlValue } from 'mysql2';
import { IS_ANOTHER } from './character-set.js';

/** A value bound to a `?`; an array becomes a list for `IN (?)`, an array of arrays rows for `VALUES ?`. */
export type Param =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | Buffer
  | readonly Param[]
  | readonly (readonly Param[])[];

/** SQL, and the values of its `?`. */
export interface Fragment {
  sql: string;
  params: readonly Param[];
}

/** One statement with its values, not yet run. */
export interface Statement extends Fragment {
  /** What LOAD DATA LOCAL reads; one statement of a packet may have it. */
  data?: Buffer;
}

/**
 * A statement of a transaction that is committed only if it touched exactly so many rows: an UPDATE, last in it its WHERE,
 * of conditions joined by AND. Rows matched count, so not on a database with `countChangedRows`.
 */
export interface Guarded extends Statement {
  touches?: number;
}

/** A row of values as SQL text, for a long statement that is put together while an earlier one is running. */
export const escapeRow = (values: readonly (string | number | null)[]): string =>
  `(${values.map((value) => mysql.escape(value)).join(',')})`;

/** A statement as it is sent. */
export const format = ({ sql, params }: Statement): string =>
  mysql.format(sql, params as SqlValue[]);

export interface Outcome {
  /** Rows the WHERE matched (MySQL's FOUND_ROWS flag), whether they changed or not. */
  affectedRows: number;
  insertId: number;
  /** What the server says of many rows written at once. */
  info?: string;
}

/** Runs statements: the whole database, or one transaction of it. */
export interface Executor {
  /** Rows of a SELECT. DATETIME comes as Date (UTC), BIGINT and DECIMAL as number, JSON as text. */
  rows<T>(sql: string, params?: readonly Param[]): Promise<T[]>;
  run(sql: string, params?: readonly Param[]): Promise<Outcome>;
  /** Several statements in one packet and one round trip; a result for each: rows or an Outcome. */
  packet(statements: readonly Statement[]): Promise<PacketResults>;
}

/** For each statement of a packet its rows, or its Outcome. */
export type PacketResults = (unknown[] | Outcome)[];

export const statement = (sql: string): Statement => ({ sql, params: [] });

export const START = statement('START TRANSACTION');
export const COMMIT = statement('COMMIT');
export const ROLLBACK = statement('ROLLBACK');

/** Fragments one after the other. */
export const listed = (fragments: readonly Fragment[], separator = ', '): Fragment => ({
  sql: fragments.map(({ sql }) => sql).join(separator),
  params: fragments.flatMap(({ params }) => [...params]),
});

export const joined = (statements: readonly Statement[]): Statement => listed(statements, '; ');

/**
 * Fails where the statement before it touched another number of rows, or the session's character set is another one:
 * the sum leaves the range of a BIGINT.
 */
const guard = (touches: number): Statement => ({
  sql: `SET @campaign_guard = 9223372036854775807 + (ROW_COUNT() <> ? OR ${IS_ANOTHER})`,
  params: [touches],
});

/**
 * The packet of a transaction whose COMMIT is reached only if every statement touched the rows it should.
 */
export const guardedPacket = (statements: readonly Guarded[]): Statement[] => [
  START,
  ...guardedRest(statements),
];

/**
 * The same of a transaction that was begun before. A statement that follows one with `touches` touches nothing where that touched other rows, so one guard serves for a chain of them.
 */
export function guardedRest(statements: readonly Guarded[]): Statement[] {
  const packet: Statement[] = [];
  let owed: number | undefined;
  for (const { touches, ...plain } of statements) {
    if (owed === undefined) {
      packet.push(plain);
    } else if (touches) {
      const { sql, params } = plain;
      packet.push({ sql: `${sql} AND ROW_COUNT() = ?`, params: [...params, owed] });
    } else {
      packet.push(guard(owed), plain);
    }
    owed = touches;
  }
  if (owed !== undefined) packet.push(guard(owed));
  packet.push(COMMIT);
  return packet;
}
