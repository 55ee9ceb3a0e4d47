import { setMaxListeners } from 'node:events';
import type { Claim, MessageSource, WorkerIdentity } from '../domain/delivery.js';
import { type Clock, elapsedMs, leaseOf, STALE_CLAIM_SECONDS } from '../domain/lease.js';
import { RefusalWatch } from '../domain/refusals.js';
import type { RetryPolicy } from '../domain/retry.js';
import { ServerHealth } from '../domain/server-health.js';
import { isDatabaseOutage } from '../errors.js';
import { type BatchTools, runBatch } from './batch.js';
import { Budget } from './budget.js';
import type { Report } from './events.js';
import { Lanes } from './lanes.js';
import type { CompiledMessage, Ledger, Transport } from './ports.js';
import { type Session, Sessions } from './sessions.js';
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
  compile: (source: MessageSource) => CompiledMessage;
  clock: Clock;
  random: () => number;
  report: Report;
}

export interface SchedulerResult {
  /** Sends that paused themselves while the scheduler ran. */
  pausedThemselves: { sendId: number; reason: string }[];
  /** What the SMTP server's last failure was, if nothing has succeeded since. */
  serverTrouble: string | null;
}

const FIND_AT_MOST = 200;
const BEAT_EVERY_MS = 5_000;
const DATABASE_RETRY_MAX_MS = 30_000;
/** A send whose batch ended in a fault of ours is left alone for this long. */
const FAULT_PAUSE_MS = 60_000;
/** A send that gave its batch nothing to do is not looked at again before this long. */
const IDLE_PAUSE_MS = 1_000;
/** After the drain limit, what was cut short has this long to be recorded. */
const RECORD_AFTER_CUT_MS = 5_000;

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
  private readonly sessions: Sessions;
  private readonly lanes: Lanes;
  private readonly tools: BatchTools;
  private readonly abandon = new AbortController();
  private readonly result: SchedulerResult = { pausedThemselves: [], serverTrouble: null };
  private readonly maxActive: number;
  /** Sends found due and not started yet. */
  private readonly due: number[] = [];
  /** With `once`, the sends that have had their batch. */
  private readonly served = new Set<number>();
  private pollAt = Number.NEGATIVE_INFINITY;
  private claims = 0;
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
    this.maxActive = connections * 4;
    this.sessions = new Sessions(options.sessionTtlSeconds * 1000, () => clock().monotonic);
    const health = new ServerHealth({ firstMs: 1_000, maxMs: options.backoffMaxSeconds * 1000 });
    this.lanes = new Lanes(deps.transport, health, clock, (reason, waitMs) => {
      report({ kind: 'server-trouble', reason, waitMs });
      this.beatAt = Number.NEGATIVE_INFINITY;
      this.signal.wake();
    });
    this.tools = {
      ledger,
      lanes: this.lanes,
      budget: new Budget(connections * 2),
      clock,
      lease: leaseOf(options.staleSeconds ?? STALE_CLAIM_SECONDS),
      random,
      report,
      retry,
      maxServerFailures,
      giveUpOnTrouble: options.until === 'once',
      stopping: stop,
      abandoned: this.abandon.signal,
    };
    setMaxListeners(0, stop, this.abandon.signal);
  }

  async run(): Promise<SchedulerResult> {
    const { report, transport, ledger } = this.deps;
    const { worker, connections, pollSeconds } = this.options;
    report({ kind: 'started', worker: worker.worker, connections, pollSeconds });
    this.stop.addEventListener('abort', this.signal.wake);
    try {
      await this.poll();
    } finally {
      await this.drain();
      this.lanes.stop();
      await transport.close();
      await ledger.leave(worker.worker).catch(() => undefined);
      report({ kind: 'stopped' });
    }
    this.result.serverTrouble = this.lanes.health.reason;
    return this.result;
  }

  private async poll(): Promise<void> {
    const { until, pollSeconds } = this.options;
    while (!this.stop.aborted) {
      let waitMs = pollSeconds * 1000;
      try {
        const nextDueMs = await this.tick();
        this.databaseBack();
        if (until === 'once' && this.active.size === 0) return;
        if (until === 'idle' && this.active.size === 0 && (await this.isIdle())) return;
        waitMs = Math.min(waitMs, nextDueMs);
      } catch (error) {
        waitMs = this.databaseAway(error);
      }
      await this.signal.wait(Math.min(waitMs, BEAT_EVERY_MS));
    }
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
    const backoffMs = this.lanes.backoffMs();
    if (backoffMs > 0) return backoffMs;
    while (this.active.size < this.maxActive && !this.stop.aborted) {
      if (this.due.length === 0) {
        const nextDueMs = await this.findDue();
        if (this.due.length === 0) return nextDueMs;
      }
      const some = this.due.splice(0, this.maxActive - this.active.size);
      await Promise.all(some.map((sendId) => this.start(sendId)));
    }
    return Number.POSITIVE_INFINITY;
  }

  private async settleTheDead(): Promise<void> {
    const { ledger, report } = this.deps;
    while (this.uncertain[0]) {
      await ledger.unclaim(this.uncertain[0].sendId, this.uncertain[0].by);
      this.uncertain.shift();
    }
    for (const stale of await ledger.findStale()) {
      const reclaimed = await ledger.reclaim(stale, this.options.worker.worker);
      if (reclaimed) {
        const { sendId, by: from } = stale;
        report({ kind: 'reclaimed', sendId, from, unknown: reclaimed.unknown });
      }
    }
  }

  /** Fills `due`, the longest overdue first; the time until the next one is due. */
  private async findDue(): Promise<number> {
    const now = this.deps.clock().monotonic;
    for (const [sendId, until] of this.setAside) if (until <= now) this.setAside.delete(sendId);
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { sendId, dueInMs } of await this.deps.ledger.findWork(FIND_AT_MOST)) {
      const waitMs = Math.max(dueInMs, (this.setAside.get(sendId) ?? now) - now);
      if (waitMs > 0) nextMs = Math.min(nextMs, waitMs);
      else if (!this.active.has(sendId) && !this.served.has(sendId)) this.due.push(sendId);
    }
    return nextMs;
  }

  private async start(sendId: number): Promise<void> {
    const { ledger, report, clock } = this.deps;
    const by = `${this.options.worker.worker}:${++this.claims}`;
    const askedAt = clock();
    let claimed: Awaited<ReturnType<Ledger['claim']>>;
    try {
      claimed = await ledger.claim(sendId, by, !this.sessions.has(sendId));
    } catch (error) {
      this.uncertain.push({ sendId, by });
      this.pollAt = Number.NEGATIVE_INFINITY;
      throw error;
    }
    if (!claimed) {
      this.setAside.set(sendId, clock().monotonic + IDLE_PAUSE_MS);
      return;
    }
    if (this.options.until === 'once') this.served.add(sendId);
    report({ kind: 'claimed', sendId, batchSize: claimed.controls.batchSize });
    let session: Session;
    try {
      session = await this.sessions.use(sendId, () => this.open(sendId));
    } catch (error) {
      await this.refuse(claimed.claim, error);
      return;
    }
    const batch = runBatch(claimed, askedAt, session, this.tools)
      .then(({ pausedItself, worked }) => {
        if (!worked) this.setAside.set(sendId, clock().monotonic + IDLE_PAUSE_MS);
        if (pausedItself) this.result.pausedThemselves.push({ sendId, reason: pausedItself });
      })
      .catch((error: unknown) => this.fault(sendId, error))
      .finally(() => {
        this.sessions.done(sendId);
        this.active.delete(sendId);
        this.signal.wake();
      });
    this.active.set(sendId, batch);
  }

  private async open(sendId: number): Promise<Session> {
    const source = await this.deps.ledger.loadMessage(sendId);
    this.deps.report({ kind: 'session-opened', sendId, open: this.sessions.size + 1 });
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

  /** A claimed send whose message cannot be read or compiled: it pauses itself, or waits for the database. */
  private async refuse(claim: Claim, error: unknown): Promise<void> {
    if (isDatabaseOutage(error)) {
      this.uncertain.push(claim);
      throw error;
    }
    const reason = (error as Error).message;
    const { ledger, report } = this.deps;
    await ledger.pauseItself(claim, reason, []);
    await ledger.unclaim(claim.sendId, claim.by);
    report({ kind: 'paused-itself', sendId: claim.sendId, reason });
    this.result.pausedThemselves.push({ sendId: claim.sendId, reason });
  }

  private fault(sendId: number, error: unknown): void {
    this.deps.report({ kind: 'fault', sendId, reason: (error as Error).stack ?? String(error) });
    this.setAside.set(sendId, this.deps.clock().monotonic + FAULT_PAUSE_MS);
  }

  private async beat(): Promise<void> {
    const now = this.deps.clock().monotonic;
    if (now - this.beatAt < BEAT_EVERY_MS) return;
    const ms = this.lanes.backoffMs();
    const reason = this.lanes.health.reason;
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
    this.databaseAwayMs = Math.min(Math.max(1_000, this.databaseAwayMs * 2), DATABASE_RETRY_MAX_MS);
    const waitMs = Math.min(this.databaseAwayMs, BEAT_EVERY_MS);
    this.deps.report({ kind: 'database-away', reason: error.message, waitMs });
    return waitMs;
  }

  private databaseBack(): void {
    this.databaseAwayMs = 0;
  }

  private async drain(): Promise<void> {
    const { report, transport, clock } = this.deps;
    if (this.active.size === 0) return;
    const since = clock();
    if (this.stop.aborted) report({ kind: 'stopping', onTheWire: this.lanes.busy });
    const ended = Promise.all(this.active.values());
    const limitMs = this.options.drainSeconds * 1000;
    if (await within(ended, limitMs - elapsedMs(since, clock()))) return;
    report({ kind: 'drain-limit', onTheWire: this.lanes.busy });
    transport.destroy();
    if (await within(ended, RECORD_AFTER_CUT_MS)) return;
    this.abandon.abort();
    await ended;
  }
}

/** Whether `promise` settled within so many milliseconds. */
async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
