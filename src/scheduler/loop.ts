import type { DkimMode } from '../domain/dkim.js';
import type { HoldPolicy } from '../domain/hold.js';
import { type Clock, elapsedMs, leaseOf, STALE_CLAIM_SECONDS } from '../domain/lease.js';
import type { MessageSource } from '../domain/message.js';
import { unlessAborted, within } from '../domain/races.js';
import type { RetryPolicy } from '../domain/retry-delay.js';
import type { Report, SchedulerResult } from '../domain/scheduler-events.js';
import type { BackingOff, WorkerIdentity } from '../domain/worker.js';
import { isDatabaseOutage } from '../errors.js';
import { InFlightLimit } from './batch/in-flight-limit.js';
import type { BatchTools } from './batch/tools.js';
import { Claims } from './claims.js';
import { Admission } from './dispatch/admission.js';
import { ConnectionShares } from './dispatch/connection-shares.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { Pacer } from './dispatch/pacer.js';
import { DueSends } from './due-sends.js';
import { Ending } from './ending.js';
import { FileMemory, type LoadFile } from './files/file-memory.js';
import { BEAT_EVERY_MS, Heartbeat, LAST_WORDS_MS } from './heartbeat.js';
import { Probing } from './hold/probing.js';
import { RelayHold } from './hold/relay-hold.js';
import { Housekeeping } from './housekeeping.js';
import { LostClaims } from './lost-claims.js';
import type { CompiledMessage, Host, Ledger, SharedRelay, Transport } from './ports.js';
import { UnsignableSends } from './unsignable-sends.js';
import { Wake } from './wake.js';

export interface SchedulerOptions {
  worker: WorkerIdentity;
  /** SMTP connections; twice as many rows may be `sending` at a time. */
  connections: number;
  pollSeconds: number;
  /** As the ledger has it: a claim not renewed for so long is taken over. 300 when left out. */
  staleSeconds?: number;
  /** `once`: one batch of each send that is due. `until-idle`: until no send runs any more. */
  until: 'stopped' | 'once' | 'idle';
  /** With `idle`: don't wait for rows deferred for longer than this. */
  maxWaitSeconds: number | null;
  drainSeconds: number;
  sessionTtlSeconds: number;
  retry: RetryPolicy;
  backoffMaxSeconds: number;
  maxServerFailures: number;
  blockAfter: number;
  /** From a send's begin and the relay's last acceptance on, after which nobody is tried on beyond his attempts. */
  giveUpSeconds: number;
  hold: HoldPolicy;
  /** Bytes that files of messages may take in memory; a message that needs more goes alone. */
  messageMemoryBytes: number;
  /** What the files of a send hold is removed so many days after it ended. */
  fileDays: number;
  /** Others look after the relay: what they hold is held, and found out by nobody here. */
  isGuest?: boolean;
}

export interface SchedulerDeps {
  ledger: Ledger;
  relay: SharedRelay;
  transport: Transport;
  host: Host;
  compile: (source: MessageSource, dkim: DkimMode) => CompiledMessage;
  /** Reads what a file holds. */
  loadFile: LoadFile;
  clock: Clock;
  /** Milliseconds since the machine was started, whether it was suspended or not. */
  uptimeMs: () => number;
  random: () => number;
  report: Report;
}

/** Rows `sending` at a time for each connection: what a crash can leave uncertain at most. */
export const MARKED_PER_CONNECTION = 2;

/**
 * Polls for sends that are due, claims them and runs their batches, several at once, until told to stop; then drains.
 * @throws CampaignError DATABASE_UNREACHABLE with `once`, or when the very first look at the database fails
 */
export async function runScheduler(
  options: SchedulerOptions,
  deps: SchedulerDeps,
  stop: AbortSignal,
): Promise<SchedulerResult> {
  return new Scheduler(options, deps, stop).run();
}

class Scheduler {
  private readonly signal = new Wake();
  private readonly dispatcher: Dispatcher;
  private readonly claims: Claims;
  private readonly lostClaims: LostClaims;
  private readonly heartbeat: Heartbeat;
  private readonly admission: Admission;
  private readonly ending: Ending;
  private readonly hold: RelayHold;
  private readonly result: SchedulerResult = {
    pausedThemselves: [],
    serverTrouble: null,
    relayHeld: null,
  };
  private readonly due: DueSends;
  private readonly probing: Probing;
  private readonly housekeeping: Housekeeping;
  private readonly unsignable: UnsignableSends;
  private pollAt = Number.NEGATIVE_INFINITY;
  private databaseAwayMs = 0;
  private seenDatabase = false;

  constructor(
    private readonly options: SchedulerOptions,
    private readonly deps: SchedulerDeps,
    private readonly stop: AbortSignal,
  ) {
    const { connections, retry, maxServerFailures } = options;
    const { clock, report, ledger, random } = deps;
    this.ending = new Ending(stop);
    this.admission = new Admission(connections, connections * 4);
    const lease = leaseOf(options.staleSeconds ?? STALE_CLAIM_SECONDS);
    this.dispatcher = new Dispatcher(
      deps.transport,
      { firstMs: 1_000, maxMs: options.backoffMaxSeconds * 1000 },
      clock,
      new Pacer(deps),
      new ConnectionShares({ ...deps, lease, worker: options.worker.worker, connections }),
      (reason, waitMs) => {
        report({ kind: 'server-trouble', reason, waitMs });
        this.heartbeat.hurry();
        this.signal.wake();
      },
    );
    this.hold = new RelayHold(
      deps.relay,
      options.hold,
      options.worker.worker,
      clock,
      report,
      this.signal.wake,
      () => this.dispatcher.startSlowly(),
    );
    const batchTools: BatchTools = {
      ledger,
      dispatcher: this.dispatcher,
      recorder: deps.host.recorder,
      inFlightLimit: new InFlightLimit(connections * MARKED_PER_CONNECTION),
      files: new FileMemory(options.messageMemoryBytes, deps.loadFile),
      clock,
      lease,
      random,
      report,
      hold: this.hold,
      retry,
      giveUpMs: options.giveUpSeconds * 1000,
      maxServerFailures,
      isBrief: options.until === 'once',
      stopping: this.ending.stopping,
      abandoned: this.ending.abandoned,
    };
    this.heartbeat = new Heartbeat(options.worker, ledger, clock, () => this.backingOff());
    this.lostClaims = new LostClaims({ ...deps, worker: options.worker, retry }, async () => {
      await this.hold.look();
      return this.hold.sinceAheadMs > 2 * lease.renewEveryMs;
    });
    this.claims = new Claims(
      { ...options, worker: options.worker.worker, once: options.until === 'once' },
      {
        ...deps,
        admission: this.admission,
        batchTools,
        onEnd: this.signal.wake,
        onUncertain: () => {
          this.pollAt = Number.NEGATIVE_INFINITY;
        },
        onPause: (sendId, reason) => {
          if (options.until !== 'stopped') this.result.pausedThemselves.push({ sendId, reason });
        },
      },
    );
    this.due = new DueSends(ledger, this.claims, clock);
    this.probing = new Probing(this.hold, this.claims, this.due, clock);
    this.housekeeping = new Housekeeping(ledger, options.fileDays, clock, report);
    this.unsignable = new UnsignableSends(ledger, clock, report);
  }

  async run(): Promise<SchedulerResult> {
    const { report, transport, ledger, host } = this.deps;
    const { worker, connections, pollSeconds, drainSeconds } = this.options;
    const { staleSeconds = STALE_CLAIM_SECONDS } = this.options;
    report({ kind: 'started', worker: worker.worker, connections, pollSeconds });
    this.stop.addEventListener('abort', this.signal.wake);
    try {
      await this.poll();
    } finally {
      const since = this.deps.clock();
      const stopBeating = this.heartbeat.keepUp();
      await this.ending.drain(this.claims, this.dispatcher, transport, report, {
        drainSeconds,
        staleSeconds,
      });
      this.dispatcher.stop();
      const left = drainSeconds * 1000 - elapsedMs(since, this.deps.clock());
      if (!(await within(transport.close(), left))) this.dispatcher.cut();
      await within(this.dispatcher.giveBack(), LAST_WORDS_MS);
      await stopBeating();
      await within(
        this.hold.lastWords().catch(() => undefined),
        LAST_WORDS_MS,
      );
      // What is held still is found by what we leave.
      if (this.claims.areOver && !this.ending.abandoned.aborted) {
        await within(
          ledger.leave(worker.worker).catch(() => undefined),
          LAST_WORDS_MS,
        );
        host.close();
      }
      // The signal may be a program's, and outlive us.
      this.stop.removeEventListener('abort', this.signal.wake);
      report({ kind: 'stopped' });
    }
    this.result.serverTrouble = this.dispatcher.serverTrouble;
    return this.result;
  }

  private async poll(): Promise<void> {
    const { pollSeconds } = this.options;
    while (!this.stop.aborted) {
      let waitMs = pollSeconds * 1000;
      try {
        // A database that hangs must not hold up a stop.
        const looked = await unlessAborted(this.look(), this.stop);
        if (looked === null || looked === 'over') return;
        this.databaseAwayMs = 0;
        waitMs = Math.min(waitMs, looked);
      } catch (error) {
        waitMs = this.databaseAway(error);
      }
      await this.signal.wait(Math.min(waitMs, BEAT_EVERY_MS));
    }
  }

  /** One look at the database; the time until the next is due, or `over` when there is nothing left to wait for. */
  private async look(): Promise<number | 'over'> {
    const { until } = this.options;
    const nextDueMs = await this.tick();
    this.claims.throwFailure();
    if (this.claims.size > 0) return nextDueMs;
    return (until === 'once' && this.wasOnce()) || (until === 'idle' && (await this.isIdle()))
      ? 'over'
      : nextDueMs;
  }

  /**
   * Settles what the dead left, and starts what is due. The database is asked for work when what it named last is used
   * up, and at every poll. Returns the time until something is due.
   */
  private async tick(): Promise<number> {
    const { clock } = this.deps;
    await this.heartbeat.beat();
    this.seenDatabase = true;
    const now = clock().monotonic;
    if (now >= this.pollAt) {
      await this.claims.settleUncertain();
      await this.lostClaims.settle();
      await this.housekeeping.look();
      await this.unsignable.look();
      this.due.clear();
      this.pollAt = now + this.options.pollSeconds * 1000;
    }
    const backoffMs = this.dispatcher.backoffMs();
    if (backoffMs > 0) return backoffMs;
    const closedMs = await this.dispatcher.closedMs();
    if (closedMs > 0) return closedMs;
    while (!this.stop.aborted && !this.claims.hasFailed) {
      const waitMs = this.admission.ask(clock().monotonic);
      if (waitMs > 0 && !(await this.isUrgent())) return waitMs;
      if (this.stop.aborted) break;
      if (this.due.isEmpty || this.hold.stops) await this.hold.look();
      if (this.hold.stops) {
        return this.options.isGuest ? Number.POSITIVE_INFINITY : this.probing.start();
      }
      if (this.due.isEmpty) {
        const nextDueMs = await this.due.find();
        if (this.due.isEmpty) {
          this.admission.relax();
          return nextDueMs;
        }
        if (this.stop.aborted) break;
      }
      this.claims.start(this.admission.isFull ? this.due.takeShortest() : this.due.takeFirst());
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Whether somebody waits for what is due, as for test mails. */
  private async isUrgent(): Promise<boolean> {
    if (this.due.isEmpty) await this.due.find();
    return this.due.isUrgent;
  }

  /** Each send that was due has had its batch, as far as the relay lets it. */
  private wasOnce(): boolean {
    if (this.hold.waitsForCanary) return false;
    this.result.relayHeld = this.options.isGuest ? this.hold.held : this.hold.metHere;
    return true;
  }

  private backingOff(): BackingOff | null {
    const ms = this.dispatcher.backoffMs();
    const reason = this.dispatcher.serverTrouble;
    return ms > 0 && reason ? { ms, reason } : null;
  }

  private async isIdle(): Promise<boolean> {
    const { maxWaitSeconds } = this.options;
    if ((await this.deps.ledger.countUnfinished(maxWaitSeconds)) === 0) return true;
    if (maxWaitSeconds === null) return false;
    const ms = maxWaitSeconds * 1000;
    this.result.relayHeld = this.hold.leastMs > ms ? this.hold.held : this.dispatcher.closedFor(ms);
    return this.result.relayHeld !== null;
  }

  /** @returns how long to wait before the next try */
  private databaseAway(error: unknown): number {
    if (!isDatabaseOutage(error)) throw error;
    if (this.options.until === 'once' || !this.seenDatabase) throw error;
    this.databaseAwayMs = Math.min(Math.max(1_000, this.databaseAwayMs * 2), BEAT_EVERY_MS);
    this.deps.report({
      kind: 'database-away',
      reason: error.message,
      waitMs: this.databaseAwayMs,
    });
    return this.databaseAwayMs;
  }
}
