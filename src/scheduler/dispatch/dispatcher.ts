import type { BackoffPolicy, ConnectionLimit } from '../../domain/connection-limit.js';
import { judge } from '../../domain/judge.js';
import type { Clock, Instant } from '../../domain/lease.js';
import type { FilledMessage } from '../../domain/message.js';
import type { RelayLimits } from '../../domain/relay.js';
import type { DeliveryResult, Verdict } from '../../domain/verdict.js';
import type { Transmission, Transport } from '../ports.js';
import type { ConnectionShares } from './connection-shares.js';
import { LET_GO_MS, type Start } from './lease-holder.js';
import type { Pacer } from './pacer.js';
import { Turn } from './turn.js';

/** Milliseconds from a message's end to its acceptance, from which on it counts as slow. */
const SLOW_ACCEPTANCE_MS = 20;
/** Milliseconds in which no waiting message found a connection, after which more of them are used. */
const STALL_MS = 3;

/** While nothing may start for long, a limit may be raised. */
const LOOK_AGAIN_MS = 1_000;

/** What a delivery told about the server, whatever it meant for the recipient. */
export type ServerSign =
  | 'well'
  | 'trouble'
  /** It takes no more connections, and none of ours is open. */
  | 'crowded'
  | 'nothing';

/** One message waiting for a connection. */
export interface Job {
  owner: JobOwner;
  /** Ahead of what others have waiting. */
  goesFirst: boolean;
  /**
   * Null where it is not ready: it is submitted again once it is.
   * @throws Error when the message cannot be made
   */
  message(): FilledMessage | null;
  mayProceed(): boolean;
  /** Right before the final dot. */
  mayEnd(): boolean;
  done(verdict: Verdict, result: DeliveryResult): { sign: ServerSign; reason: string };
}

export interface JobOwner {
  /** The server failed anew, or is crowded: nothing more will start until it has been waited for. */
  trouble(reason: string, crowded: boolean): void;
  /** A connection is free, or the server may be tried again. */
  wake(): void;
}

/**
 * Hands messages to the connections in the order they came in, over all batches but for those that go first, as long as the server is well;
 * after a failure nobody starts until the backoff has passed, and then one probe does.
 */
export class Dispatcher {
  private readonly limit: ConnectionLimit;
  private readonly queue: Job[] = [];
  private readonly owners = new Set<JobOwner>();
  private timer: NodeJS.Timeout | undefined;
  private stallTimer: NodeJS.Timeout | undefined;
  /** Messages taken from the queue so far. */
  private taken = 0;
  /** Grows with every sign that the server is well. */
  successes = 0;
  /** Whether we cut the line ourselves: what breaks from then on tells nothing of the server. */
  isCut = false;

  constructor(
    private readonly transport: Transport,
    private readonly backoff: BackoffPolicy,
    private readonly clock: Clock,
    private readonly pacer: Pacer,
    private readonly shares: ConnectionShares,
    private readonly onTrouble: (reason: string, waitMs: number) => void,
  ) {
    this.limit = transport.limit;
    transport.onFree = () => this.pump();
    pacer.onTurn = () => this.pump();
  }

  join(owner: JobOwner): void {
    this.owners.add(owner);
    this.pacer.batches = this.owners.size;
    this.shares.use(this.owners.size);
  }

  leave(owner: JobOwner): void {
    this.owners.delete(owner);
    this.pacer.batches = this.owners.size;
    this.shares.use(this.owners.size);
    if (this.owners.size === 0) void this.pacer.giveBack();
  }

  /** What the SMTP server's last failure was, if nothing has succeeded since. */
  get serverTrouble(): string | null {
    return this.limit.reason;
  }

  /** Messages that may start now, over all batches: 0 while backing off, 1 for the probe after it. */
  room(): number {
    // The clock is read for each message: only where it decides anything.
    const { limit } = this;
    return limit.failures === 0 ? Number.POSITIVE_INFINITY : limit.room(this.clock().monotonic);
  }

  /** The relay's limits, as they are now. */
  learnLimits({ rates, connections }: RelayLimits): void {
    this.pacer.learn(rates);
    this.shares.learn(connections);
  }

  /** Whether the relay has a rate. */
  get isPaced(): boolean {
    return this.pacer.isOn;
  }

  /** Rows that a batch may have waiting. */
  markable(): number {
    return this.shares.areNone ? 0 : Math.min(this.room(), this.pacer.room);
  }

  /** Whether the relay's limits let nothing start for so long that no claim is kept through it. */
  get isClosed(): boolean {
    return this.pacer.closedMs > LET_GO_MS || this.shares.areOthers;
  }

  /** As `isClosed`, asked anew: milliseconds until it is worth asking again; 0 when something may start. */
  async closedMs(): Promise<number> {
    const closedMs = await this.pacer.look();
    if (closedMs > LET_GO_MS || (await this.shares.stayOthers())) return LOOK_AGAIN_MS;
    return 0;
  }

  /** Gives back what was not used of the relay's limits. Never rejects. */
  async giveBack(): Promise<void> {
    await this.pacer.giveBack();
    await this.shares.leave();
  }

  /** Milliseconds until the server may be tried again. */
  backoffMs(): number {
    return this.limit.failures === 0 ? 0 : Math.max(0, this.limit.retryAt - this.clock().monotonic);
  }

  submit(job: Job): void {
    const { queue } = this;
    // Those that go first stand in front, in the order they came in.
    const behind = job.goesFirst ? queue.findIndex(({ goesFirst }) => !goesFirst) : -1;
    if (behind === -1) queue.push(job);
    else queue.splice(behind, 0, job);
    this.pump();
  }

  /** Takes back an owner's messages that have not started: those of which it is true. */
  withdraw(owner: JobOwner, isMeant: (job: Job) => boolean = () => true): void {
    for (let i = this.queue.length - 1; i >= 0; i--) {
      const job = this.queue[i];
      if (job?.owner === owner && isMeant(job)) this.queue.splice(i, 1);
    }
    this.pacer.withdraw(owner);
  }

  /** Cuts every connection: messages under way end as broken. */
  cut(): void {
    this.isCut = true;
    this.transport.destroy();
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.stallTimer);
    this.pacer.stop();
  }

  private pump(): void {
    const { transport, limit } = this;
    while (transport.free > 0 && transport.active < limit.width) {
      const next = this.pacer.isOn ? this.takePaced() : this.take();
      if (!next) break;
      void transport.carry(next, this.following);
    }
    if (this.pacer.isOn) this.want();
    else if (this.queue.length > 0 && transport.free > 0 && limit.canWiden && this.room() > 0) {
      this.watchForStall();
    }
  }

  /**
   * Instants are for messages that a warm connection waits for: else they would be lost to everybody. Where messages are
   * accepted fast one that is busy is as good.
   */
  private want(): void {
    const { transport, limit, queue } = this;
    const rows = this.room() > 0 ? queue.length : 0;
    const isFree = transport.free > 0 && transport.active < limit.width;
    const isWarm = transport.warm > 0 || !this.pacer.isConnecting;
    const isSoon = transport.acceptanceMs <= SLOW_ACCEPTANCE_MS;
    this.pacer.want(isFree && isWarm ? rows : 0, isSoon ? rows : 0);
  }

  /** Puts more connections to use when the queue stands still. */
  private watchForStall(): void {
    if (this.stallTimer) return;
    const { taken } = this;
    this.stallTimer = setTimeout(() => {
      this.stallTimer = undefined;
      if (this.queue.length > 0 && this.taken === taken) this.limit.widen();
      this.pump();
    }, STALL_MS);
  }

  /**
   * A message that follows another waits for that one to be accepted: where this takes long, not while a connection
   * is free.
   */
  private readonly following = (): Transmission | null =>
    this.transport.free > 0 && this.transport.acceptanceMs > SLOW_ACCEPTANCE_MS
      ? null
      : this.takeBehind();

  private takeBehind(): Transmission | null {
    if (!this.pacer.isOn) return this.take();
    if (this.queue.length === 0 || this.room() <= 0) return null;
    const next = this.takeAtInstant();
    if (!next) this.pacer.askAhead();
    return next;
  }

  /** For a connection that is warm once the message's instant has come; for one that is to be made, without an instant. */
  private takePaced(): Transmission | null {
    if (this.queue.length === 0 || this.room() <= 0) return null;
    if (this.transport.warm > 0) return this.takeAtInstant();
    return this.pacer.mayConnect ? this.take(null) : null;
  }

  private takeAtInstant(): Transmission | null {
    const start = this.pacer.takeNow();
    const next = start && this.take(start);
    if (start && !next) this.pacer.untake(start);
    return next;
  }

  /** @param start where there is a rate: the instant to start at, null when it is still to be had */
  private take(start?: Start | null): Transmission | null {
    while (this.queue.length > 0 && this.room() > 0) {
      const job = this.queue.shift() as Job;
      this.taken += 1;
      if (this.queue.length === 0) this.limit.drained();
      const startedAt = this.clock();
      let message: FilledMessage | null;
      try {
        message = job.message();
      } catch (error) {
        const { message: reason } = error as Error;
        const result: DeliveryResult = { kind: 'unsendable', enhanced: null, error: reason };
        job.done(judge(result), result);
        continue;
      }
      if (message === null) continue;
      this.limit.started();
      const turn = start === undefined ? null : new Turn(this.pacer, job.owner, start);
      return {
        message,
        turn,
        mayProceed: () => (turn === null ? job.mayProceed() : turn.goes(() => job.mayProceed())),
        mayEnd: () => job.mayEnd(),
        done: (verdict, result) => {
          turn?.over();
          this.learn(job.done(verdict, result), startedAt);
        },
      };
    }
    return null;
  }

  private learn({ sign, reason }: { sign: ServerSign; reason: string }, startedAt: Instant): void {
    const { limit } = this;
    const ailing = limit.failures > 0;
    if (sign === 'well') {
      this.successes += 1;
      limit.succeeded();
    } else if (sign === 'nothing' || this.isCut) {
      limit.neutral();
    } else {
      this.fail(reason, sign === 'crowded', startedAt);
    }
    if (ailing && this.room() > 0) this.resume();
  }

  private fail(reason: string, crowded: boolean, { monotonic: startedAt }: Instant): void {
    const { limit } = this;
    const now = this.clock().monotonic;
    if (!limit.failed({ startedAt, reason, crowded }, now, this.backoff)) return;
    const waitMs = limit.retryAt - now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.resume(), waitMs);
    this.onTrouble(reason, waitMs);
    for (const owner of this.owners) owner.trouble(reason, crowded);
  }

  private resume(): void {
    // A timer may fire a moment early: what is queued would find no room, and nobody would look at it again.
    const leftMs = this.backoffMs();
    if (leftMs > 0) {
      this.timer = setTimeout(() => this.resume(), leftMs);
      return;
    }
    this.pump();
    for (const owner of this.owners) owner.wake();
  }
}
