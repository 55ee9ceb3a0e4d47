import type { Claim, ClaimedSend, Work } from '../domain/claim.js';
import { claimName } from '../domain/claim-name.js';
import type { DkimMode } from '../domain/dkim.js';
import type { Clock, Instant } from '../domain/lease.js';
import type { MessageSource } from '../domain/message.js';
import { RefusalWatch } from '../domain/refusal-watch.js';
import type { Report } from '../domain/scheduler-events.js';
import { type CampaignError, isDatabaseOutage } from '../errors.js';
import { runBatch } from './batch/batch.js';
import { NoMailboxes } from './batch/no-mailboxes.js';
import { type OpenSend, OpenSends } from './batch/open-sends.js';
import { Suppressions } from './batch/suppressions.js';
import type { BatchTools } from './batch/tools.js';
import type { Admission } from './dispatch/admission.js';
import type { Probe } from './hold/probe.js';
import type { CompiledMessage, Host, Ledger, Transport } from './ports.js';
import { findTooLarge } from './size-check.js';

/** A send whose batch ended in a fault of ours is left alone for this long. */
const FAULT_PAUSE_MS = 60_000;
/** A send that gave its batch nothing to do is not looked at again before this long. */
const IDLE_PAUSE_MS = 1_000;

/** A probe waits no longer for the pacing of its send, … */
const PROBE_PATIENCE_MS = 1_000;
/** … which is asked again after this long, for it may be changed. */
const PROBE_PAUSE_MS = 5_000;

const UNWATCHED = { block: Number.POSITIVE_INFINITY, lostReplies: Number.POSITIVE_INFINITY };

export interface ClaimsOptions {
  /** As in CLAIMED_BY. */
  worker: string;
  connections: number;
  /** Each send has one batch, and no more. */
  once: boolean;
  sessionTtlSeconds: number;
  blockAfter: number;
}

export interface ClaimsDeps {
  ledger: Ledger;
  transport: Pick<Transport, 'maxSize'>;
  host: Host;
  /** @throws Error when it cannot be sent, and is to pause */
  compile: (source: MessageSource, dkim: DkimMode) => CompiledMessage;
  clock: Clock;
  report: Report;
  admission: Admission;
  batchTools: BatchTools;
  /** Told whenever a batch has ended. */
  onEnd: () => void;
  /** Told of a claim of which is not known whether it was had, or let go. */
  onUncertain: () => void;
  /** Told of a send that paused itself. */
  onPause: (sendId: number, reason: string) => void;
}

/** The claims of this worker: takes them, runs their batches, and knows which sends are to be left alone for now. */
export class Claims {
  private readonly active = new Map<number, Promise<void>>();
  /** Until when sends are left alone, by the monotonic clock. */
  private readonly setAside = new Map<number, number>();
  /** Claims of which is not known whether they were had, or let go. */
  private readonly uncertain: Pick<Claim, 'sendId' | 'by'>[] = [];
  /** With `once`, the sends that have had their batch. */
  private readonly served = new Set<number>();
  private readonly openSends: OpenSends;
  private taken = 0;
  /** Whether a batch ended in a fault of ours, which may have left its claim behind. */
  private faulted = false;
  /** What the database did not do for a claim. */
  private failure: CampaignError | null = null;

  constructor(
    private readonly options: ClaimsOptions,
    private readonly deps: ClaimsDeps,
  ) {
    const { clock, batchTools } = deps;
    this.openSends = new OpenSends(
      options.sessionTtlSeconds * 1000,
      () => clock().monotonic,
      ({ message }) => batchTools.files.forget(message.files),
    );
  }

  /** Batches under way. */
  get size(): number {
    return this.active.size;
  }

  /** Whether `throwFailure` throws. */
  get hasFailed(): boolean {
    return this.failure !== null;
  }

  /** Whether every claim is known to be let go. */
  get areOver(): boolean {
    return this.active.size + this.uncertain.length === 0 && !this.faulted;
  }

  /** Resolves when the batches now under way have ended. */
  ended(): Promise<unknown> {
    return Promise.all(this.active.values());
  }

  /** @throws CampaignError what a claim met since the last call */
  throwFailure(): void {
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
  }

  /** Lets claims go, by their names, of which is not known whether they were had. */
  async settleUncertain(): Promise<void> {
    while (this.uncertain[0]) {
      await this.deps.ledger.unclaim(this.uncertain[0].sendId, this.uncertain[0].by);
      this.uncertain.shift();
    }
  }

  /** Forgets the sends that are no longer left alone. */
  endPauses(now: number): void {
    for (const [sendId, until] of this.setAside) if (until <= now) this.setAside.delete(sendId);
  }

  /** Milliseconds for which a send is left alone. */
  leftAloneMs(sendId: number, now: number): number {
    return (this.setAside.get(sendId) ?? now) - now;
  }

  /** Whether a send has a batch under way. */
  isActive(sendId: number): boolean {
    return this.active.has(sendId);
  }

  /** Whether a send that is due may be started. */
  isFree(sendId: number): boolean {
    return !this.active.has(sendId) && !this.served.has(sendId);
  }

  /** Claims a send and runs its batch. */
  start(work: Work): void {
    this.active.set(work.sendId, this.serve(work, this.claimAndRun));
  }

  /** The same for a batch that finds out first whether the relay takes anything. */
  startProbe(work: Work): void {
    this.active.set(work.sendId, this.serve(work, this.probeAndRun));
  }

  /** Never rejects: what goes wrong with the database is left in `failure`. */
  private async serve(
    { sendId, rows }: Work,
    run: (sendId: number, by: string) => Promise<void>,
  ): Promise<void> {
    const { admission, clock, host, report, onEnd, onUncertain } = this.deps;
    admission.begin(rows, clock().monotonic);
    const by = claimName(this.options.worker, ++this.taken, host.recorder?.works ?? false);
    try {
      await run(sendId, by);
    } catch (error) {
      if (isDatabaseOutage(error)) {
        this.uncertain.push({ sendId, by });
        this.failure ??= error;
        onUncertain();
      } else {
        this.leaveAlone(sendId, FAULT_PAUSE_MS);
        this.faulted = true;
        report({ kind: 'fault', sendId, reason: (error as Error).stack ?? String(error) });
      }
    } finally {
      this.active.delete(sendId);
      admission.end(rows, clock().monotonic);
      onEnd();
    }
  }

  private readonly probeAndRun = async (sendId: number, by: string): Promise<void> => {
    const { hold } = this.deps.batchTools;
    let probe: Probe | null = null;
    try {
      probe = await hold.win(by);
      if (probe) await this.claimAndRun(sendId, by, probe);
    } finally {
      await hold.over(probe);
    }
  };

  private readonly claimAndRun = async (
    sendId: number,
    by: string,
    probe: Probe | null = null,
  ): Promise<void> => {
    const { ledger, report, clock, batchTools, onPause } = this.deps;
    const askedAt: Instant = clock();
    const claimed = await ledger.claim(sendId, by, !this.openSends.has(sendId));
    if (!claimed) {
      this.leaveAlone(sendId, IDLE_PAUSE_MS);
      return;
    }
    const { dispatcher, hold } = batchTools;
    dispatcher.learnLimits(claimed.relay ?? { rates: null, connections: null });
    if (claimed.relay) hold.learn(claimed.relay, askedAt.monotonic);
    const idleMs = probe ? this.untilNextMs(claimed) : hold.stops ? IDLE_PAUSE_MS : 0;
    if (idleMs > 0) {
      await ledger.unclaim(sendId, by);
      this.leaveAlone(sendId, idleMs);
      return;
    }
    if (this.options.once) this.served.add(sendId);
    report({ kind: 'claimed', sendId, batchSize: claimed.controls.batchSize });
    let openSend: OpenSend;
    try {
      openSend = await this.openSends.use(sendId, claimed.messageVersion, (before) =>
        this.open(claimed, before),
      );
    } catch (error) {
      if (isDatabaseOutage(error)) throw error;
      await this.refuse(claimed.claim, (error as Error).message);
      return;
    }
    try {
      const tooLarge = await findTooLarge(
        claimed.claim,
        openSend.message,
        this.deps.transport,
        ledger,
      );
      if (tooLarge !== null) {
        await this.refuse(claimed.claim, tooLarge.reason, tooLarge);
        return;
      }
      const { pausedItself, worked } = await runBatch(
        claimed,
        askedAt,
        openSend,
        probe,
        batchTools,
      );
      if (!worked) this.leaveAlone(sendId, IDLE_PAUSE_MS);
      if (pausedItself) onPause(sendId, pausedItself);
    } finally {
      this.openSends.done(sendId);
    }
  };

  /** Milliseconds until its pacing lets a send start a message, where a probe of another would not wait for that. */
  private untilNextMs({ claim: { sendId }, controls: { delayMs } }: ClaimedSend): number {
    const { lastStart } = this.openSends.get(sendId) ?? {};
    if (lastStart == null || delayMs === 0) return 0;
    const leftMs = lastStart + delayMs - this.deps.clock().monotonic;
    return leftMs > PROBE_PATIENCE_MS ? Math.min(leftMs, PROBE_PAUSE_MS) : 0;
  }

  private leaveAlone(sendId: number, ms: number): void {
    this.setAside.set(sendId, this.deps.clock().monotonic + ms);
  }

  /** @param before the same send with another version of its message */
  private async open(
    { claim: { sendId }, topic, checkedVersion, messageVersion, dkim, isTest }: ClaimedSend,
    before: OpenSend | undefined,
  ): Promise<OpenSend> {
    const { ledger, report, compile } = this.deps;
    const { blockAfter, connections } = this.options;
    const message = await ledger.loadMessage(sendId, messageVersion);
    report({ kind: 'session-opened', sendId, open: this.openSends.size + (before ? 0 : 1) });
    return {
      sendId,
      version: messageVersion,
      message: compile({ ...message, sendId, topic }, dkim),
      goesFirst: isTest,
      // Of a test only who sent it learns: it stops nothing, nobody is suppressed by it, and no entry keeps it back.
      watch: new RefusalWatch(
        isTest ? UNWATCHED : { block: blockAfter, lostReplies: connections * 2 },
      ),
      suppressions: new Suppressions(topic, isTest ? null : checkedVersion, ledger),
      noMailboxes: new NoMailboxes(isTest ? null : ledger, (reason) =>
        report({ kind: 'not-suppressed', sendId, reason }),
      ),
      lastStart: before?.lastStart ?? null,
      serverFailures: { count: 0, atSuccesses: 0 },
    };
  }

  /** A claimed send whose message cannot be compiled, or is too large for the server, pauses itself. */
  private async refuse(
    claim: Claim,
    reason: string,
    told?: { rowsTooLarge: boolean },
  ): Promise<void> {
    const { ledger, report, onPause } = this.deps;
    await ledger.pauseItself(claim, reason, null, told);
    await ledger.unclaim(claim.sendId, claim.by);
    report({ kind: 'paused-itself', sendId: claim.sendId, reason });
    onPause(claim.sendId, reason);
  }
}
