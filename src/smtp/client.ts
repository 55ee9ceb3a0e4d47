import type { Socket } from 'node:net';
import type { FilledMessage } from '../domain/message.js';
import type { Reply, Stage } from '../domain/reply.js';
import type { DeliveryResult } from '../domain/verdict.js';
import type { OpenConnection } from './handshake.js';
import { MalformedReply, ReplyParser } from './reply-parser.js';
import type { Following, Transmission } from './transmission.js';

/** Milliseconds to wait at each stage: RFC 5321 §4.5.3.2. */
export interface TransactionTimeouts {
  /** For the reply to MAIL, RCPT and RSET. */
  command: number;
  /** For the reply to DATA. */
  data: number;
  /** For the server to take a block of the body. */
  block: number;
  /** For the reply to the final dot. */
  dot: number;
  /** For the reply to a MAIL that was sent behind a dot, once the dot has had its own. */
  behindDot: number;
}

/** Up to this many characters a body goes out in one write with its dot. */
const BLOCK = 65_536;
/** Milliseconds the server has to close its side after QUIT. */
const QUIT_TIMEOUT_MS = 2_000;

/** Why no reply came. */
interface NoReply {
  lost: 'closed' | 'timeout' | 'malformed';
  error: string;
}

/** What the server still owes, or is owed, after a transaction that was refused. */
type Leftover =
  | 'nothing'
  /** RSET, so that the refused transaction does not run into the next. */
  | 'reset'
  /** The reply to a DATA that was sent along with the refused RCPT, then RSET. */
  | 'data-reply'
  /** The replies to RCPT and DATA that were sent along with the refused MAIL, then RSET. */
  | 'rcpt-and-data-replies';

/** The commands that open a message's transaction, and how the message is written. */
interface Opening {
  mail: string;
  rcpt: string;
  /** Whether the body has to be written as UTF-8; where it is ASCII throughout Latin-1 is the same, and faster. */
  eightBit: boolean;
  /** Whether the commands have. */
  utf8: boolean;
}

interface Opened {
  transmission: Transmission;
  opening: Opening;
  /** When its commands were written. */
  at: number;
}

/** An answer that says yes. */
export const positive = ({ code }: Reply): boolean => code >= 200 && code < 300;
/** One that says no, for now or for good. */
export const negative = ({ code }: Reply): boolean => code >= 400 && code < 600;

/** "2.1.0 Originator <x> ok" says nothing of a message (RFC 3463 §3.2: X.1.X is about addresses). */
const isReplyToMail = ({ code, enhanced }: Reply): boolean => code === 250 && enhanced === '2.1.0';

/** One SMTP connection past its handshake: one transaction after the other, each reply told by its stage. */
export class SmtpClient {
  /** Whether commands are sent ahead of their replies (RFC 2920). */
  readonly pipelining: boolean;
  /** Messages whose body was begun. */
  messages = 0;
  /** When the MAIL of the last message was written, by the monotonic clock. */
  announcedAt = 0;
  /** Milliseconds from the end of the last message to its reply; null when none came. */
  acceptanceMs: number | null = null;
  /** Whether a command behind a dot was answered before the dot. */
  tookTurns = false;
  /** Why the connection ended, once it has. */
  lost: NoReply['lost'] | null = null;
  private readonly socket: Socket;
  private readonly parser = new ReplyParser();
  private readonly replies: Reply[] = [];
  private waiting: ((reply: Reply | NoReply) => void) | null = null;
  private error = '';
  private timer: NodeJS.Timeout | undefined;
  private timerAt = 0;
  /** When the reply waited for is overdue, and after how many milliseconds that was. */
  private deadline = { at: 0, timeout: 0 };
  private leftover: Leftover = 'nothing';
  private opened: Opened | null = null;
  private endListener: (() => void) | null = null;

  /** Whether a message's text is on the wire: begun, and not answered. */
  carriesText = false;

  /** @param pipelining where the server offers it */
  constructor(
    private readonly connection: OpenConnection,
    private readonly timeouts: TransactionTimeouts,
    pipelining: boolean,
  ) {
    this.pipelining = pipelining && connection.pipelining;
    this.socket = connection.socket;
    this.socket.on('data', (chunk: Buffer) => this.receive(chunk.toString('latin1')));
    this.socket.on('error', (error) => this.end('closed', error.message));
    this.socket.on('end', () => {
      this.end('closed', 'the server closed the connection');
      this.socket.destroy();
    });
    this.socket.on('close', () => this.end('closed', 'the connection was closed'));
    if (connection.early !== '') this.receive(connection.early);
    if (this.socket.destroyed) this.end('closed', 'the connection was closed');
    this.socket.resume();
  }

  /** Whether the next transaction can be tried: the line stands, and nothing came that nobody had asked for. */
  get usable(): boolean {
    return this.lost === null && this.replies.length === 0 && !this.socket.destroyed;
  }

  /** Whether the next transaction can be tried without `recover`. */
  get ready(): boolean {
    return this.usable && this.leftover === 'nothing';
  }

  /** Who is told when the connection, left idle, is no longer usable; null for nobody. */
  watchIdle(listener: (() => void) | null): void {
    this.endListener = listener;
  }

  /** The message whose commands went out behind the last one's dot: `transact` must be given it next. */
  get ahead(): Transmission | null {
    return this.opened?.transmission ?? null;
  }

  /**
   * One transaction (RFC 5321 §3.3). Never rejects. After it the connection must be `ready`, or made so by `recover`,
   * or go on with the message that is `ahead`.
   * @param following asked, where the server allows it, for the message whose commands go out behind this one's dot
   * (RFC 2920 §3.1); told its result at once when it can't be sent to this server
   */
  async transact(transmission: Transmission, following: Following): Promise<DeliveryResult> {
    const { message, mayProceed } = transmission;
    const { timeouts } = this;
    const ahead = this.opened;
    this.opened = null;
    this.acceptanceMs = null;
    const opening = ahead?.opening ?? this.open(message);
    if ('kind' in opening) return opening;
    const { mail, rcpt } = opening;

    this.announcedAt = ahead?.at ?? performance.now();
    if (!ahead) {
      if (!mayProceed()) return { kind: 'not-started' };
      this.socket.write(this.pipelining ? `${mail}${rcpt}DATA\r\n` : mail);
    }
    const mailReply =
      this.atHand() ?? (await this.read(ahead ? timeouts.behindDot : timeouts.command));
    if ('lost' in mailReply) return this.broken('mail', mailReply);
    if (!positive(mailReply)) {
      return this.answered('mail', mailReply, this.pipelining ? 'rcpt-and-data-replies' : 'reset');
    }
    if (!this.pipelining) this.socket.write(rcpt);
    const rcptReply = this.atHand() ?? (await this.read(timeouts.command));
    if ('lost' in rcptReply) return this.broken('rcpt', rcptReply);
    if (!positive(rcptReply)) {
      return this.answered('rcpt', rcptReply, this.pipelining ? 'data-reply' : 'reset');
    }
    if (!this.pipelining) this.socket.write('DATA\r\n');
    const dataReply = this.atHand() ?? (await this.read(timeouts.data));
    if ('lost' in dataReply) return this.broken('data', dataReply);
    if (dataReply.code !== 354) return this.answered('data', dataReply, 'reset');

    // Made before this message is asked about for the last time, for a message can take long to make.
    const next = this.pipelining ? this.nextOf(following) : null;
    if (!mayProceed()) {
      this.destroy();
      next?.transmission.done({ kind: 'not-started' });
      return { kind: 'not-started' };
    }
    this.carriesText = true;
    const result = await this.sendBody(transmission, opening.eightBit, next);
    this.carriesText = false;
    return result;
  }

  private open({ envelope, data }: FilledMessage): Opening | DeliveryResult {
    const { from, to, utf8 } = envelope;
    const { connection } = this;
    const bytes = Buffer.byteLength(data);
    if (/[\p{Cc}<>]/u.test(from + to)) {
      return unsendable('5.1.3', 'the address cannot stand in an SMTP command');
    }
    if (utf8 && !connection.smtpUtf8) {
      return unsendable('5.6.7', 'the address needs SMTPUTF8, which the server does not offer');
    }
    if (connection.maxSize > 0 && bytes > connection.maxSize) {
      return unsendable(
        '5.3.4',
        `the message has ${bytes} bytes; the server takes ${connection.maxSize}`,
      );
    }
    const eightBit = bytes !== data.length;
    const parameters =
      (connection.size ? ` SIZE=${bytes}` : '') +
      (eightBit && connection.eightBitMime ? ' BODY=8BITMIME' : '') +
      (utf8 ? ' SMTPUTF8' : '');
    return {
      mail: `MAIL FROM:<${from}>${parameters}\r\n`,
      rcpt: `RCPT TO:<${to}>\r\n`,
      eightBit,
      utf8,
    };
  }

  private nextOf(following: Following): Opened | null {
    for (let next = following(); next; next = following()) {
      const opening = this.open(next.message);
      if (!('kind' in opening)) return { transmission: next, opening, at: 0 };
      next.done(opening);
    }
    return null;
  }

  /**
   * From the 354 on: body, dot and its reply; the commands of `next` in one write with the dot. Only from the write of
   * the dot on is the stage `dot`.
   */
  private async sendBody(
    { message: { data }, mayEnd }: Transmission,
    eightBit: boolean,
    next: Opened | null,
  ): Promise<DeliveryResult> {
    this.messages += 1;
    const stopped = data.length > BLOCK ? await this.writeBlocks(data, eightBit) : this.early();
    if (stopped) {
      next?.transmission.done({ kind: 'not-started' });
      return stopped;
    }
    if (!mayEnd()) {
      this.destroy();
      next?.transmission.done({ kind: 'not-started' });
      return { kind: 'not-started' };
    }
    let behind = '';
    if (next?.transmission.mayProceed()) {
      this.opened = { ...next, at: performance.now() };
      behind = `${next.opening.mail}${next.opening.rcpt}DATA\r\n`;
    } else {
      next?.transmission.done({ kind: 'not-started' });
    }
    const utf8 = eightBit || (next?.opening.utf8 ?? false);
    const rest = data.length > BLOCK ? '' : data;
    this.socket.write(`${rest}.\r\n${behind}`, utf8 ? 'utf8' : 'latin1');
    const written = performance.now();
    const reply = await this.read(this.timeouts.dot);
    if ('lost' in reply) return this.broken('dot', reply);
    if (behind !== '' && isReplyToMail(reply)) {
      this.tookTurns = true;
      return this.broken('dot', {
        lost: 'malformed',
        error: `the next message's MAIL was answered before this message: ${reply.code} ${reply.text}`,
      });
    }
    this.acceptanceMs = performance.now() - written;
    // The end of the data clears the transaction, whatever the answer (RFC 5321 §4.1.1.4): no RSET is due.
    return this.answered('dot', reply, 'nothing');
  }

  private async writeBlocks(data: string, eightBit: boolean): Promise<DeliveryResult | null> {
    const bytes = Buffer.from(data, eightBit ? 'utf8' : 'latin1');
    for (let start = 0; start < bytes.length; start += BLOCK) {
      const stopped = await this.writeBlock(bytes.subarray(start, start + BLOCK));
      if (stopped) return stopped;
    }
    return this.early();
  }

  /** What came in the middle of a message ends it without its dot. */
  private early(): DeliveryResult | null {
    if (this.usable) return null;
    const reply = this.replies.shift();
    if (!reply) {
      return this.broken('body', {
        lost: 'closed',
        error: this.error || 'the connection was closed',
      });
    }
    this.destroy();
    return { kind: 'reply', stage: 'body', reply };
  }

  /** Writes a block and waits until it has left; what comes meanwhile ends the message without its dot. */
  private async writeBlock(block: Buffer): Promise<DeliveryResult | null> {
    const event = await this.race(this.timeouts.block, (taken) =>
      this.socket.write(block, (error) => (error ? undefined : taken())),
    );
    if (event === null) return null;
    this.destroy();
    return 'lost' in event
      ? this.broken('body', event)
      : { kind: 'reply', stage: 'body', reply: event };
  }

  /**
   * Makes the connection ready for another transaction.
   * @returns false when it is not, and must be closed
   */
  async recover(): Promise<boolean> {
    const { leftover, timeouts } = this;
    if (this.lost !== null || leftover === 'nothing') return this.ready;
    if (leftover === 'rcpt-and-data-replies' && 'lost' in (await this.read(timeouts.command))) {
      return false;
    }
    if (leftover !== 'reset') {
      const dataReply = await this.read(timeouts.data);
      if ('lost' in dataReply || dataReply.code === 421) return false;
      if (dataReply.code === 354) {
        // After a refused RCPT there is nobody the empty message could go to; after a refused MAIL nothing is sure.
        if (leftover === 'rcpt-and-data-replies') return false;
        this.socket.write('.\r\n');
        const dotReply = await this.read(timeouts.dot);
        if ('lost' in dotReply || dotReply.code === 421) return false;
      }
    }
    this.socket.write('RSET\r\n');
    this.leftover = 'nothing';
    const reset = await this.read(timeouts.command);
    return !('lost' in reset) && positive(reset) && this.usable;
  }

  /** Says QUIT and closes; a server that does not answer is not waited for long. */
  quit(): void {
    const inData = this.leftover !== 'nothing' && this.leftover !== 'reset';
    if (this.lost !== null || inData) {
      this.destroy();
      return;
    }
    this.end('closed', 'the connection was closed');
    this.socket.end('QUIT\r\n');
    const timer = setTimeout(() => this.socket.destroy(), QUIT_TIMEOUT_MS);
    timer.unref();
    this.socket.once('close', () => clearTimeout(timer));
  }

  /** Cuts the line. */
  destroy(): void {
    this.end('closed', 'the connection was closed');
    this.socket.destroy();
  }

  /** Resolves when nothing is left of the connection. */
  closed(): Promise<void> {
    return this.socket.closed
      ? Promise.resolve()
      : new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  private answered(stage: Stage, reply: Reply, leftover: Leftover): DeliveryResult {
    this.leftover = leftover;
    // RFC 5321 §3.8: the server closes after a 421. After what is no answer the two sides are out of step.
    const inStep = negative(reply) || (stage === 'dot' && positive(reply));
    if (reply.code === 421 || !inStep) this.destroy();
    return { kind: 'reply', stage, reply };
  }

  private broken(stage: Stage, { lost, error }: NoReply): DeliveryResult {
    this.end(lost, error);
    this.socket.destroy();
    return { kind: 'broken', stage, error: `${error} (${WAITING_FOR[stage]})` };
  }

  /** A reply that came together with another: taking it at once spares a turn of the microtasks. */
  private atHand(): Reply | undefined {
    return this.replies.shift();
  }

  private read(timeout: number): Promise<Reply | NoReply> {
    return this.race(timeout) as Promise<Reply | NoReply>;
  }

  /**
   * The next reply, or why there is none, or null when `begin` calls back before either.
   */
  private race(
    timeout: number,
    begin?: (done: () => void) => void,
  ): Promise<Reply | NoReply | null> {
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
      this.end('malformed', error.message);
      this.socket.destroy();
    }
  }

  private hear(reply: Reply): void {
    if (this.waiting) {
      this.waiting(reply);
    } else {
      this.replies.push(reply);
      this.endListener?.();
    }
  }

  private end(lost: NoReply['lost'], error: string): void {
    if (this.lost !== null) return;
    const last = lost === 'closed' ? this.parser.end() : null;
    if (last) this.hear(last);
    this.lost = lost;
    this.error = error;
    clearTimeout(this.timer);
    this.waiting?.({ lost, error });
    this.endListener?.();
  }
}

const WAITING_FOR: Record<Stage, string> = {
  connect: 'while connecting',
  auth: 'at AUTH',
  mail: 'after MAIL',
  rcpt: 'after RCPT',
  data: 'after DATA',
  body: 'in the message',
  dot: 'after the end of the message, before its answer',
};

const unsendable = (enhanced: string, error: string): DeliveryResult => ({
  kind: 'unsendable',
  enhanced,
  error,
});
