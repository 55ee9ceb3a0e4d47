import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryResult } from '../domain/verdict.js';
import type { HandshakeTimeouts } from './connect.js';
import { shakeHands } from './handshake.js';
import { SmtpClient, type TransactionTimeouts } from './transaction.js';
import type { SmtpSettings } from './url.js';

export interface ConnectionTimeouts extends HandshakeTimeouts, TransactionTimeouts {
  /** Milliseconds after which an idle connection is closed. */
  idle: number;
}

/** A connection that was refused waits no longer than this for the others being made. */
export const VERDICT_MS = 2_000;

/** The connections there are to one server: made, used, kept for the next message, and closed. */
export class Connections {
  /** With a message, or being made ready for the next. */
  readonly busy = new Set<SmtpClient>();
  /** Bytes that the server takes in a message, as it said last; 0 where it says nothing of it, null before it was asked. */
  maxSize: number | null = null;
  /** Those that wait for a message, the one used last at the end. */
  private readonly idle: SmtpClient[] = [];
  private readonly idleTimers = new Map<SmtpClient, NodeJS.Timeout>();
  /** Every connection past its handshake whose socket is not closed. */
  private readonly open = new Set<SmtpClient>();
  /** One for each handshake under way; rejected when it fails. */
  private readonly handshakes = new Set<Promise<unknown>>();
  private readonly abort = new AbortController();

  constructor(
    private readonly settings: SmtpSettings,
    private readonly handshakeOptions: object,
    private readonly timeouts: ConnectionTimeouts,
  ) {
    setMaxListeners(0, this.abort.signal);
  }

  /** Those that the server has taken. */
  get count(): number {
    return this.busy.size + this.idle.length;
  }

  /** Sockets that are not closed, or are being opened. */
  get sockets(): number {
    return this.open.size + this.handshakes.size;
  }

  /** Those that are idle, but for those that some of so many places are about to take. */
  idleFor(places: number): number {
    return Math.max(0, this.idle.length - (places - this.busy.size - this.handshakes.size));
  }

  /** Those that it is asked for at this moment. */
  get underWay(): number {
    return this.handshakes.size;
  }

  /** Messages whose text is on the wire. */
  get onTheWire(): number {
    let count = 0;
    for (const client of this.busy) if (client.carriesText) count += 1;
    return count;
  }

  /** @param pipelining whether commands may go ahead of their replies, where that is offered; asked when the server has greeted */
  async connect(pipelining: () => boolean): Promise<SmtpClient | DeliveryResult> {
    const { settings, handshakeOptions, timeouts } = this;
    const shaking = shakeHands(settings, handshakeOptions, timeouts, this.abort.signal);
    const opened = shaking.then((handshake) => {
      if ('failure' in handshake) throw new Error('not opened');
    });
    opened.catch(() => undefined);
    this.handshakes.add(opened);
    const handshake = await shaking;
    this.handshakes.delete(opened);
    if ('failure' in handshake) return handshake.failure;
    this.maxSize = handshake.connection.maxSize;
    const client = new SmtpClient(handshake.connection, timeouts, pipelining());
    this.open.add(client);
    void client.closed().then(() => this.open.delete(client));
    if (this.abort.signal.aborted) client.destroy();
    return client;
  }

  /** Whether the server has taken another connection, once those being made at this moment have come to something. */
  async isAnotherOpen(): Promise<boolean> {
    if (this.count > 0) return true;
    const some = Promise.any(this.handshakes).then(
      () => true,
      () => false,
    );
    return Promise.race([some, sleep(VERDICT_MS, false, { ref: false })]);
  }

  /** Keeps one that is ready for another message. */
  keep(client: SmtpClient): void {
    this.idle.push(client);
    const timer = setTimeout(() => this.forget(client).quit(), this.timeouts.idle);
    timer.unref();
    this.idleTimers.set(client, timer);
    client.watchIdle(() => this.forget(client).destroy());
  }

  takeIdle(): SmtpClient | undefined {
    const client = this.idle.at(-1);
    return client && this.forget(client);
  }

  /** Closes idle ones, those that waited longest first, as long as there are more than so many in all. */
  shed(most: number): void {
    while (this.count > most && this.idle[0]) this.forget(this.idle[0]).quit();
  }

  /** Cuts every connection, those being made too. */
  destroy(): void {
    this.abort.abort();
    for (const client of [...this.idle]) this.forget(client);
    for (const client of this.open) client.destroy();
  }

  /** Resolves when all are closed. */
  async closed(): Promise<void> {
    await Promise.all([...this.open].map((client) => client.closed()));
  }

  /** Takes a connection out of those that are idle. */
  private forget(client: SmtpClient): SmtpClient {
    const index = this.idle.indexOf(client);
    if (index !== -1) this.idle.splice(index, 1);
    clearTimeout(this.idleTimers.get(client));
    this.idleTimers.delete(client);
    client.watchIdle(null);
    return client;
  }
}
