import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionLimit } from '../domain/connection-limit.js';
import { formatReply, isConnectionLimit } from '../domain/replies.js';
import type { Stage } from '../domain/reply.js';
import type { WayAhead } from '../domain/scheduler-events.js';
import type { DeliveryResult } from '../domain/verdict.js';
import { CampaignError } from '../errors.js';
import { negative, positive, SmtpClient, type TransactionTimeouts } from './client.js';
import { connectionOptions, type HandshakeTimeouts, loginOf, shakeHands } from './handshake.js';
import type { Following, Transmission } from './transmission.js';
import type { SmtpSettings } from './url.js';

export interface TransportOptions {
  /** Connections at most. */
  connections: number;
  /** Messages after which a connection is closed, for servers that end it there themselves; 0: any number. */
  messagesPerConnection?: number;
  /** Told once of each way of sending commands ahead that the server has turned out not to bear. */
  onGivenUp?: (way: WayAhead) => void;
  /** Told how many connections the server takes at a time, once for each change. */
  onPlaces?: (count: number, reason: string) => void;
  timeouts?: Partial<TransportTimeouts>;
}

interface TransportTimeouts extends HandshakeTimeouts, TransactionTimeouts {
  /** Milliseconds after which an idle connection is closed. */
  idle: number;
  /** Milliseconds until one more connection is tried once the server has taken no more. */
  fewer: number;
}

/** RFC 5321 §4.5.3.2, but for `connect`, `behindDot`, `idle` and `fewer`, which it leaves open. */
const TIMEOUTS: TransportTimeouts = {
  connect: 30_000,
  greeting: 300_000,
  command: 300_000,
  data: 120_000,
  block: 180_000,
  dot: 600_000,
  behindDot: 30_000,
  idle: 30_000,
  fewer: 1_000,
};

/**
 * The deadlines that a URL sets by nodemailer's names. `socketTimeout` leaves alone the answer to the final dot: given up
 * early, it would leave the message unknown.
 */
function timeoutsOf({ options }: SmtpSettings): Partial<TransportTimeouts> {
  const { connectionTimeout, greetingTimeout, socketTimeout } = options as Record<
    string,
    number | undefined
  >;
  return {
    ...(connectionTimeout ? { connect: connectionTimeout } : {}),
    ...(greetingTimeout ? { greeting: greetingTimeout } : {}),
    ...(socketTimeout ? { command: socketTimeout, data: socketTimeout, block: socketTimeout } : {}),
  };
}

/**
 * @throws CampaignError BAD_FILE when the authorities' file cannot be read
 */
export function createTransport(settings: SmtpSettings, options: TransportOptions): Pool {
  const timeouts = { ...TIMEOUTS, ...timeoutsOf(settings), ...options.timeouts };
  let handshakeOptions: object;
  try {
    handshakeOptions = connectionOptions(settings, timeouts);
  } catch (error) {
    throw new CampaignError(
      'BAD_FILE',
      `the SMTP server's certificate authorities cannot be read: ${(error as Error).message}`,
      'give a readable PEM file as tls-ca in CAMPAIGN_SMTP_URL',
    );
  }
  return new Pool(settings, handshakeOptions, timeouts, options);
}

/** A connection that was refused waits no longer than this for the others being made. */
const VERDICT_MS = 2_000;
/** What the last message weighs in the average. */
const NEWEST = 1 / 8;

const BEFORE_BODY: ReadonlySet<Stage> = new Set(['mail', 'rcpt', 'data']);

/**
 * An old connection that the server ended before a body was begun, or that leaves without a reply, or without the right
 * one, what it was sent behind a dot: routine, and no news of the server.
 */
const isRoutineEnd = (result: DeliveryResult, { lost }: SmtpClient, behindDot: boolean): boolean =>
  (behindDot && isOutOfStep(result)) ||
  ((result.kind === 'broken' || (result.kind === 'reply' && result.reply.code === 421)) &&
    BEFORE_BODY.has(result.stage) &&
    (lost === 'closed' || (behindDot && lost === 'timeout')));

/**
 * A reply that cannot be the one to this command: to one that a server lost a part of, or to another. Of a message whose
 * commands went behind a dot it says that this server can't take them there.
 */
const isOutOfStep = (result: DeliveryResult): boolean =>
  result.kind === 'reply' &&
  BEFORE_BODY.has(result.stage) &&
  (!negative(result.reply) || [500, 502, 503].includes(result.reply.code));

const isAccepted = (result: DeliveryResult): boolean =>
  result.kind === 'reply' && result.stage === 'dot' && positive(result.reply);

const atDot = (result: DeliveryResult): boolean => 'stage' in result && result.stage === 'dot';

/** What a result says, on one line. */
const told = (result: DeliveryResult): string =>
  result.kind === 'reply' ? formatReply(result.reply) : 'error' in result ? result.error : '';

/** Whether the line and the server are well after a message, whatever became of it. */
const isAnswered = (result: DeliveryResult): boolean =>
  result.kind === 'reply' &&
  result.stage === 'dot' &&
  result.reply.code !== 421 &&
  (positive(result.reply) || negative(result.reply));

interface Delivered {
  result: DeliveryResult;
  /** What carried it, if it is still to be used; the place is held either way. */
  client: SmtpClient | null;
}

/** Whether the server says that there are more connections than it takes. */
const saysTooMany = (result: DeliveryResult): boolean =>
  result.kind === 'reply' && isConnectionLimit(result.stage, result.reply);

/** Whether the server may have failed to open one more connection because it takes no more of them. */
const isConnectionRefused = (failure: DeliveryResult): boolean =>
  saysTooMany(failure) ||
  (failure.kind === 'reply' && failure.stage === 'connect') ||
  (failure.kind === 'broken' && failure.stage === 'connect' && !failure.certificate);

/** Warm SMTP connections to one server. */
export class Pool {
  /** Connections that wait for a message, the one used last at the end. */
  private readonly idle: SmtpClient[] = [];
  private readonly idleTimers = new Map<SmtpClient, NodeJS.Timeout>();
  /** Connections with a message, or being made ready for the next. */
  private readonly busy = new Set<SmtpClient>();
  private readonly recovering = new Set<SmtpClient>();
  /** Every connection past its handshake whose socket is not closed. */
  private readonly open = new Set<SmtpClient>();
  /** Places taken by messages, from before their connection is made until it is ready for the next. */
  private taken = 0;
  /** One for each handshake under way; rejected when it fails. */
  private readonly handshakes = new Set<Promise<unknown>>();
  private readonly queue: (() => void)[] = [];
  private readonly emptied: (() => void)[] = [];
  private readonly abort = new AbortController();
  private closing = false;
  /** Called whenever a connection has become free. */
  onFree: (() => void) | null = null;
  /** Milliseconds from the end of a message to the reply to it: an average of the last ones. */
  acceptanceMs = 0;
  readonly limit: ConnectionLimit;
  /** Until one more connection may be tried. */
  private moreTimer: NodeJS.Timeout | undefined;
  /** Who logs in where, for messages: `news at smtp.example.org:587`. Made once: each outcome is judged with it. */
  readonly login: string;
  /** Until a connection is closed that was one too many. */
  private makingRoom: Promise<void> | null = null;
  /** When the last one was. */
  private roomAt = 0;
  /** Both are turned off for good where a server offers PIPELINING and then leaves commands without a reply, or the right one. */
  private readonly bears: Record<WayAhead, boolean> = { pipelining: true, behindDot: true };

  constructor(
    private readonly settings: SmtpSettings,
    private readonly handshakeOptions: object,
    private readonly timeouts: TransportTimeouts,
    private readonly options: TransportOptions,
  ) {
    setMaxListeners(0, this.abort.signal);
    this.login = loginOf(settings);
    this.limit = new ConnectionLimit(options.connections, timeouts.fewer);
  }

  /** Connections that could start a message at once without waiting for another to end. */
  get free(): number {
    return this.closing ? 0 : Math.max(0, this.limit.takes - this.taken - this.queue.length);
  }

  /** Connections that carry messages, are being made, or made ready for the next. */
  get active(): number {
    return this.taken;
  }

  /** Messages whose text is on the wire: what a stop has to wait for. */
  get onTheWire(): number {
    let count = 0;
    for (const client of this.busy) if (client.carriesText) count += 1;
    return count;
  }

  /**
   * Sends a message, and then those that `following` gives, over one connection: where the server allows it, the
   * commands of the next go out behind the dot of the last. Resolves when all are done, never rejects.
   */
  async carry(first: Transmission, following: Following): Promise<void> {
    let client: SmtpClient | null = null;
    for (let current = first; ; ) {
      const delivered: Delivered = await this.deliver(current, following, client);
      client = delivered.client;
      const next: Transmission | null = client?.ahead ?? null;
      // Told before the place is free for another: what it tells of the server comes first.
      current.done(delivered.result);
      if (client && next && isAnswered(delivered.result)) {
        current = next;
        continue;
      }
      next?.done({ kind: 'not-started' });
      if (client) this.release(client);
      else this.givePlace();
      return;
    }
  }

  /** @param on the connection that a place is held for, with this message ahead */
  private async deliver(
    transmission: Transmission,
    following: Following,
    on: SmtpClient | null,
  ): Promise<Delivered> {
    let dotsRefused = 0;
    /** A text that is refused more often than there are connections has another reason, whatever is said. */
    const isOneTooMany = (result: DeliveryResult): boolean =>
      saysTooMany(result) && !(atDot(result) && ++dotsRefused > this.options.connections);
    for (let held = on !== null; ; held = false) {
      if (!held) await this.takePlace();
      if (!held && this.closing) {
        return { result: { kind: 'not-started' }, client: null };
      }
      const warm = on ?? this.takeIdle();
      if (warm) {
        const result = await this.attempt(warm, transmission, following);
        if (isOneTooMany(result)) {
          on = null;
          if (await this.yieldPlace(result, warm, warm.announcedAt)) continue;
          return { result, client: null };
        }
        if (!isRoutineEnd(result, warm, on !== null)) return { result, client: warm };
        this.busy.delete(warm);
        warm.destroy();
      }
      on = null;
      const begun = performance.now();
      const fresh = await this.connect();
      if (fresh instanceof SmtpClient) {
        const result = await this.attempt(fresh, transmission, following);
        if (!isOneTooMany(result)) return { result, client: fresh };
        if (await this.yieldPlace(result, fresh, fresh.announcedAt)) continue;
        return { result, client: null };
      } else if (!(await this.yieldPlace(fresh, null, begun))) {
        return { result: fresh, client: null };
      }
    }
  }

  /**
   * Gives the place of a connection up that failed, or that was one too many and is closed, if the server takes others. It
   * may refuse all of them for the one: what was begun before that was gone says nothing new, and is only tried again.
   * @param client if it came so far
   * @param begun  when the connection was asked for, or the message announced on it
   * @returns whether the server takes others, which can carry its message instead; if not, the place is still held
   */
  private async yieldPlace(
    result: DeliveryResult,
    client: SmtpClient | null,
    begun: number,
  ): Promise<boolean> {
    const tooMany = saysTooMany(result);
    const known = tooMany && this.anyOpen && (this.makingRoom !== null || begun < this.roomAt);
    const ahead = client?.ahead;
    if (client && known && !ahead) {
      this.release(client);
      await this.makingRoom;
      return true;
    }
    if (client) {
      this.busy.delete(client);
      if (ahead) client.destroy();
      else client.quit();
      ahead?.done({ kind: 'not-started' });
    }
    const others = known || (isConnectionRefused(result) && (await this.isAnotherOpen()));
    if (others && !known) {
      const taken = this.busy.size + this.idle.length + this.handshakes.size;
      this.limit.refused(taken, told(result), performance.now());
      this.tryMoreLater();
      while (this.isCrowded(0) && this.idle[0]) this.forget(this.idle[0]).quit();
      if (client) this.makeRoom(client);
      else this.roomAt = performance.now();
    }
    if (!others) return false;
    this.givePlace();
    await this.makingRoom;
    return true;
  }

  /** Whether there are too many connections, with so many more. */
  private isCrowded(more: number): boolean {
    return this.busy.size + this.idle.length + more > this.limit.takes;
  }

  private makeRoom(client: SmtpClient): void {
    this.makingRoom ??= Promise.race([
      client.closed(),
      sleep(VERDICT_MS, undefined, { ref: false }),
    ]).then(() => {
      this.makingRoom = null;
      this.roomAt = performance.now();
    });
  }

  /** Closes idle connections now and busy ones when their message has ended; resolves when all are closed. */
  async close(): Promise<void> {
    this.closing = true;
    clearTimeout(this.moreTimer);
    for (const client of [...this.idle]) this.forget(client).quit();
    for (const client of this.recovering) client.destroy();
    this.wake();
    while (this.taken > 0) {
      await new Promise<void>((resolve) => this.emptied.push(resolve));
    }
    await Promise.all([...this.open].map((client) => client.closed()));
  }

  /** Cuts every connection at once: messages under way end as broken. */
  destroy(): void {
    this.closing = true;
    clearTimeout(this.moreTimer);
    this.abort.abort();
    for (const client of [...this.idle]) this.forget(client);
    for (const client of this.open) client.destroy();
    this.wake();
  }

  private async takePlace(): Promise<void> {
    if (this.closing || this.taken < this.limit.takes) {
      this.taken += 1;
      return;
    }
    await new Promise<void>((resolve) => this.queue.push(resolve));
  }

  private givePlace(): void {
    this.taken -= 1;
    this.wake();
    if (this.taken === 0) for (const resolve of this.emptied.splice(0)) resolve();
  }

  private wake(): void {
    while (this.queue.length > 0 && (this.closing || this.taken < this.limit.takes)) {
      this.taken += 1;
      this.queue.shift()?.();
    }
    if (this.free > 0) this.onFree?.();
  }

  private get anyOpen(): boolean {
    return this.busy.size > 0 || this.idle.length > 0;
  }

  /** Whether the server has taken another connection, once those being made at this moment have come to something. */
  private async isAnotherOpen(): Promise<boolean> {
    if (this.anyOpen) return true;
    const some = Promise.any(this.handshakes).then(
      () => true,
      () => false,
    );
    return Promise.race([some, sleep(VERDICT_MS, false, { ref: false })]);
  }

  private async connect(): Promise<SmtpClient | DeliveryResult> {
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
    const client = new SmtpClient(handshake.connection, timeouts, this.bears.pipelining);
    this.open.add(client);
    void client.closed().then(() => this.open.delete(client));
    if (this.abort.signal.aborted) client.destroy();
    return client;
  }

  private async attempt(
    client: SmtpClient,
    transmission: Transmission,
    following: Following,
  ): Promise<DeliveryResult> {
    this.busy.add(client);
    const behindDot = client.ahead !== null;
    const result = await client.transact(transmission, () =>
      this.mayFollow(client) ? following() : null,
    );
    if (this.limit.learnsFromAcceptance && isAccepted(result)) this.learn();
    if (client.acceptanceMs !== null) {
      this.acceptanceMs += (client.acceptanceMs - this.acceptanceMs) * NEWEST;
    }
    const silent =
      client.lost === 'timeout' && result.kind === 'broken' && BEFORE_BODY.has(result.stage);
    if (client.tookTurns || (behindDot && (silent || isOutOfStep(result)))) {
      this.giveUp('behindDot');
    } else if (silent && client.pipelining && result.stage !== 'mail') {
      this.giveUp('pipelining');
    }
    return result;
  }

  /** A message was accepted. */
  private learn(): void {
    const { triesMoreAt } = this.limit;
    const learnt = this.limit.accepted(this.busy.size + this.idle.length, performance.now());
    if (learnt) this.options.onPlaces?.(learnt.connections, learnt.reason);
    if (this.limit.triesMoreAt !== triesMoreAt) this.tryMoreLater();
  }

  private tryMoreLater(): void {
    const { limit } = this;
    clearTimeout(this.moreTimer);
    if (limit.triesMoreAt === Number.POSITIVE_INFINITY) return;
    this.moreTimer = setTimeout(() => {
      limit.tryOneMore();
      this.wake();
    }, limit.triesMoreAt - performance.now());
    this.moreTimer.unref();
  }

  private giveUp(way: WayAhead): void {
    if (!this.bears[way]) return;
    this.bears[way] = false;
    this.options.onGivenUp?.(way);
  }

  private mayFollow(client: SmtpClient): boolean {
    return this.bears.behindDot && !this.closing && !this.isUsedUp(client.messages + 1);
  }

  private release(client: SmtpClient): void {
    const putBack = (ready: boolean): void => {
      this.recovering.delete(client);
      this.busy.delete(client);
      if (!ready || !client.usable) client.destroy();
      else if (this.closing || this.isUsedUp(client.messages) || this.isCrowded(1)) client.quit();
      else this.keep(client);
      this.givePlace();
    };
    if (client.ready || this.closing) {
      putBack(client.ready);
    } else {
      this.recovering.add(client);
      void client.recover().then(putBack);
    }
  }

  private isUsedUp(messages: number): boolean {
    const { messagesPerConnection = 0 } = this.options;
    return messagesPerConnection > 0 && messages >= messagesPerConnection;
  }

  private keep(client: SmtpClient): void {
    this.idle.push(client);
    const timer = setTimeout(() => this.forget(client).quit(), this.timeouts.idle);
    timer.unref();
    this.idleTimers.set(client, timer);
    client.watchIdle(() => this.forget(client).destroy());
  }

  private takeIdle(): SmtpClient | undefined {
    const client = this.idle.at(-1);
    return client && this.forget(client);
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
