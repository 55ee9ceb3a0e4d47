import mysql, { type Connection, type ConnectionOptions } from 'mysql2';
import { CampaignError } from '../../errors.js';
import { joinOthers, readCausally } from './cluster.js';
import { isConnectionLimit, isConnectionLoss, isHostUnfit, type NamedDatabase } from './errors.js';
import { cutLine, Session } from './session.js';
import { connectionOptions, type DatabaseAddress, describeAddress } from './url.js';

const CONNECT_TIMEOUT_MS = 10_000;

const connected = (connection: Connection): Promise<void> =>
  new Promise((resolve, reject) => {
    connection.once('connect', () => resolve());
    connection.once('error', reject);
  });

export interface SessionOptions {
  /** Count changed rows instead of matched ones: what an import needs to tell an insert from a duplicate. */
  countChangedRows?: boolean;
  /** A statement without an answer for so long means that the server is gone; without it, one waits. */
  statementTimeoutMs?: number;
  /**
   * Never to be answered by a host that takes no writes, where there are several: what a replica has not applied yet
   * would look like a claim that is lost.
   */
  writableOnly?: boolean;
  /** On a cluster, to see whatever was acknowledged on another node before. */
  causalReads?: boolean;
}

/**
 * The hosts of one database. Sessions are made on the preferred one: the first that can be written to, if any can, until
 * it is left for the next.
 */
export class Hosts implements NamedDatabase {
  /** Index of the preferred one. */
  private preferred = 0;
  /** By index of the host. */
  private readonly targets: ConnectionOptions[];
  /** Cuts each connection that is not a session yet. */
  private readonly connecting = new Set<() => void>();
  private closed = false;

  /**
   * Reads the authorities' file, once and for all connections.
   * @throws CampaignError BAD_FILE when it cannot be read
   */
  constructor(
    private readonly address: DatabaseAddress,
    private readonly options: SessionOptions,
  ) {
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

  get areSeveral(): boolean {
    return this.targets.length > 1;
  }

  /**
   * Sessions of one process all talk to the same host: another one may not have applied yet what was committed here, and
   * a claim would look lost. On one that takes no writes, where there are others, nobody stays.
   */
  isCurrent(session: Session): boolean {
    return session.host === this.preferred && !(this.areSeveral && session.readOnly);
  }

  /**
   * A session on the first host from the preferred one on that can be written to; if none can, on one that can be read, if
   * that will do.
   * @param othersAreOpen whether we have other sessions
   */
  async connect(othersAreOpen: () => boolean): Promise<Session> {
    let failure: unknown;
    let readable: Session | undefined;
    // Kept, for a host that fails here is left, which moves the preferred one on.
    const first = this.preferred;
    for (let i = 0; i < this.targets.length; i++) {
      const index = (first + i) % this.targets.length;
      try {
        const session = await this.connectTo(index);
        if (!this.areSeveral || !session.readOnly) {
          void readable?.end();
          this.preferred = index;
          return session;
        }
        if (readable) void session.end();
        else readable = session;
      } catch (error) {
        failure = error;
        // A host is not left for taking no more of us than it has.
        const isFull = othersAreOpen() && isConnectionLimit(error);
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
    this.preferred = readable.host;
    return readable;
  }

  private leave(host: number): void {
    if (host === this.preferred) this.preferred = (host + 1) % this.targets.length;
  }

  private async connectTo(index: number): Promise<Session> {
    if (this.closed) throw this.wasClosed();
    const connection = mysql.createConnection({
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
    let cut = (): void => undefined;
    const closed = new Promise<never>((_, reject) => {
      cut = () => {
        cutLine(connection);
        reject(this.wasClosed());
      };
    });
    this.connecting.add(cut);
    try {
      return await Promise.race([this.setUp(connection, index), closed]);
    } finally {
      this.connecting.delete(cut);
    }
  }

  private async setUp(connection: Connection, index: number): Promise<Session> {
    await connected(connection);
    const session = new Session(connection, index, {
      name: this.name,
      timeoutMs: this.options.statementTimeoutMs,
      onUnfit: (host) => this.leave(host),
      watchHost: this.areSeveral,
    });
    try {
      await session.setUp();
      if (this.areSeveral) await joinOthers(session);
      if (this.options.causalReads) await readCausally(session);
      return session;
    } catch (error) {
      if (isConnectionLoss(error)) session.destroy();
      else void session.end();
      throw error;
    }
  }

  /** Cuts what is still connecting, and connects no more. */
  close(): void {
    this.closed = true;
    for (const cut of this.connecting) cut();
  }

  private wasClosed(): Error {
    return new Error(`${this.name}: closed while it was being connected to`);
  }
}

const noneWritable = (name: string): CampaignError =>
  new CampaignError(
    'DATABASE_UNREACHABLE',
    `${name}: all of its hosts are read-only`,
    'wait until one of them is the primary, or name that one too in CAMPAIGN_DATABASE_URL',
  );
