import { type HoldPolicy, holdWaitMs } from '../../domain/hold.js';
import type { Clock } from '../../domain/lease.js';
import { deferralKey } from '../../domain/likeness.js';
import { type DeferredAlike, QuotaWatch, type WatchedRow } from '../../domain/quota-watch.js';
import type { Run } from '../../domain/refusal-watch.js';
import type { Hold, LimitKind, Relay } from '../../domain/relay.js';
import { MESSAGE_STAGES } from '../../domain/reply-rules.js';
import type { HeldRelay, Report } from '../../domain/scheduler-events.js';
import type { SharedRelay } from '../ports.js';
import { type Canary, type Deferred, type Limited, Probe, wordsOf } from './probe.js';

/** Batches ask the database this often, between them, how the relay is. */
const LOOK_EVERY_MS = 1_000;
/** Somebody's acceptance is noted within this time. */
const NOTED_WITHIN_MS = 2_000;
/** A second try of deferrals alike comes no later than this, … */
const CANARY_AT_MOST_MS = 60_000;
/** … and is waited for no longer than this beyond. */
const CANARY_PATIENCE_MS = 60_000;

/** A batch, which is told when nothing more may start. */
export interface Held {
  stop(): void;
}

/** A limit that was met here, and is not written yet. */
interface Met {
  holdId: number;
  kind: LimitKind;
  reason: string;
  deferred: ReadonlyMap<number, Run>;
}

/**
 * What holds the relay, for all batches of this process: finds out from replies that the relay has a limit, writes it where
 * all hosts see it, sees what others wrote, and has one message at a time find out when it ends.
 */
export class RelayHold {
  readonly watch = new QuotaWatch();
  private readonly batches = new Set<Held>();
  private relay: Relay | null = null;
  /** When that was read, by the monotonic clock. */
  private readAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | null = null;
  private met: Met | null = null;
  private canary: Canary | null = null;
  /** A probe of ours is under way, or about to be. */
  private asking = false;
  private probe: Probe | null = null;
  /** Of `watch.acceptances`, those of which the database knows. */
  private noted = 0;
  private toldOf = 0;
  private metHold = 0;

  constructor(
    private readonly shared: SharedRelay,
    private readonly policy: HoldPolicy,
    /** The worker, who writes what no batch is there to write. */
    private readonly worker: string,
    private readonly clock: Clock,
    private readonly report: Report,
    /** Told when something may start that could not. */
    private readonly onFree: () => void,
  ) {}

  join(batch: Held): void {
    this.batches.add(batch);
  }

  leave(batch: Held): void {
    this.batches.delete(batch);
  }

  /** The hold that stands, as far as is known. */
  get hold(): Hold | null {
    const hold = this.relay?.hold ?? null;
    return hold?.kind === 'operator' && this.leftMs(hold) <= 0 ? null : hold;
  }

  /** Whether nothing may start, but for what finds out whether anything may. */
  get stops(): boolean {
    return this.met !== null || this.waitsForCanary || this.hold !== null;
  }

  get waitsForCanary(): boolean {
    const { canary } = this;
    if (canary && !this.asking && this.now > canary.at + CANARY_PATIENCE_MS) this.canary = null;
    return this.canary !== null;
  }

  /** The send of which rows are to be tried again before anything fresh is. */
  get canarySend(): number | null {
    return this.met === null && this.hold === null && this.waitsForCanary
      ? (this.canary as Canary).sendId
      : null;
  }

  /** Whether this process met the hold that stands, or renewed it. */
  get wasMetHere(): boolean {
    return this.hold !== null && this.metHold === this.hold.id;
  }

  /** The hold that stands, for people. */
  get held(): HeldRelay | null {
    const { hold } = this;
    return hold && { kind: hold.kind, reason: hold.reason, until: hold.until };
  }

  /** Milliseconds until a probe may be made; infinite while one of ours is. */
  untilProbeMs(): number {
    const { hold } = this;
    if (this.asking || this.met) return Number.POSITIVE_INFINITY;
    if (hold) return Math.max(0, this.leftMs(hold));
    return this.canary ? Math.max(0, this.canary.at - this.now) : 0;
  }

  /** Milliseconds that the hold lasts at least; 0 where there is none. */
  get leastMs(): number {
    const { hold } = this;
    return hold ? Math.max(0, this.leftMs(hold)) : 0;
  }

  // ── What the replies say ─────────────────────────────────────────────────

  accepted(): void {
    this.watch.accepted();
    if (this.canary && !this.asking) this.endCanary();
  }

  /**
   * Whether the relay has accepted anything since a row was due, from us or from others.
   * @param acceptances of ours when the row was marked
   * @param dueAt by the database's clock; undefined for one that was never tried
   */
  acceptedSince(acceptances: number, dueAt: Date | undefined): boolean {
    if (this.watch.acceptances > acceptances) return true;
    const last = this.relay?.lastAcceptedAt;
    if (!last || !dueAt) return false;
    return last.getTime() - NOTED_WITHIN_MS >= dueAt.getTime();
  }

  /** A row was told of the relay's limit. @returns when it is due again, in milliseconds: at once after a hold */
  limited(row: WatchedRow, verdict: Limited): number {
    if (this.met || this.hold || this.asking) return 0;
    const { isRelays, times } = this.watch.limited(row, MESSAGE_STAGES.includes(verdict.stage));
    if (!isRelays) return holdWaitMs(verdict.limit, times - 1, this.policy);
    const deferred = this.canary?.alike.runs;
    this.canary = null;
    this.meet(verdict, deferred);
    return 0;
  }

  /**
   * A row was deferred.
   * @param delayMs after which it is to be tried again
   * @returns after how long it is to be tried again, whatever its attempts, to find out what is deferred here; or null
   */
  deferred(row: WatchedRow, verdict: Deferred, delayMs: number): number | null {
    const key = deferralKey(verdict, row.attempts);
    if (key === null || this.stops) return null;
    const alike = this.watch.deferred(row, key, this.now);
    if (!alike) return null;
    return this.sendCanary(alike, row.sendId, verdict, Math.min(delayMs, CANARY_AT_MOST_MS));
  }

  private sendCanary(
    alike: DeferredAlike,
    sendId: number,
    deferred: Deferred,
    delayMs: number,
  ): number {
    const seqs = [...(alike.runs.get(sendId)?.attempts.keys() ?? [])];
    this.canary = { alike, deferred, sendId, seqs, at: this.now + delayMs };
    const reason = wordsOf(deferred);
    this.report({ kind: 'first-tries-deferred', rows: alike.rows, reason, waitMs: delayMs });
    this.stopAll();
    return delayMs;
  }

  private endCanary(): void {
    this.canary = null;
    this.onFree();
  }

  private meet(verdict: Limited, deferred: ReadonlyMap<number, Run> = new Map()): void {
    const holdId = this.relay?.holdId ?? 0;
    this.met = { holdId, kind: verdict.limit, reason: wordsOf(verdict), deferred };
    this.stopAll();
  }

  private stopAll(): void {
    for (const batch of this.batches) batch.stop();
  }

  // ── What the database says ───────────────────────────────────────────────

  /** Writes what is to be written, and reads how the relay is. */
  async look(): Promise<void> {
    // One under way may have been asked before what is to be seen or written.
    while (this.reading) await this.reading.catch(() => undefined);
    this.reading = this.writeAndRead();
    try {
      await this.reading;
    } finally {
      this.reading = null;
    }
  }

  /** The same, unless it was done a moment ago, or is just being done. */
  async lookNowAndThen(): Promise<void> {
    if (this.reading) return;
    if (this.met || this.now - this.readAt >= LOOK_EVERY_MS) await this.look();
  }

  /** The last acceptances, for others. */
  async noteAccepted(): Promise<void> {
    const { acceptances } = this.watch;
    if (acceptances === this.noted) return;
    await this.shared.noteAccepted();
    this.noted = acceptances;
  }

  private async writeAndRead(): Promise<void> {
    const { met, probe } = this;
    if (met) {
      const { deferred, ...hold } = met;
      const waitMs = holdWaitMs(hold.kind, 0, this.policy);
      await this.shared.raise({ ...hold, waitMs, actor: this.worker }, deferred);
    }
    await this.noteAccepted();
    if (probe?.question.kind === 'hold' && !probe.isOver) {
      const { hold, by } = probe.question;
      const waitMs = this.waitOf(hold);
      await this.shared.keepProbe({ holdId: hold.id, by, waitMs });
    }
    const relay = await this.shared.read();
    if (met && this.met === met) this.met = null;
    this.learn(relay);
    if (met && this.hold) this.metHold = this.hold.id;
  }

  private learn(relay: Relay): void {
    const before = this.hold;
    this.relay = relay;
    this.readAt = this.now;
    const { hold } = this;
    const { name } = relay;
    if (before && !hold) {
      const heldMs = Math.max(0, relay.now.getTime() - before.since.getTime());
      this.report({ kind: 'relay-free', relay: name, heldMs });
      this.onFree();
    }
    if (!hold) return;
    if (hold.id !== this.toldOf) {
      const { kind, reason, until } = hold;
      const waitMs = Math.max(0, this.leftMs(hold));
      this.report({ kind: 'relay-held', relay: name, hold: kind, reason, until, waitMs });
      this.toldOf = hold.id;
    }
    this.stopAll();
  }

  // ── Probes ───────────────────────────────────────────────────────────────

  /** The probe of this claim, if it is to be had; `over` must be called for it. */
  async win(by: string): Promise<Probe | null> {
    this.asking = true;
    const { hold, canary } = this;
    if (hold && hold.kind !== 'operator') {
      const won = { holdId: hold.id, by, waitMs: this.waitOf(hold) };
      if (await this.shared.winProbe(won)) {
        this.probe = new Probe({ kind: 'hold', hold, limit: hold.kind, by });
      } else {
        await this.look();
      }
    } else if (!hold && canary) {
      this.probe = new Probe({ kind: 'canary', canary });
    }
    return this.probe;
  }

  /** Does what follows from the answer, once the row that got it is recorded. What failed half-way may be done again. */
  async conclude(probe: Probe): Promise<void> {
    const { question, answer } = probe;
    if (question.kind === 'hold') await this.concludeHold(question, answer);
    else if (answer) await this.concludeCanary(question.canary, answer);
    else if (!probe.isUntried) this.canary = null;
    probe.isOver = true;
    this.onFree();
  }

  private async concludeHold(
    { hold, by }: Extract<Probe['question'], { kind: 'hold' }>,
    answer: Probe['answer'],
  ): Promise<void> {
    const probe = { holdId: hold.id, by };
    if (answer === 'accepted') {
      await this.shared.end(probe);
    } else if (answer) {
      const { limit: kind } = answer;
      const waitMs = holdWaitMs(kind, hold.tries + 1, this.policy);
      await this.shared.extend({ ...probe, kind, reason: wordsOf(answer), waitMs });
      this.metHold = hold.id;
    }
    this.probe = null;
    await this.look();
    // Released meanwhile: what we were told is the newest there is.
    if (answer && answer !== 'accepted' && !this.hold) {
      this.meet(answer);
      await this.look();
    }
  }

  private async concludeCanary(
    { alike, deferred }: Canary,
    answer: NonNullable<Probe['answer']>,
  ): Promise<void> {
    this.canary = null;
    if (answer === 'accepted') {
      this.watch.excuse(alike.key, this.now);
      this.report({ kind: 'greylisting', reason: wordsOf(deferred) });
    } else {
      this.meet(answer, alike.runs);
      await this.look();
    }
  }

  /** The batch that had it has ended, or there was none. */
  async over(): Promise<void> {
    const { probe } = this;
    this.probe = null;
    this.asking = false;
    if (probe?.question.kind !== 'hold' || probe.isOver || !probe.isUntried) return;
    const { hold, by } = probe.question;
    await this.shared.returnProbe({ holdId: hold.id, by });
    await this.look();
  }

  private waitOf(hold: Hold): number {
    return hold.kind === 'operator' ? 0 : holdWaitMs(hold.kind, hold.tries, this.policy);
  }

  private get now(): number {
    return this.clock().monotonic;
  }

  /** By the database's clock. */
  private leftMs(hold: Hold): number {
    const readAt = this.relay?.now.getTime() ?? 0;
    return hold.until.getTime() - readAt - (this.now - this.readAt);
  }
}
