import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionLimit } from '../domain/connection-limit.js';
import type { WayAhead } from '../domain/scheduler-events.js';
import type { DeliveryResult } from '../domain/verdict.js';
import {
  endsSession,
  isAccepted,
  isAnswered,
  isAtDot,
  isConnectionRefused,
  isOutOfStep,
  isRoutineEnd,
  isSilent,
  NOT_STARTED,
  saysTooMany,
  tell,
  wordsOf,
} from './classify.js';
import { type Connections, VERDICT_MS } from './connections.js';
import { Places } from './places.js';
import { SmtpClient } from './transaction.js';
import type { Following, Transmission } from './transmission.js';

export interface PoolOptions {
  /** Connections at most. */
  connections: number;
  /** Messages after which a connection is closed, for servers that end it there themselves; 0: any number. */
  messagesPerConnection?: number;
  /** Told once of each way of sending commands ahead that the server has turned out not to bear. */
  onGivenUp?: (way: WayAhead) => void;
  /** Told how many connections the server takes at a time, once for each change. */
  onPlaces?: (count: number, reason: string) => void;
}

/** What the last message weighs in the average. */
const NEWEST = 1 / 8;

interface Delivered {
  result: DeliveryResult;
  /** What carried it, if it is still to be used; the place is held either way. */
  client: SmtpClient | null;
}

/** Carries messages over warm connections; one whose connection turns out to be no good goes over another. */
export class Pool {
  /** Milliseconds from the end of a message to the reply to it: an average of the last ones. */
  acceptanceMs = 0;
  private readonly places: Places;
  private readonly recovering = new Set<SmtpClient>();
  private closing = false;
  /** Until a connection is closed that was one too many. */
  private makingRoom: Promise<void> | null = null;
  /** When the last one was. */
  private roomAt = 0;
  /** Both are turned off for good where a server offers PIPELINING and then leaves commands without a reply, or the right one. */
  private readonly bears: Record<WayAhead, boolean> = { pipelining: true, behindDot: true };

  constructor(
    /** Who logs in where: `news at smtp.example.org:587`. Made once: each outcome is judged with it. */
    private readonly login: string,
    /** How many connections may be used. */
    readonly limit: ConnectionLimit,
    private readonly connections: Connections,
    private readonly options: PoolOptions,
  ) {
    this.places = new Places(limit);
  }

  /** Connections that could start a message at once without waiting for another to end. */
  get free(): number {
    return this.places.free;
  }

  /** Connections that stand and wait for a message. */
  get warm(): number {
    return this.connections.idleFor(this.places.taken);
  }

  /** Connections that carry messages, are being made, or made ready for the next. */
  get active(): number {
    return this.places.taken;
  }

  /** Sockets that are not closed, or are being opened. */
  get open(): number {
    return this.connections.sockets;
  }

  /** So many connections may be used, where hosts share them: those that are idle beyond that are closed. */
  allow(connections: number): void {
    this.places.allow(connections);
    this.connections.shed(this.limit.usable);
  }

  /** Messages whose text is on the wire: what a stop has to wait for. */
  get onTheWire(): number {
    return this.connections.onTheWire;
  }

  /** Bytes that the server takes in a message, for which it may have to be connected to; null where it has not said. */
  async maxSize(): Promise<number | null> {
    const { connections } = this;
    if (connections.maxSize === null && this.free > 0) {
      await this.places.take();
      const client = await connections.connect(() => this.bears.pipelining);
      if (client instanceof SmtpClient) this.release(client);
      else this.places.give();
    }
    return connections.maxSize || null;
  }

  /** Called whenever a connection has become free. */
  set onFree(listener: (() => void) | null) {
    this.places.onFree = listener;
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
      tell(current, delivered.result, this.login);
      if (client && next && isAnswered(delivered.result)) {
        current = next;
        continue;
      }
      if (next) tell(next, NOT_STARTED);
      if (client) this.release(client);
      else this.places.give();
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
      saysTooMany(result) && !(isAtDot(result) && ++dotsRefused > this.options.connections);
    for (let held = on !== null; ; held = false) {
      if (!held) await this.places.take();
      if (!held && this.closing) {
        return { result: NOT_STARTED, client: null };
      }
      const warm = on ?? this.connections.takeIdle();
      if (warm) {
        const result = await this.attempt(warm, transmission, following);
        if (isOneTooMany(result)) {
          on = null;
          if (await this.yieldPlace(result, warm, warm.announcedAt)) continue;
          return { result, client: null };
        }
        const isOver = endsSession(result) || isRoutineEnd(result, warm.lost, on !== null);
        if (!isOver) return { result, client: warm };
        if (endsSession(result)) await this.endSession(warm);
        else this.leave(warm);
      }
      on = null;
      const begun = performance.now();
      const fresh = await this.connections.connect(() => this.bears.pipelining);
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
    const { connections, places } = this;
    const known =
      saysTooMany(result) &&
      connections.count > 0 &&
      (this.makingRoom !== null || begun < this.roomAt);
    if (client && known && !client.ahead) {
      this.release(client);
      await this.makingRoom;
      return true;
    }
    if (client) this.leave(client);
    const others = known || (isConnectionRefused(result) && (await connections.isAnotherOpen()));
    if (others && !known) {
      places.refused(connections.count + connections.underWay, wordsOf(result));
      connections.shed(this.limit.takes);
      if (client) this.makeRoom(client);
      else this.roomAt = performance.now();
    }
    if (!others) return false;
    places.give();
    await this.makingRoom;
    return true;
  }

  /** Closes a connection that carries no more, with a message that may have gone ahead on it. */
  private leave(client: SmtpClient): void {
    const { ahead } = client;
    this.connections.busy.delete(client);
    if (ahead) client.destroy();
    else client.quit();
    if (ahead) tell(ahead, NOT_STARTED);
  }

  /** Waits until it is closed: the server may take no more connections than there are, this one among them. */
  private async endSession(client: SmtpClient): Promise<void> {
    await briefly(client.recover());
    this.leave(client);
    await briefly(client.closed());
  }

  private makeRoom(client: SmtpClient): void {
    this.makingRoom ??= briefly(client.closed()).then(() => {
      this.makingRoom = null;
      this.roomAt = performance.now();
    });
  }

  /** Closes idle connections now and busy ones when their message has ended; resolves when all are closed. */
  async close(): Promise<void> {
    this.closing = true;
    this.connections.shed(0);
    for (const client of this.recovering) client.destroy();
    this.places.close();
    await this.places.empty();
    await this.connections.closed();
  }

  /** Cuts every connection at once: messages under way end as broken. */
  destroy(): void {
    this.closing = true;
    this.connections.destroy();
    this.places.close();
  }

  private async attempt(
    client: SmtpClient,
    transmission: Transmission,
    following: Following,
  ): Promise<DeliveryResult> {
    this.connections.busy.add(client);
    const behindDot = client.ahead !== null;
    const result = await client.transact(transmission, () =>
      this.mayFollow(client) ? following() : null,
    );
    if (this.limit.learnsFromAcceptance && isAccepted(result)) this.learn();
    if (client.acceptanceMs !== null) {
      this.acceptanceMs += (client.acceptanceMs - this.acceptanceMs) * NEWEST;
    }
    const silent = isSilent(result, client.lost);
    if (client.tookTurns || (behindDot && (silent || isOutOfStep(result)))) {
      this.giveUp('behindDot');
    } else if (silent && client.pipelining && 'stage' in result && result.stage !== 'mail') {
      this.giveUp('pipelining');
    }
    return result;
  }

  /** A message was accepted. */
  private learn(): void {
    const learnt = this.places.accepted(this.connections.count);
    if (learnt) this.options.onPlaces?.(learnt.connections, learnt.reason);
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
    const { connections } = this;
    const putBack = (ready: boolean): void => {
      this.recovering.delete(client);
      connections.busy.delete(client);
      const isSurplus = connections.count >= this.limit.usable;
      if (!ready || !client.usable) client.destroy();
      else if (this.closing || this.isUsedUp(client.messages) || isSurplus) client.quit();
      else connections.keep(client);
      this.places.give();
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
}

/** A server that takes longer for it is not waited for. */
const briefly = (event: Promise<unknown>): Promise<unknown> =>
  Promise.race([event, sleep(VERDICT_MS, undefined, { ref: false })]);
