import type { Socket } from 'node:net';
import type { Reply } from '../domain/reply.js';
import { MalformedReply, ReplyParser } from './reply-parser.js';

/** Why no reply came. */
export interface NoReply {
  lost: 'closed' | 'timeout' | 'malformed';
  error: string;
}

/** Milliseconds the server has to close its side after QUIT. */
const QUIT_TIMEOUT_MS = 2_000;

/** Of a line that ended without a word about why. */
export const CLOSED = 'the connection was closed';

/** The replies that come on a socket, one after the other, each waited for until its deadline; and how the line ended. */
export class Reader {
  /** Why the connection ended, once it has. */
  lost: NoReply['lost'] | null = null;
  /** The same in words. */
  error = '';
  private readonly parser = new ReplyParser();
  private readonly replies: Reply[] = [];
  private waiting: ((reply: Reply | NoReply) => void) | null = null;
  private timer: NodeJS.Timeout | undefined;
  private timerAt = 0;
  /** When the reply waited for is overdue, and after how many milliseconds that was. */
  private deadline = { at: 0, timeout: 0 };
  private idleListener: (() => void) | null = null;

  /** @param early bytes that came before, as latin1 */
  constructor(
    private readonly socket: Socket,
    early: string,
  ) {
    socket.on('data', (chunk: Buffer) => this.receive(chunk.toString('latin1')));
    socket.on('error', (error) => this.end('closed', error.message));
    socket.on('end', () => this.destroy('closed', 'the server closed the connection'));
    socket.on('close', () => this.end('closed', CLOSED));
    if (early !== '') this.receive(early);
    if (socket.destroyed) this.end('closed', CLOSED);
    socket.resume();
  }

  /** Whether the line stands, and nothing came that nobody had asked for. */
  get isQuiet(): boolean {
    return this.lost === null && this.replies.length === 0 && !this.socket.destroyed;
  }

  /** Who is told when something comes, or the line ends, while nobody waits for it; null for nobody. */
  watchIdle(listener: (() => void) | null): void {
    this.idleListener = listener;
  }

  /** A reply that came together with another: taking it at once spares a turn of the microtasks. */
  atHand(): Reply | undefined {
    return this.replies.shift();
  }

  /** The next reply, or why there is none. */
  read(timeout: number): Promise<Reply | NoReply> {
    return this.race(timeout) as Promise<Reply | NoReply>;
  }

  /** The next reply, or why there is none, or null when `begin` calls back before either. */
  race(timeout: number, begin?: (done: () => void) => void): Promise<Reply | NoReply | null> {
    const reply = this.replies.shift();
    if (reply) return Promise.resolve(reply);
    if (this.lost !== null) return Promise.resolve({ lost: this.lost, error: this.error });
    return new Promise((resolve) => {
      const settle = (event: Reply | NoReply | null): void => {
        if (this.waiting !== settle) return;
        this.waiting = null;
        resolve(event);
      };
      this.waiting = settle;
      this.wakeAt(performance.now() + timeout, timeout);
      begin?.(() => settle(null));
    });
  }

  /** What came, or how the line ended, though nothing was asked for; null when all is quiet. */
  interruption(): Reply | NoReply | null {
    if (this.isQuiet) return null;
    return this.replies.shift() ?? { lost: 'closed', error: this.error || CLOSED };
  }

  /** Nothing more is read: whoever waits is told why. */
  private end(lost: NoReply['lost'], error: string): void {
    if (this.lost !== null) return;
    const last = lost === 'closed' ? this.parser.end() : null;
    if (last) this.hear(last);
    this.lost = lost;
    this.error = error;
    clearTimeout(this.timer);
    this.waiting?.({ lost, error });
    this.idleListener?.();
  }

  /** Cuts the line. */
  destroy(lost: NoReply['lost'], error: string): void {
    this.end(lost, error);
    this.socket.destroy();
  }

  /** Says QUIT and closes; a server that does not answer is not waited for long. */
  quit(): void {
    this.end('closed', CLOSED);
    this.socket.end('QUIT\r\n');
    const timer = setTimeout(() => this.socket.destroy(), QUIT_TIMEOUT_MS);
    timer.unref();
    this.socket.once('close', () => clearTimeout(timer));
  }

  /** Resolves when nothing is left of the connection. */
  closed(): Promise<void> {
    return this.socket.closed
      ? Promise.resolve()
      : new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** One timer serves all replies of a connection: it is set anew only when it has passed, or would come too late. */
  private wakeAt(deadline: number, timeout: number): void {
    this.deadline = { at: deadline, timeout };
    if (this.timer && this.timerAt <= deadline) return;
    clearTimeout(this.timer);
    this.timerAt = deadline;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (!this.waiting) return;
      const { at, timeout } = this.deadline;
      if (performance.now() < at) this.wakeAt(at, timeout);
      else this.waiting({ lost: 'timeout', error: `no answer within ${timeout / 1000} s` });
    }, deadline - performance.now());
    this.timer.unref();
  }

  private receive(chunk: string): void {
    try {
      this.parser.push(chunk, (reply) => this.hear(reply));
    } catch (error) {
      if (!(error instanceof MalformedReply)) throw error;
      this.destroy('malformed', error.message);
    }
  }

  private hear(reply: Reply): void {
    if (this.waiting) {
      this.waiting(reply);
    } else {
      this.replies.push(reply);
      this.idleListener?.();
    }
  }
}
