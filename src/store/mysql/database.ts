import { setTimeout as sleep } from 'node:timers/promises';
import { characterSetStrays } from './character-set.js';
import { isOutOfRange, isReadOnly, isRetryable, type NamedDatabase } from './errors.js';
import { Hosts, type SessionOptions } from './hosts.js';
import {
  type Executor,
  type Guarded,
  guardedPacket,
  guardedRest,
  type Outcome,
  type PacketResults,
  type Param,
  type Statement,
} from './packet.js';
import { Pool } from './pool.js';
import type { Session } from './session.js';
import type { DatabaseAddress } from './url.js';

/** How often a transaction is tried that lock waits, deadlocks or certification failures end. */
const ATTEMPTS = 5;
/** Two transactions that met in a deadlock are tried again a little apart. */
const RETRY_STEP_MS = 5;

export interface DatabaseOptions extends SessionOptions {
  /** Statements of this process that can run at the same time. */
  connections?: number;
}

/** One database: statements and transactions on a small pool of sessions. Opens nothing until it is used. */
export class Database implements Executor, NamedDatabase {
  private readonly hosts: Hosts;
  private readonly pool: Pool;

  /** @throws CampaignError BAD_FILE when the file of the authorities cannot be read */
  constructor(address: DatabaseAddress, options: DatabaseOptions = {}) {
    this.hosts = new Hosts(address, options);
    this.pool = new Pool(this.hosts, options.connections ?? 4);
  }

  /** The server and database for messages, without credentials. */
  get name(): string {
    return this.hosts.name;
  }

  /** The database alone. */
  get schema(): string {
    return this.hosts.schema;
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

  /**
   * The same in two round trips: of what `first` reads in the transaction `plan` makes what is written. Retried and thrown
   * as by `transaction`, `plan` too.
   * @returns false when it was rolled back: `plan` gave null, or a statement touched other rows
   */
  async plannedTransaction(
    first: readonly Statement[],
    plan: (results: PacketResults) => readonly Guarded[] | null,
  ): Promise<boolean> {
    try {
      return await this.retrying(async (session) => {
        const statements = plan(await session.begin(first));
        if (statements === null) await session.rollBack();
        else await session.finish(guardedRest(statements));
        return statements !== null;
      });
    } catch (error) {
      if (isOutOfRange(error)) return false;
      throw error;
    }
  }

  /** One session for the whole of `work`, for what is bound to a session (GET_LOCK, temporary settings). */
  withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.pool.withSession(work);
  }

  /** Ends idle sessions, and cuts those whose statement nobody waits for any more. */
  close(): Promise<void> {
    return this.pool.close();
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
        const moved = this.hosts.areSeveral && isReadOnly(error);
        const again = strayed || moved || isRetryable(error);
        if (!again) throw error;
        if (attempt >= ATTEMPTS) throw strayed ? characterSetStrays(this.name) : error;
        await sleep(attempt * RETRY_STEP_MS);
      }
    }
  }
}

/** @returns whether the session's character set was not ours any more; it is again */
const rolledBackAstray = (session: Session): Promise<boolean> =>
  session.rollBack().then(
    (ours) => !ours,
    () => {
      session.destroy();
      return false;
    },
  );
