import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql, {
  type Connection,
  type ConnectionOptions,
  type QueryOptions,
  type QueryResult,
  type ResultSetHeader,
} from 'mysql2';
import { explainDatabaseError, isHostUnfit, isOutOfRange, isRetryable } from './errors.js';
import { connectionOptions, type DatabaseAddress, describeAddress } from './url.js';

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

/** One statement with its values, not yet run. */
export interface Statement {
  sql: string;
  params: readonly Param[];
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

const START: Statement = { sql: 'START TRANSACTION', params: [] };
const COMMIT: Statement = { sql: 'COMMIT', params: [] };

/** Fails where the statement before it touched another number of rows: the sum leaves the range of a BIGINT. */
const guard = (touches: number): Statement => ({
  sql: 'SET @campaign_guard = 9223372036854775807 + (ROW_COUNT() <> ?)',
  params: [touches],
});

/**
 * A statement that follows one with `touches` touches nothing where that touched other rows, so one guard serves for a
 * chain of them.
 */
function guardedPacket(statements: readonly Guarded[]): Statement[] {
  const packet = [START];
  let owed: number | undefined;
  for (const { touches, ...statement } of statements) {
    if (owed === undefined) {
      packet.push(statement);
    } else if (touches) {
      const { sql, params } = statement;
      packet.push({ sql: `${sql} AND ROW_COUNT() = ?`, params: [...params, owed] });
    } else {
      packet.push(guard(owed), statement);
    }
    owed = touches;
  }
  if (owed !== undefined) packet.push(guard(owed));
  packet.push(COMMIT);
  return packet;
}

const joined = (statements: readonly Statement[]): Statement => ({
  sql: statements.map(({ sql }) => sql).join('; '),
  params: statements.flatMap(({ params }) => [...params]),
});

/**
 * A session is closed by the server after this long without a statement, so that a process stopped in the
 * middle of a transaction holds its locks no longer.
 */
const WAIT_TIMEOUT_SECONDS = 10;
const LOCK_WAIT_SECONDS = 3;
const CONNECT_TIMEOUT_MS = 10_000;
/** Two transactions that met in a deadlock are tried again a little apart. */
const RETRY_STEP_MS = 5;
const PIECE_BYTES = 64 * 1024;

// READ COMMITTED by statement: MariaDB 10.11 lacks the variable's new name.
const SESSION_SETUP: readonly Statement[] = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  `SET SESSION time_zone = '+00:00',
     sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO',
     autocommit = 1, wait_timeout = ${WAIT_TIMEOUT_SECONDS},
     innodb_lock_wait_timeout = ${LOCK_WAIT_SECONDS}, lock_wait_timeout = ${LOCK_WAIT_SECONDS}`,
  'SELECT VERSION() AS version',
].map((sql) => ({ sql, params: [] }));

class Session implements Executor {
  idleSince = 0;
  broken = false;
  /** Whether the server takes compound statements outside of procedures: MariaDB does. */
  private takesBlocks = false;

  constructor(
    private readonly connection: Connection,
    /** Index of the host it is connected to. */
    readonly host: number,
    private readonly timeout: number | undefined,
    private readonly onUnfit: (host: number) => void,
  ) {
    connection.on('error', () => {
      this.broken = true;
    });
    connection.on('end', () => {
      this.broken = true;
    });
  }

  async setUp(): Promise<void> {
    const [rows] = rowSets(await this.packet(SESSION_SETUP));
    const [{ version }] = rows as [{ version: string }];
    this.takesBlocks = version.includes('MariaDB');
  }

  async rows<T>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    const result = await this.query(sql, params);
    return result as T[];
  }

  async run(sql: string, params: readonly Param[] = []): Promise<Outcome> {
    const result = await this.query(sql, params);
    return result as ResultSetHeader;
  }

  async packet(statements: readonly Statement[]): Promise<PacketResults> {
    const { sql, params } = joined(statements);
    const data = statements.find((statement) => statement.data !== undefined)?.data;
    const result = await this.query(sql, params, data);
    return (statements.length === 1 ? [result] : result) as PacketResults;
  }

  /**
   * A packet that ends with the first statement that fails. MariaDB takes it as one compound statement, answered once; MySQL
   * answers each statement with a packet of its own, for which both sides pay.
   * @returns the rows of each SELECT
   */
  async block(statements: readonly Statement[]): Promise<unknown[][]> {
    if (this.takesBlocks) {
      const { sql, params } = joined(statements);
      const result = await this.query(`BEGIN NOT ATOMIC ${sql}; END`, params);
      return rowSets(Array.isArray(result) ? result : [result]);
    }
    const answers = await this.packet(statements);
    if (answers.length === statements.length) return rowSets(answers);
    this.destroy();
    throw new Error(`${answers.length} answers to ${statements.length} statements`);
  }

  destroy(): void {
    this.broken = true;
    this.connection.destroy();
  }

  async end(): Promise<void> {
    this.broken = true;
    await new Promise<void>((resolve) => {
      this.connection.end((error) => {
        if (error) this.connection.destroy();
        resolve();
      });
    });
  }

  private async query(sql: string, params: readonly Param[], data?: Buffer): Promise<QueryResult> {
    try {
      return await this.ask(sql, params, data);
    } catch (error) {
      if (isHostUnfit(error)) {
        this.destroy();
        this.onUnfit(this.host);
      }
      throw error;
    }
  }

  /** By mysql2's callback: its promises record a stack trace for each statement, which costs more than the statement. */
  private ask(
    sql: string,
    params: readonly Param[],
    data: Buffer | undefined,
  ): Promise<QueryResult> {
    const options: QueryOptions = {
      sql,
      values: params as unknown[],
      ...(this.timeout === undefined ? {} : { timeout: this.timeout }),
      ...(data === undefined
        ? {}
        : { infileStreamFactory: () => Readable.from(inPieces(data), { objectMode: false }) }),
    };
    return new Promise((resolve, reject) => {
      this.connection.query<QueryResult>(options, (error, result) =>
        error ? reject(error) : resolve(result),
      );
    });
  }
}

const rowSets = (results: readonly unknown[]): unknown[][] =>
  results.filter((result) => Array.isArray(result));

/** Small ones, for the driver copies each. */
function* inPieces(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += PIECE_BYTES) yield data.subarray(at, at + PIECE_BYTES);
}

const openConnection = (options: ConnectionOptions): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const connection = mysql.createConnection(options);
    connection.once('connect', () => resolve(connection));
    connection.once('error', reject);
  });

export interface DatabaseOptions {
  /** Statements of this process that can run at the same time. */
  connections?: number;
  /** Count changed rows instead of matched ones: what an import needs to tell an insert from a duplicate. */
  countChangedRows?: boolean;
  /** A statement without an answer for so long means that the server is gone; without it, one waits. */
  statementTimeoutMs?: number;
}

/**
 * A small pool of sessions on one database, each set up alike (READ COMMITTED, UTC, strict, short waits).
 * Opens nothing until it is used; a session that met a connection error is never used again.
 */
export class Database implements Executor {
  private readonly idle: Session[] = [];
  private readonly busy = new Set<Session>();
  private readonly waiting: ((session: Session | undefined) => void)[] = [];
  private open = 0;
  private closed = false;
  private preferredHost = 0;
  private readonly limit: number;
  /** By index of the host. */
  private readonly targets: ConnectionOptions[];

  /**
   * Reads the authorities' file, once and for all connections.
   * @throws CampaignError BAD_FILE when it cannot be read
   */
  constructor(
    private readonly address: DatabaseAddress,
    private readonly options: DatabaseOptions = {},
  ) {
    this.limit = options.connections ?? 4;
    this.targets = address.hosts.map((_, index) => connectionOptions(address, index));
  }

  /** The server and database for messages, without credentials. */
  get name(): string {
    return describeAddress(this.address);
  }

  rows<T>(sql: string, params?: readonly Param[]): Promise<T[]> {
    return this.withSession((session) => session.rows<T>(sql, params));
  }

  run(sql: string, params?: readonly Param[]): Promise<Outcome> {
    return this.withSession((session) => session.run(sql, params));
  }

  packet(statements: readonly Statement[]): Promise<PacketResults> {
    return this.withSession((session) => session.packet(statements));
  }

  /**
   * Runs `work` in a transaction on one session: commits its result, or rolls back and throws.
   * Lock waits, deadlocks and certification failures try the whole again, `attempts` times in all.
   * After a lost connection the fate of a COMMIT is not known: the caller must read before it trusts.
   */
  async transaction<T>(work: (tx: Executor) => Promise<T>, attempts = 5): Promise<T> {
    return this.retrying(attempts, async (session) => {
      await session.run(START.sql);
      const result = await work(session);
      await session.run(COMMIT.sql);
      return result;
    });
  }

  private async retrying<T>(attempts: number, work: (session: Session) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.withSession(async (session) => {
          try {
            return await work(session);
          } catch (error) {
            if (!session.broken) await session.run('ROLLBACK').catch(() => session.destroy());
            throw error;
          }
        });
      } catch (error) {
        if (!isRetryable(error) || attempt >= attempts) throw error;
        await sleep(attempt * RETRY_STEP_MS);
      }
    }
  }

  /**
   * A transaction in two round trips: all its statements in one packet, then COMMIT, or ROLLBACK where `commit` finds
   * from their results that something is not as it should be. Retried and thrown as by `transaction`.
   * @returns the results, and whether they were committed
   */
  async packetTransaction(
    statements: readonly Statement[],
    commit: (results: PacketResults) => boolean,
    attempts = 5,
  ): Promise<{ results: PacketResults; committed: boolean }> {
    return this.retrying(attempts, async (session) => {
      const results = await session.packet([START, ...statements]);
      results.shift();
      const committed = commit(results);
      await session.run(committed ? COMMIT.sql : 'ROLLBACK');
      return { results, committed };
    });
  }

  /**
   * A transaction in one round trip, COMMIT included: the server itself compares each `touches`, and leaves the rest of the
   * packet where one differs. Retried and thrown as by `transaction`.
   * @returns the rows of each SELECT; null when it was rolled back because a statement touched other rows
   */
  async guardedTransaction(
    statements: readonly Guarded[],
    attempts = 5,
  ): Promise<unknown[][] | null> {
    const packet = guardedPacket(statements);
    try {
      return await this.retrying(attempts, (session) => session.block(packet));
    } catch (error) {
      if (isOutOfRange(error)) return null;
      throw error;
    }
  }

  /** One session for the whole of `work`, for what is bound to a session (GET_LOCK, temporary settings). */
  async withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.acquire();
    this.busy.add(session);
    try {
      return await work(session);
    } finally {
      this.busy.delete(session);
      this.release(session);
    }
  }

  /** Ends idle sessions, and cuts those whose statement nobody waits for any more. */
  async close(): Promise<void> {
    this.closed = true;
    const idle = this.idle.splice(0);
    for (const session of this.busy) session.destroy();
    await Promise.all(idle.map((session) => session.end()));
  }

  private async acquire(): Promise<Session> {
    if (this.closed) throw new Error(`${this.name}: used after it was closed`);
    for (let session = this.idle.pop(); session; session = this.idle.pop()) {
      const stale = Date.now() - session.idleSince > (WAIT_TIMEOUT_SECONDS * 1000) / 2;
      if (!session.broken && !stale && this.isCurrent(session)) return session;
      this.open--;
      session.destroy();
    }
    if (this.open >= this.limit) {
      const handed = await new Promise<Session | undefined>((resolve) =>
        this.waiting.push(resolve),
      );
      return handed ?? this.acquire();
    }
    this.open++;
    try {
      return await this.connect();
    } catch (error) {
      this.open--;
      this.waiting.shift()?.(undefined);
      throw explainDatabaseError(error, this.name);
    }
  }

  private release(session: Session): void {
    if (session.broken || this.closed || !this.isCurrent(session)) {
      this.open--;
      if (!session.broken) void session.end();
      this.waiting.shift()?.(undefined);
      return;
    }
    const next = this.waiting.shift();
    if (next) {
      next(session);
      return;
    }
    session.idleSince = Date.now();
    this.idle.push(session);
  }

  /**
   * Sessions of one process all talk to the same host: another one may not have applied yet what was committed here, and
   * a claim would look lost.
   */
  private isCurrent(session: Session): boolean {
    return session.host === this.preferredHost;
  }

  private leaveHost(host: number): void {
    if (host === this.preferredHost) this.preferredHost = (host + 1) % this.address.hosts.length;
  }

  private async connect(): Promise<Session> {
    let failure: unknown;
    // Kept, for a host that fails here is left, which moves the preferred one on.
    const first = this.preferredHost;
    for (let i = 0; i < this.address.hosts.length; i++) {
      const index = (first + i) % this.address.hosts.length;
      try {
        const connection = await openConnection({
          ...this.targets[index],
          // The tables' own collation: another one turns index look-ups on ENUM and VARCHAR into scans.
          charset: 'UTF8MB4_BIN',
          timezone: 'Z',
          supportBigNumbers: true,
          decimalNumbers: true,
          jsonStrings: true,
          multipleStatements: true,
          connectTimeout: CONNECT_TIMEOUT_MS,
          ...(this.options.countChangedRows ? { flags: ['-FOUND_ROWS'] } : {}),
        });
        const session = new Session(connection, index, this.options.statementTimeoutMs, (host) =>
          this.leaveHost(host),
        );
        try {
          await session.setUp();
          if (this.address.hosts.length > 1) await readWhatOthersWrote(session);
        } catch (error) {
          session.destroy();
          throw error;
        }
        this.preferredHost = index;
        return session;
      } catch (error) {
        failure = error;
        if (!isHostUnfit(error)) throw error;
      }
    }
    throw failure;
  }
}

/** On a Galera cluster a session sees what was committed on another node before it came here. */
async function readWhatOthersWrote(session: Session): Promise<void> {
  const UNKNOWN_VARIABLE = 1193;
  try {
    await session.rows('SET SESSION wsrep_sync_wait = 7');
  } catch (error) {
    if ((error as { errno?: number }).errno !== UNKNOWN_VARIABLE) throw error;
  }
}
