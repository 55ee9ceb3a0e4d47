import type { ConnectionLimit, Learnt } from '../domain/connection-limit.js';

/**
 * Hands out the places on connections, as many as the limit says that the server takes; and lets the limit try one more
 * when the time for that has come.
 *
 * This is no second queue of messages: those wait in the dispatcher, which begins one only while a place is free. Who waits
 * here is a message that was begun, on a connection that turned out to be one too many. It can no longer be taken back
 * or begun anew like those in the dispatcher's queue, and has its next place before any of them.
 */
export class Places {
  /** From before a message's connection is made until it is ready for the next. */
  taken = 0;
  /** Called whenever a place has become free. */
  onFree: (() => void) | null = null;
  private readonly waiting: (() => void)[] = [];
  private readonly emptied: (() => void)[] = [];
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly limit: ConnectionLimit) {}

  /** None are, once they are closed. */
  get free(): number {
    return this.closed ? 0 : Math.max(0, this.limit.usable - this.taken - this.waiting.length);
  }

  /** Resolves when there is a place, or they are closed. */
  async take(): Promise<void> {
    if (this.closed || this.taken < this.limit.usable) {
      this.taken += 1;
      return;
    }
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  give(): void {
    this.taken -= 1;
    this.wake();
    if (this.taken === 0) for (const resolve of this.emptied.splice(0)) resolve();
  }

  /** @param others connections that the server has taken */
  refused(others: number, reason: string): void {
    this.limit.refused(others, reason, performance.now());
    this.tryLater();
  }

  /**
   * A message was accepted.
   * @param open connections there are
   */
  accepted(open: number): Learnt | null {
    const { triesMoreAt } = this.limit;
    const learnt = this.limit.accepted(open, performance.now());
    if (this.limit.triesMoreAt !== triesMoreAt) this.tryLater();
    return learnt;
  }

  /** So many connections may be used, where hosts share them. */
  allow(connections: number): void {
    this.limit.allowed = connections;
    this.wake();
  }

  /** Nobody waits any longer. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.wake();
  }

  async empty(): Promise<void> {
    while (this.taken > 0) {
      await new Promise<void>((resolve) => this.emptied.push(resolve));
    }
  }

  private tryLater(): void {
    const { limit } = this;
    clearTimeout(this.timer);
    if (limit.triesMoreAt === Number.POSITIVE_INFINITY) return;
    this.timer = setTimeout(() => {
      limit.tryOneMore();
      this.wake();
    }, limit.triesMoreAt - performance.now());
    this.timer.unref();
  }

  private wake(): void {
    while (this.waiting.length > 0 && (this.closed || this.taken < this.limit.usable)) {
      this.taken += 1;
      this.waiting.shift()?.();
    }
    if (this.free > 0) this.onFree?.();
  }
}
