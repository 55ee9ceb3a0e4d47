import { explainDatabaseError, isConnectionLimit } from './errors.js';
import type { Hosts } from './hosts.js';
import type { Session } from './session.js';

/** An idle session is kept over a scheduler's poll, and taken leave of long before the server would close it. */
const IDLE_MS = 12_000;

/**
 * A few sessions on one database, all on the same of its hosts. Opens nothing until it is used; a session that met a
 * connection error is never used again.
 */
export class Pool {
  private readonly idle: Session[] = [];
  private readonly busy = new Set<Session>();
  private readonly waiting: ((session: Session | undefined) => void)[] = [];
  private open = 0;
  private closed = false;
  private sweeper: NodeJS.Timeout | undefined;

  /** @param limit sessions at a time */
  constructor(
    private readonly hosts: Hosts,
    private readonly limit: number,
  ) {}

  /** Lends a session for the whole of `work`. */
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

  /** Ends idle sessions, and cuts those whose statement, or whose connecting, nobody waits for any more. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.sweeper);
    const idle = this.idle.splice(0);
    this.hosts.close();
    for (const resolve of this.waiting.splice(0)) resolve(undefined);
    for (const session of this.busy) session.destroy();
    await Promise.all(idle.map((session) => session.end()));
  }

  private async acquire(): Promise<Session> {
    this.requireOpen();
    for (let session = this.idle.pop(); session; session = this.idle.pop()) {
      const stale = Date.now() - session.idleSince > IDLE_MS;
      if (!session.broken && !stale && this.hosts.isCurrent(session)) return session;
      this.open--;
      void session.end();
    }
    if (this.open >= this.limit) return this.handedOver();
    this.open++;
    try {
      const session = await this.hosts.connect(() => this.open > 1);
      if (this.closed) void session.end();
      this.requireOpen();
      return session;
    } catch (error) {
      this.open--;
      // Where the server grants fewer than we would take, those that we have go round.
      if (isConnectionLimit(error) && this.idle.length > 0) return this.acquire();
      if (isConnectionLimit(error) && this.open > 0) return this.handedOver();
      this.waiting.shift()?.(undefined);
      throw explainDatabaseError(error, this.hosts);
    }
  }

  private requireOpen(): void {
    if (this.closed) throw new Error(`${this.hosts.name}: used after it was closed`);
  }

  private async handedOver(): Promise<Session> {
    const handed = await new Promise<Session | undefined>((resolve) => this.waiting.push(resolve));
    return handed ?? this.acquire();
  }

  private release(session: Session): void {
    if (session.broken || this.closed || !this.hosts.isCurrent(session)) {
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
}
