import { setMaxListeners } from 'node:events';
import type { Claim, Work } from '../domain/claim.js';
import { claimName, parseClaimName } from '../domain/claim-name.js';
import { type Clock, elapsedMs, leaseOf, STALE_CLAIM_SECONDS } from '../domain/lease.js';
import type { MessageSource } from '../domain/message.js';
import { unlessAborted, within } from '../domain/races.js';
import { RefusalWatch } from '../domain/refusal-watch.js';
import type { RetryPolicy } from '../domain/retry-delay.js';
import type { Report, SchedulerResult } from '../domain/scheduler-events.js';
import type { WorkerIdentity } from '../domain/worker.js';
import { type CampaignError, isDatabaseOutage } from '../errors.js';
import { runBatch } from './batch/batch.js';
import { InFlightLimit } from './batch/in-flight-limit.js';
import { type OpenSend, OpenSends } from './batch/open-sends.js';
import type { BatchTools } from './batch/tools.js';
import { Admission } from './dispatch/admission.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import type { CompiledMessage, Host, Ledger, Transport } from './ports.js';
import { takeOverFromTheDead } from './takeover.js';
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
}

export interface SchedulerDeps {
  ledger: Ledger;
  transport: Transport;
  host: Host;
  compile: (source: MessageSource) => CompiledMessage;
  clock: Clock;
  random: () => number;
  report: Report;
}

/** Rows `sending` at a time for each connection: what a crash can leave uncertain at most. */
export const MARKED_PER_CONNECTION = 2;

const FIND_AT_MOST = 200;
const BEAT_EVERY_MS = 5_000;
/** A send whose batch ended in a fault of ours is left alone for this long. */
const FAULT_PAUSE_MS = 60_000;
/** A send that gave its batch nothing to do is not looked at again before this long. */
const IDLE_PAUSE_MS = 1_000;
/** After the drain limit, what was cut short has this long to be recorded. */
const RECORD_AFTER_CUT_MS = 5_000;
/** A database that does not answer holds up the end no longer than this. */
const LAST_WORDS_MS = 2_000;

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
  private readonly active = new Map<number, Promise<void>>();
  private readonly setAside = new Map<number, number>();
  private readonly uncertain: Pick<Claim, 'sendId' | 'by'>[] = [];
  private readonly openSends: OpenSends;
  private readonly dispatcher: Dispatcher;
  private readonly tools: BatchTools;
  /** Ours to stop all batches, by a signal from outside or at the end of `poll`. */
  private readonly halt = new AbortController();
  private readonly abandon = new AbortController();
  /** What a claim met, for `look` to throw. */
  private failure: CampaignError | null = null;
  private readonly result: SchedulerResult = { pausedThemselves: [], serverTrouble: null };
  private readonly admission: Admission;
  /** Sends found due and not started yet. */
  private readonly due: Work[] = [];
  /** With `once`, the sends that have had their batch. */
  private readonly served = new Set<number>();
  /** Claims of the dead that were told of. */
  private readonly toldOf = new Set<string>();
  private pollAt = Number.NEGATIVE_INFINITY;
  private claims = 0;
  /** Whether a batch ended in a fault of ours, which may have left its claim behind. */
  private faulted = false;
  private beatAt = Number.NEGATIVE_INFINITY;
  private databaseAwayMs = 0;
  private seenDatabase = false;

  constructor(
    private readonly options: SchedulerOptions,
    private readonly deps: SchedulerDeps,
    private readonly stop: AbortSignal,
  ) {
    const { connections, retry, maxServerFailures } = options;
    const { clock, report, ledger, random } = deps;
    this.admission = new Admission(connections, connections * 4);
    this.openSends = new OpenSends(options.sessionTtlSeconds * 1000, () => clock().monotonic);
    this.dispatcher = new Dispatcher(
      deps.transport,
      { firstMs: 1_000, maxMs: options.backoffMaxSeconds * 1000 },
      clock,
      (reason, waitMs) => {
        report({ kind: 'server-trouble', reason, waitMs });
        this.beatAt = Number.NEGATIVE_INFINITY;
        this.signal.wake();
      },
    );
    this.tools = {
      ledger,
      dispatcher: this.dispatcher,
      recorder: deps.host.recorder,
      inFlightLimit: new InFlightLimit(connections * MARKED_PER_CONNECTION),
      clock,
      lease: leaseOf(options.staleSeconds ?? STALE_CLAIM_SECONDS),
      random,
      report,
      retry,
      maxServerFailures,
      giveUpOnTrouble: options.until === 'once',
      stopping: AbortSignal.any([stop, this.halt.signal]),
      abandoned: this.abandon.signal,
    };
    setMaxListeners(0, stop, this.tools.stopping, this.abandon.signal);
  }

  async run(): Promise<SchedulerResult> {
    const { report, transport, ledger, host } = this.deps;
    const { worker, connections, pollSeconds, drainSeconds } = this.options;
    report({ kind: 'started', worker: worker.worker, connections, pollSeconds });
    this.stop.addEventListener('abort', this.signal.wake);
    try {
      await this.poll();
    } finally {
      const since = this.deps.clock();
      const stopBeating = this.keepBeating();
      await this.drain();
      this.dispatcher.stop();
      const left = drainSeconds * 1000 - elapsedMs(since, this.deps.clock());
      if (!(await within(transport.close(), left))) this.dispatcher.cut();
      await stopBeating();
      // What is held still is found by what we leave.
      if (this.holdsNothing) {
        await within(
          ledger.leave(worker.worker).catch(() => undefined),
          LAST_WORDS_MS,
        );
        host.close();
      }
      report({ kind: 'stopped' });
    }
    this.result.serverTrouble = this.dispatcher.serverTrouble;
    return this.result;
  }

  /** Whether every claim is known to be let go. */
  private get holdsNothing(): boolean {
    const { active, uncertain, faulted, abandon } = this;
    return active.size + uncertain.length === 0 && !faulted && !abandon.signal.aborted;
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
    if (this.failure !== null) {
      const { failure } = this;
      this.failure = null;
      throw failure;
    }
    if (this.active.size > 0) return nextDueMs;
    if (until === 'once' || (until === 'idle' && (await this.isIdle()))) return 'over';
    return nextDueMs;
  }

  /**
   * Settles what the dead left, and starts what is due. The database is asked for work when what it named last is used
   * up, and at every poll. Returns the time until something is due.
   */
  private async tick(): Promise<number> {
    const { clock } = this.deps;
    await this.beat();
    this.seenDatabase = true;
    const now = clock().monotonic;
    if (now >= this.pollAt) {
      await this.settleTheDead();
      this.due.length = 0;
      this.pollAt = now + this.options.pollSeconds * 1000;
    }
    const backoffMs = this.dispatcher.backoffMs();
    if (backoffMs > 0) return backoffMs;
    while (!this.stop.aborted && this.failure === null) {
      const waitMs = this.admission.ask(clock().monotonic);
      if (waitMs > 0) return waitMs;
      if (this.due.length === 0) {
        const nextDueMs = await this.findDue();
        if (this.due.length === 0) {
          this.admission.relax();
          return nextDueMs;
        }
        if (this.stop.aborted) break;
      }
      const work = this.admission.isFull ? takeShortest(this.due) : (this.due.shift() as Work);
      this.active.set(work.sendId, this.serve(work));
    }
    return Number.POSITIVE_INFINITY;
  }

  private async settleTheDead(): Promise<void> {
    const { ledger, report, host } = this.deps;
    while (this.uncertain[0]) {
      await ledger.unclaim(this.uncertain[0].sendId, this.uncertain[0].by);
      this.uncertain.shift();
    }
    const { worker, retry } = this.options;
    await takeOverFromTheDead({ ledger, host, report, worker, retry, random: this.deps.random });
    for (const stale of await ledger.findStale()) {
      const reclaimed = await ledger.reclaim(stale, worker.worker);
      if (reclaimed) {
        const { sendId, by: from } = stale;
        report({ kind: 'reclaimed', sendId, from, unknown: reclaimed.unknown });
        const name = from === null ? null : parseClaimName(from);
        if (name?.worker === worker.worker) host.recorder?.lost(name.ordinal);
      }
    }
    for (const silent of await ledger.findSilent()) {
      if (!this.toldOf.has(silent.by)) report({ kind: 'held', ...silent });
      this.toldOf.add(silent.by);
    }
  }

  /** Fills `due`, the longest overdue first; the time until the next one is due. */
  private async findDue(): Promise<number> {
    const now = this.deps.clock().monotonic;
    for (const [sendId, until] of this.setAside) if (until <= now) this.setAside.delete(sendId);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const work of await this.deps.ledger.findWork(FIND_AT_MOST)) {
      const { sendId, dueInMs } = work;
      const waitMs = Math.max(dueInMs, (this.setAside.get(sendId) ?? now) - now);
      if (waitMs > 0) nextMs = Math.min(nextMs, waitMs);
      else if (!this.active.has(sendId) && !this.served.has(sendId)) this.due.push(work);
    }
    return nextMs;
  }

  /** Claims a send and runs its batch. Never rejects: what goes wrong with the database is left in `failure`. */
  private async serve({ sendId, rows }: Work): Promise<void> {
    this.admission.begin(rows, this.deps.clock().monotonic);
    const recorded = this.deps.host.recorder?.works ?? false;
    const by = claimName(this.options.worker.worker, ++this.claims, recorded);
    try {
      await this.claimAndRun(sendId, by);
    } catch (error) {
      if (isDatabaseOutage(error)) {
        // Whether the claim was had, or let go, is not known: it is let go by its name at the next poll.
        this.uncertain.push({ sendId, by });
        this.pollAt = Number.NEGATIVE_INFINITY;
        this.failure ??= error;
      } else {
        this.setAside.set(sendId, this.deps.clock().monotonic + FAULT_PAUSE_MS);
        this.faulted = true;
        const reason = (error as Error).stack ?? String(error);
        this.deps.report({ kind: 'fault', sendId, reason });
      }
    } finally {
      this.active.delete(sendId);
      this.admission.end(rows, this.deps.clock().monotonic);
      this.signal.wake();
    }
  }

  private async claimAndRun(sendId: number, by: string): Promise<void> {
    const { ledger, report, clock } = this.deps;
    const askedAt = clock();
    const claimed = await ledger.claim(sendId, by, !this.openSends.has(sendId));
    if (!claimed) {
      this.setAside.set(sendId, clock().monotonic + IDLE_PAUSE_MS);
      return;
    }
    if (this.options.until === 'once') this.served.add(sendId);
    report({ kind: 'claimed', sendId, batchSize: claimed.controls.batchSize });
    let openSend: OpenSend;
    try {
      openSend = await this.openSends.use(sendId, () => this.open(sendId));
    } catch (error) {
      if (isDatabaseOutage(error)) throw error;
      await this.refuse(claimed.claim, (error as Error).message);
      return;
    }
    try {
      const { pausedItself, worked } = await runBatch(claimed, askedAt, openSend, this.tools);
      if (!worked) this.setAside.set(sendId, clock().monotonic + IDLE_PAUSE_MS);
      if (pausedItself) this.notePause(sendId, pausedItself);
    } finally {
      this.openSends.done(sendId);
    }
  }

  private notePause(sendId: number, reason: string): void {
    if (this.options.until !== 'stopped') this.result.pausedThemselves.push({ sendId, reason });
  }

  private async open(sendId: number): Promise<OpenSend> {
    const source = await this.deps.ledger.loadMessage(sendId);
    this.deps.report({ kind: 'session-opened', sendId, open: this.openSends.size + 1 });
    return {
      sendId,
      message: this.deps.compile(source),
      watch: new RefusalWatch({
        block: this.options.blockAfter,
        lostReplies: this.options.connections * 2,
      }),
      lastStart: null,
      serverFailures: { count: 0, atSuccesses: 0 },
    };
  }

  /** A claimed send whose message cannot be compiled pauses itself. */
  private async refuse(claim: Claim, reason: string): Promise<void> {
    const { ledger, report } = this.deps;
    await ledger.pauseItself(claim, reason, null);
    await ledger.unclaim(claim.sendId, claim.by);
    report({ kind: 'paused-itself', sendId: claim.sendId, reason });
    this.notePause(claim.sendId, reason);
  }

  private async beat(): Promise<void> {
    const now = this.deps.clock().monotonic;
    if (now - this.beatAt < BEAT_EVERY_MS) return;
    const ms = this.dispatcher.backoffMs();
    const reason = this.dispatcher.serverTrouble;
    await this.deps.ledger.beat(this.options.worker, ms > 0 && reason ? { ms, reason } : null);
    this.beatAt = now;
  }

  private async isIdle(): Promise<boolean> {
    return (await this.deps.ledger.countUnfinished(this.options.maxWaitSeconds)) === 0;
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

  /** Nothing more starts; what is on the wire may end until the drain limit, and is then cut and recorded. */
  private async drain(): Promise<void> {
    const { report, transport } = this.deps;
    const { drainSeconds, staleSeconds = STALE_CLAIM_SECONDS } = this.options;
    this.halt.abort();
    if (this.active.size === 0) return;
    if (this.stop.aborted) {
      report({ kind: 'stopping', onTheWire: transport.onTheWire, drainSeconds, staleSeconds });
    }
    const ended = Promise.all(this.active.values());
    if (await within(ended, drainSeconds * 1000)) return;
    report({ kind: 'drain-limit', onTheWire: transport.onTheWire });
    this.dispatcher.cut();
    if (await within(ended, RECORD_AFTER_CUT_MS)) return;
    this.abandon.abort();
    await within(ended, LAST_WORDS_MS);
  }

  /** While the loop that does it has ended, and messages on the wire have not. @returns stops it */
  private keepBeating(): () => Promise<unknown> {
    let last: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      last = this.beat().catch(() => undefined);
    }, BEAT_EVERY_MS);
    return () => {
      clearInterval(timer);
      return within(last, LAST_WORDS_MS);
    };
  }
}

/** The one whose batch has the fewest rows, the longest overdue of several. */
function takeShortest(due: Work[]): Work {
  const shortest = due.reduce((best, work) => (work.rows < best.rows ? work : best));
  due.splice(due.indexOf(shortest), 1);
  return shortest;
}
