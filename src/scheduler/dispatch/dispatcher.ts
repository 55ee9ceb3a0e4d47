import type { BackoffPolicy, ConnectionLimit } from '../../domain/connection-limit.js';
import { judge } from '../../domain/judge.js';
import type { Clock } from '../../domain/lease.js';
import type { FilledMessage } from '../../domain/message.js';
import type { RelayLimits } from '../../domain/relay.js';
import type { HeldRelay } from '../../domain/scheduler-events.js';
import { type BegunSlowly, SlowStart } from '../../domain/slow-start.js';
import type { DeliveryResult, Verdict } from '../../domain/verdict.js';
import type { Transmission, Transport } from '../ports.js';
import type { ConnectionShares } from './connection-shares.js';
import type { Job, JobOwner } from './job.js';
import { LET_GO_MS, type Start } from './lease-holder.js';
import type { Pacer } from './pacer.js';
import { ServerHealth } from './server-health.js';
import { Turn } from './turn.js';

/** Milliseconds from a message's end to its acceptance, from which on it counts as slow. */
const SLOW_ACCEPTANCE_MS = 20;
/** Where it is slow, instants are leased for messages that can start within so many milliseconds. */
const SOON_MS = 50;
/** Milliseconds in which no waiting message found a connection, after which more of them are used. */
const STALL_MS = 3;

/** While nothing may start, that may change unseen: a limit may be raised. */
const LOOK_AGAIN_MS = 1_000;

/** Verdicts that tell that a relay is not at a limit: it answers for the recipient. */
const ANSWERS: readonly Verdict['kind'][] = ['sent', 'failed', 'deferred'];

/**
 * Hands messages to the connections as long as the server is well: in the order they came in, over all batches, but for
 * those that go first.
 */
export class Dispatcher {
  private readonly limit: ConnectionLimit;
  private readonly queue: Job[] = [];
  private readonly owners = new Set<JobOwner>();
  private readonly health: ServerHealth;
  private readonly slowStart = new SlowStart();
  private stallTimer: NodeJS.Timeout | undefined;
  private slowTimer: NodeJS.Timeout | undefined;
  /** Messages taken from the queue so far. */
  private taken = 0;

  constructor(
    private readonly transport: Transport,
    backoff: BackoffPolicy,
    private readonly clock: Clock,
    private readonly pacer: Pacer,
    private readonly shares: ConnectionShares,
    onTrouble: (reason: string, waitMs: number) => void,
  ) {
    this.limit = transport.limit;
    this.health = new ServerHealth(this.limit, backoff, clock, {
      failed: (reason, crowded, waitMs) => {
        onTrouble(reason, waitMs);
        for (const owner of this.owners) owner.trouble(reason, crowded);
      },
      recovered: () => {
        this.pump();
        for (const owner of this.owners) owner.wake();
      },
    });
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

  /** Grows with every sign that the server is well. */
  get successes(): number {
    return this.health.successes;
  }

  /** Whether we cut the line ourselves. */
  get isCut(): boolean {
    return this.health.isCut;
  }

  /** Messages that may start now, over all batches: 0 while backing off, 1 for the probe after it; few after a hold. */
  room(): number {
    const room = this.health.room();
    // The clock is read for each message: only where it decides anything.
    return this.slowStart.isOn ? Math.min(room, this.slowStart.room(this.clock().monotonic)) : room;
  }

  /** A hold of the relay has ended: nobody knows yet how much it takes. */
  startSlowly(): void {
    this.slowStart.begin();
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

  /** What the relay's rate lets nothing start by, where that lasts for longer than this. */
  closedFor(ms: number): HeldRelay | null {
    const { closed, closedMs } = this.pacer;
    return closed && closedMs > ms ? { kind: 'rate', ...closed } : null;
  }

  /** Gives back what was not used of the relay's limits. Never rejects. */
  async giveBack(): Promise<void> {
    await this.pacer.giveBack();
    await this.shares.leave();
  }

  /** Milliseconds until the server may be tried again. */
  backoffMs(): number {
    return this.health.backoffMs();
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
    this.health.isCut = true;
    this.transport.destroy();
  }

  stop(): void {
    this.health.stop();
    clearTimeout(this.stallTimer);
    clearTimeout(this.slowTimer);
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
    if (this.queue.length === 0) return;
    if (this.slowStart.isOn && this.room() <= 0) this.lookAgain();
    else if (this.isNarrow && this.room() > 0) this.watchForStall();
  }

  /** Room after a hold may come with time alone, where a message hangs. */
  private lookAgain(): void {
    this.slowTimer ??= setTimeout(() => {
      this.slowTimer = undefined;
      this.pump();
    }, LOOK_AGAIN_MS);
  }

  /** Whether more connections could be used, and all that are used are busy, not waiting for an instant. */
  private get isNarrow(): boolean {
    const { transport, limit, pacer } = this;
    const areUsed = transport.free > 0 && transport.active >= limit.width;
    return areUsed && limit.canWiden && !pacer.holdsUp;
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
    const usable = isSoon ? rows : Math.min(rows, this.freeSoon);
    this.pacer.want(isFree && isWarm ? usable : 0, isSoon ? rows : 0);
  }

  /** Connections that are free, or will be in a moment: more instants in a row would pass while all are busy. */
  private get freeSoon(): number {
    const { transport, limit } = this;
    return Math.max(transport.free, Math.ceil((limit.usable * SOON_MS) / transport.acceptanceMs));
  }

  /** Puts more connections to use when the queue stands still. */
  private watchForStall(): void {
    if (this.stallTimer) return;
    const { taken } = this;
    this.stallTimer = setTimeout(() => {
      this.stallTimer = undefined;
      if (this.queue.length > 0 && this.taken === taken && this.isNarrow) this.limit.widen();
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
      const slowly = this.slowStart.started(startedAt.monotonic);
      const turn = start === undefined ? null : new Turn(this.pacer, job.owner, start);
      return {
        message,
        turn,
        mayProceed: () => (turn === null ? job.mayProceed() : turn.goes(() => job.mayProceed())),
        mayEnd: () => job.mayEnd(),
        done: (verdict, result) => {
          turn?.over();
          this.health.learn(job.done(verdict, result), startedAt);
          if (slowly) this.endedSlowly(slowly, verdict, result);
        },
      };
    }
    return null;
  }

  /** Others may start, once the place of this one is given back. */
  private endedSlowly(begun: BegunSlowly, verdict: Verdict, result: DeliveryResult): void {
    const isAnswered = result.kind === 'reply' && ANSWERS.includes(verdict.kind);
    this.slowStart.ended(begun, isAnswered, this.limit.usable);
    queueMicrotask(() => this.pump());
    for (const owner of this.owners) owner.wake();
  }
}
