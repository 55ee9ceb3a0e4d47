import type { Socket } from 'node:net';
import type { FilledMessage } from '../domain/message.js';
import type { Reply, Stage } from '../domain/reply.js';
import type { DeliveryResult } from '../domain/verdict.js';
import { brokenAt, isNegative, isPositive, isReplyToMail, NOT_STARTED, tell } from './classify.js';
import type { OpenConnection } from './handshake.js';
import { type Opening, openingOf } from './opening.js';
import { BLOCK, blocksOf, textOf } from './pieces.js';
import { CLOSED, type NoReply, Reader } from './reader.js';
import { type Leftover, type RecoveryTimeouts, recover } from './recovery.js';
import type { Following, Transmission } from './transmission.js';

/** Milliseconds to wait at each stage: RFC 5321 §4.5.3.2. */
export interface TransactionTimeouts extends RecoveryTimeouts {
  /** For the server to take a block of the body. */
  block: number;
  /** For the reply to a MAIL that was sent behind a dot, once the dot has had its own. */
  behindDot: number;
}

interface Opened {
  transmission: Transmission;
  opening: Opening;
  /** When its commands were written. */
  at: number;
}

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
  /** Whether a message's text is on the wire: begun, and not answered. */
  carriesText = false;
  private readonly socket: Socket;
  private readonly reader: Reader;
  private leftover: Leftover = 'nothing';
  private opened: Opened | null = null;

  /** @param pipelining where the server offers it */
  constructor(
    private readonly connection: OpenConnection,
    private readonly timeouts: TransactionTimeouts,
    pipelining: boolean,
  ) {
    this.pipelining = pipelining && connection.pipelining;
    this.socket = connection.socket;
    this.reader = new Reader(connection.socket, connection.early);
  }

  /** Why the connection ended, once it has. */
  get lost(): NoReply['lost'] | null {
    return this.reader.lost;
  }

  /** Whether the next transaction can be tried: the line stands, and nothing came that nobody had asked for. */
  get usable(): boolean {
    return this.reader.isQuiet;
  }

  /** Whether the next transaction can be tried without `recover`. */
  get ready(): boolean {
    return this.usable && this.leftover === 'nothing';
  }

  /** Who is told when the connection, left idle, is no longer usable; null for nobody. */
  watchIdle(listener: (() => void) | null): void {
    this.reader.watchIdle(listener);
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
    const { timeouts, reader } = this;
    const ahead = this.opened;
    this.opened = null;
    this.acceptanceMs = null;
    const opening = ahead?.opening ?? openingOf(transmission.message, this.connection);
    if ('kind' in opening) return opening;
    const { mail, rcpt } = opening;
    const turn = ahead ? null : (transmission.turn?.wait() ?? null);
    if (turn !== null) await turn;

    this.announcedAt = ahead?.at ?? performance.now();
    if (!ahead) {
      if (!transmission.mayProceed()) return NOT_STARTED;
      this.socket.write(this.pipelining ? `${mail}${rcpt}DATA\r\n` : mail);
    }
    const mailReply =
      reader.atHand() ?? (await reader.read(ahead ? timeouts.behindDot : timeouts.command));
    if ('lost' in mailReply) return this.broken('mail', mailReply);
    if (!isPositive(mailReply)) {
      return this.answered('mail', mailReply, this.pipelining ? 'rcpt-and-data-replies' : 'reset');
    }
    if (!this.pipelining) this.socket.write(rcpt);
    const rcptReply = reader.atHand() ?? (await reader.read(timeouts.command));
    if ('lost' in rcptReply) return this.broken('rcpt', rcptReply);
    if (!isPositive(rcptReply)) {
      return this.answered('rcpt', rcptReply, this.pipelining ? 'data-reply' : 'reset');
    }
    if (!this.pipelining) this.socket.write('DATA\r\n');
    const dataReply = reader.atHand() ?? (await reader.read(timeouts.data));
    if ('lost' in dataReply) return this.broken('data', dataReply);
    if (dataReply.code !== 354) return this.answered('data', dataReply, 'reset');

    // Made before this message is asked about for the last time, for a message can take long to make.
    const isLong = opening.bytes > BLOCK;
    // By the end of a long text the instant of a message behind it would be gone.
    const asks = this.pipelining && !(isLong && transmission.turn);
    const next = asks ? this.nextOf(following) : null;
    if (!transmission.mayProceed()) return this.cutShort(next, NOT_STARTED);
    this.carriesText = true;
    const result = await this.sendBody(transmission, opening, next);
    this.carriesText = false;
    return result;
  }

  private nextOf(following: Following): Opened | null {
    for (let next = following(); next; next = following()) {
      const opening = openingOf(next.message, this.connection);
      if (!('kind' in opening)) return { transmission: next, opening, at: 0 };
      tell(next, opening);
    }
    return null;
  }

  /**
   * From the 354 on: body, dot and its reply; the commands of `next` in one write with the dot. Only from the write of
   * the dot on is the stage `dot`.
   */
  private async sendBody(
    transmission: Transmission,
    { bytes, eightBit }: Opening,
    next: Opened | null,
  ): Promise<DeliveryResult> {
    const { message } = transmission;
    const { reader } = this;
    this.messages += 1;
    const isLong = bytes > BLOCK;
    const stopped =
      (isLong ? await this.writeBlocks(message, eightBit) : null) ?? reader.interruption();
    if (stopped) return this.cutShort(next, this.stoppedBy(stopped));
    if (!transmission.mayEnd()) return this.cutShort(next, NOT_STARTED);
    let behind = '';
    if (next?.transmission.mayProceed()) {
      this.opened = { ...next, at: performance.now() };
      behind = `${next.opening.mail}${next.opening.rcpt}DATA\r\n`;
    } else if (next) tell(next.transmission, NOT_STARTED);
    const utf8 = eightBit || (next?.opening.utf8 ?? false);
    const text = isLong ? '' : textOf(message);
    this.socket.write(`${text}.\r\n${behind}`, utf8 ? 'utf8' : 'latin1');
    const written = performance.now();
    const reply = await reader.read(this.timeouts.dot);
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

  /** Each block has left before the next; what comes meanwhile ends the message without its dot. */
  private async writeBlocks(
    message: FilledMessage,
    eightBit: boolean,
  ): Promise<Reply | NoReply | null> {
    for (const block of blocksOf(message, eightBit)) {
      const event = await this.reader.race(this.timeouts.block, (taken) =>
        this.socket.write(block, (error) => (error ? undefined : taken())),
      );
      if (event) return event;
    }
    return null;
  }

  private stoppedBy(event: Reply | NoReply): DeliveryResult {
    this.destroy();
    return 'lost' in event
      ? this.broken('body', event)
      : { kind: 'reply', stage: 'body', reply: event };
  }

  /** Cuts the line before the dot: nothing of this message has happened, nor of the next. */
  private cutShort(next: Opened | null, result: DeliveryResult): DeliveryResult {
    this.destroy();
    if (next) tell(next.transmission, NOT_STARTED);
    return result;
  }

  /**
   * Makes the connection ready for another transaction.
   * @returns false when it is not, and must be closed
   */
  async recover(): Promise<boolean> {
    const { leftover, socket, reader, timeouts } = this;
    if (this.lost !== null || leftover === 'nothing') return this.ready;
    const recovered = await recover(leftover, socket, reader, timeouts);
    if (recovered) this.leftover = 'nothing';
    return recovered;
  }

  /** Says QUIT and closes; a server that does not answer is not waited for long. */
  quit(): void {
    const inData = this.leftover !== 'nothing' && this.leftover !== 'reset';
    if (this.lost !== null || inData) {
      this.destroy();
      return;
    }
    this.reader.quit();
  }

  /** Cuts the line. */
  destroy(): void {
    this.reader.destroy('closed', CLOSED);
  }

  /** Resolves when nothing is left of the connection. */
  closed(): Promise<void> {
    return this.reader.closed();
  }

  private answered(stage: Stage, reply: Reply, leftover: Leftover): DeliveryResult {
    this.leftover = leftover;
    // RFC 5321 §3.8: the server closes after a 421. After what is no answer the two sides are out of step.
    const inStep = isNegative(reply) || (stage === 'dot' && isPositive(reply));
    if (reply.code === 421 || !inStep) this.destroy();
    return { kind: 'reply', stage, reply };
  }

  private broken(stage: Stage, why: NoReply): DeliveryResult {
    this.reader.destroy(why.lost, why.error);
    return brokenAt(stage, why.error);
  }
}
