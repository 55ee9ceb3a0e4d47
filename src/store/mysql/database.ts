import { setTimeout as sleep } from 'node:timers/promises';
import mysql, { type Connection, type ConnectionOptions } from 'mysql2';
import { CampaignError } from '../../errors.js';
import { joinOthers } from './cluster.js';
import {
  explainDatabaseError,
  isConnectionLimit,
  isConnectionLoss,
  isHostUnfit,
  isOutOfRange,
  isReadOnly,
  isRetryable,
} from './errors.js';
import {
  type Executor,
  type Fragment,
  type Guarded,
  guardedPacket,
  type Outcome,
  type PacketResults,
  type Param,
  type Statement,
} from './packet.js';
import { characterSetStrays, Session } from './session.js';
import { connectionOptions, type DatabaseAddress, describeAddress } from './url.js';

export { escapeRow, format, listed } from './packet.js';
export { LOAD_PIECE_BYTES } from './session.js';
export type { Executor, Fragment, Guarded, Outcome, PacketResults, Param, Statement };

const CONNECT_TIMEOUT_MS = 10_000;
/** An idle session is kept over a scheduler's poll, and taken leave of long before the server would close it. */
const IDLE_MS = 12_000;
/** How often a transaction is tried that lock waits, deadlocks or certification failures end. */
const ATTEMPTS = 5;
/** Two transactions that met in a deadlock are tried again a little apart. */
const RETRY_STEP_MS = 5;

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
  /**
   * Never to be answered by a host that takes no writes, where there are several: what a replica has not applied yet
   * would look like a claim that is lost.
   */
  writableOnly?: boolean;
}

/**
 * A small pool of sessions on one database, all on the same of its hosts: one that can be written to, if any can.
 * Opens nothing until it is used; a session that met a connection error is never used again.
 */
export class Database implements Executor {
  private readonly idle: Session[] = [];
  private readonly busy = new Set<Session>();
  private readonly waiting: ((session: Session | undefined) => void)[] = [];
  private open = 0;
  private closed = false;
  private sweeper: NodeJS.Timeout | undefined;
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

  /** The database alone. */
  get schema(): string {
    return this.address.database;
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
   * Lock waits, deadlocks and certification failures try the whole again, `ATTEMPTS` times in all.
   * After a lost connection the fate of a COMMIT is not known: the caller must read before it trusts.
   */
  async transaction<T>(work: (tx: Executor) => Promise<T>): Promise<T> {
    return this.retrying(async (session) => {
      await session.begin();
      const result = await work(session);
      await session.commit();
      return result;
    });
  }

  private async retrying<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      let strayed = false;
      try {
        return await this.withSession(async (session) => {
          try {
            return await work(session);
          } catch (error) {
            if (!session.broken) strayed = await rolledBackAstray(session);
            throw error;
          }
        });
      } catch (error) {
        const moved = this.hasOtherHosts && isReadOnly(error);
        const again = strayed || moved || isRetryable(error);
        if (!again) throw error;
        if (attempt >= ATTEMPTS) throw strayed ? characterSetStrays(this.name) : error;
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
  ): Promise<{ results: PacketResults; committed: boolean }> {
    return this.retrying(async (session) => {
      const results = await session.begin(statements);
      const committed = commit(results);
      if (committed) await session.commit();
      else await session.rollBack();
      return { results, committed };
    });
  }

  /**
   * A transaction in one round trip, COMMIT included: the server itself compares each `touches`, and leaves the rest of the
   * packet where one differs. Retried and thrown as by `transaction`.
   * @returns the rows of each SELECT; null when it was rolled back because a statement touched other rows
   */
  async guardedTransaction(statements: readonly Guarded[]): Promise<unknown[][] | null> {
    const packet = guardedPacket(statements);
    try {
      return await this.retrying((session) => session.block(packet));
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
    clearTimeout(this.sweeper);
    const idle = this.idle.splice(0);
    for (const session of this.busy) session.destroy();
    await Promise.all(idle.map((session) => session.end()));
  }

  private async acquire(): Promise<Session> {
    if (this.closed) throw new Error(`${this.name}: used after it was closed`);
    for (let session = this.idle.pop(); session; session = this.idle.pop()) {
      const stale = Date.now() - session.idleSince > IDLE_MS;
      if (!session.broken && !stale && this.isCurrent(session)) return session;
      this.open--;
      void session.end();
    }
    if (this.open >= this.limit) return this.handedOver();
    this.open++;
    try {
      return await this.connect();
    } catch (error) {
      this.open--;
      // Where the server grants fewer than we would take, those that we have go round.
      if (isConnectionLimit(error) && this.idle.length > 0) return this.acquire();
      if (isConnectionLimit(error) && this.open > 0) return this.handedOver();
      this.waiting.shift()?.(undefined);
      throw explainDatabaseError(error, this);
    }
  }

  private async handedOver(): Promise<Session> {
    const handed = await new Promise<Session | undefined>((resolve) => this.waiting.push(resolve));
    return handed ?? this.acquire();
  }

  private release(session: Session): void {
    if (session.broken || this.closed || !this.isCurrent(session)) {
      this.open--;
      void session.end();
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
    this.sweeper ??= setTimeout(() => this.sweep(), IDLE_MS).unref();
  }

  /** Ends the sessions that have been idle for long, the oldest first. */
  private sweep(): void {
    this.sweeper = undefined;
    const now = Date.now();
    while (this.idle[0] && now - this.idle[0].idleSince >= IDLE_MS) {
      this.open--;
      void this.idle.shift()?.end();
    }
    const [oldest] = this.idle;
    if (!oldest) return;
    const waitMs = Math.min(oldest.idleSince + IDLE_MS - now, IDLE_MS);
    this.sweeper = setTimeout(() => this.sweep(), waitMs).unref();
  }

  private get hasOtherHosts(): boolean {
    return this.address.hosts.length > 1;
  }

  /**
   * Sessions of one process all talk to the same host: another one may not have applied yet what was committed here, and
   * a claim would look lost. On one that takes no writes, where there are others, nobody stays.
   */
  private isCurrent(session: Session): boolean {
    return session.host === this.preferredHost && !(this.hasOtherHosts && session.readOnly);
  }

  private leaveHost(host: number): void {
    if (host === this.preferredHost) this.preferredHost = (host + 1) % this.address.hosts.length;
  }

  /** To the first host from the preferred one on that can be written to; if none can, to one that can be read, if that will do. */
  private async connect(): Promise<Session> {
    let failure: unknown;
    let readable: Session | undefined;
    // Kept, for a host that fails here is left, which moves the preferred one on.
    const first = this.preferredHost;
    for (let i = 0; i < this.address.hosts.length; i++) {
      const index = (first + i) % this.address.hosts.length;
      try {
        const session = await this.connectTo(index);
        if (!this.hasOtherHosts || !session.readOnly) {
          void readable?.end();
          this.preferredHost = index;
          return session;
        }
        if (readable) void session.end();
        else readable = session;
      } catch (error) {
        failure = error;
        // A host is not left for taking no more of us than it has.
        const isFull = this.open > 1 && isConnectionLimit(error);
        if (isHostUnfit(error) && !isFull) continue;
        void readable?.end();
        throw error;
      }
    }
    if (!readable) throw failure;
    if (this.options.writableOnly) {
      void readable.end();
      throw failure ?? noneWritable(this.name);
    }
    this.preferredHost = readable.host;
    return readable;
  }

  private async connectTo(index: number): Promise<Session> {
    const connection = await openConnection({
      ...this.targets[index],
      charset: 'UTF8MB4_BIN',
      timezone: 'Z',
      supportBigNumbers: true,
      decimalNumbers: true,
      jsonStrings: true,
      multipleStatements: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      ...(this.options.countChangedRows ? { flags: ['-FOUND_ROWS'] } : {}),
    });
    const session = new Session(connection, index, {
      name: this.name,
      timeoutMs: this.options.statementTimeoutMs,
      onUnfit: (host) => this.leaveHost(host),
      watchHost: this.hasOtherHosts,
    });
    try {
      await session.setUp();
      if (this.hasOtherHosts) await joinOthers(session);
      return session;
    } catch (error) {
      if (isConnectionLoss(error)) session.destroy();
      else void session.end();
      throw error;
    }
  }
}

const noneWritable = (name: string): CampaignError =>
  new CampaignError(
    'DATABASE_UNREACHABLE',
    `${name}: all of its hosts are read-only`,
    'wait until one of them is the primary, or name that one too in CAMPAIGN_DATABASE_URL',
  );

/** @returns whether the session's character set was not ours any more; it is again */
const rolledBackAstray = (session: Session): Promise<boolean> =>
  session.rollBack().then(
    (ours) => !ours,
    () => {
      session.destroy();
      return false;
    },
  );
