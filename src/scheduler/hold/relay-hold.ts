import { type HoldPolicy, holdLeftMs, holdWaitMs, probeLeaseMs } from '../../domain/hold.js';
import type { Clock } from '../../domain/lease.js';
import type { WatchedRow } from '../../domain/quota-watch.js';
import { type Hold, isHopeless, type RelayState } from '../../domain/relay.js';
import type { HeldRelay, Report } from '../../domain/scheduler-events.js';
import type { SharedRelay } from '../ports.js';
import { type Deferred, type Limited, Probe, rowsOf, wordsOf } from './probe.js';
import { Signs } from './signs.js';

/** What the database is to know is written this often. */
const WRITE_EVERY_MS = 1_000;
/** Somebody's acceptance is noted within this time. */
const NOTED_WITHIN_MS = 2_000;

/** A batch, which is told when nothing more may start. */
export interface Held {
  stop(): void;
}

/**
 * What holds the relay, for all batches of this process: writes what replies tell of its limit where all hosts see it, sees
 * what others wrote, and has one message at a time find out when a hold can end.
 */
export class RelayHold {
  private readonly signs: Signs;
  private readonly batches = new Set<Held>();
  private relay: RelayState | null = null;
  /** When that was asked for, and when it was learnt, by the monotonic clock. */
  private askedAt = Number.NEGATIVE_INFINITY;
  private readAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | null = null;
  private writtenAt = Number.NEGATIVE_INFINITY;
  /** A probe of ours is under way, or about to be. */
  private asking = false;
  private probe: Probe | null = null;
  /** Of the acceptances, those of which the database knows. */
  private noted = 0;
  private notedAt = Number.NEGATIVE_INFINITY;
  private noting: Promise<void> | null = null;
  /** The hold that was reported last, until its end is. */
  private told: Hold | null = null;
  private metHold = 0;

  constructor(
    private readonly shared: SharedRelay,
    private readonly policy: HoldPolicy,
    /** Who raises holds. */
    private readonly worker: string,
    private readonly clock: Clock,
    private readonly report: Report,
    /** Told when something may start that could not. */
    private readonly onFree: () => void,
  ) {
    const hold = this;
    this.signs = new Signs(policy, report, {
      get isKnown() {
        return hold.hold !== null || hold.asking;
      },
      get holdId() {
        return hold.relay?.holdId ?? 0;
      },
      get now() {
        return hold.now;
      },
      onStop: () => this.stopAll(),
      onFree,
    });
  }

  join(batch: Held): void {
    this.batches.add(batch);
    // It may have been on its way when the others were stopped.
    if (this.stops) batch.stop();
  }

  leave(batch: Held): void {
    this.batches.delete(batch);
  }

  /** Whether nothing may start, but for what finds out whether anything may. */
  get stops(): boolean {
    return this.hold !== null || this.signs.stop;
  }

  /** Whether what first tries deferred alike mean is still to be found out. */
  get waitsForCanary(): boolean {
    return this.signs.awaited !== null;
  }

  /** The send of which rows are to be tried again for that. */
  get canarySend(): number | null {
    const { awaited } = this.signs;
    return this.hold === null && awaited ? rowsOf(awaited).sendId : null;
  }

  /** The hold that stands, for people. */
  get held(): HeldRelay | null {
    const { hold } = this;
    return hold && { kind: hold.kind, reason: hold.reason, until: hold.until };
  }

  /** The same, if this process met or renewed it. */
  get metHere(): HeldRelay | null {
    return this.hold?.id === this.metHold ? this.held : null;
  }

  /** Milliseconds until a probe may be made; infinite while one of ours is, or there is nothing to find out. */
  untilProbeMs(): number {
    const { hold, signs } = this;
    if (this.asking || signs.met) return Number.POSITIVE_INFINITY;
    if (hold) return this.leftMs(hold);
    return signs.awaited ? Math.max(0, signs.awaited.at - this.now) : Number.POSITIVE_INFINITY;
  }

  /** Milliseconds that the hold lasts at least; 0 where there is none. */
  get leastMs(): number {
    const { hold } = this;
    return hold ? this.leftMs(hold) : 0;
  }

  /** Whether it has stood for so long, and through so many probes, that who waited as long waits for nothing. */
  isHopeless(afterMs: number): boolean {
    return this.relay !== null && isHopeless(this.relay, afterMs);
  }

  // ── What the replies say ─────────────────────────────────────────────────

  /** Messages accepted from this process. */
  get acceptances(): number {
    return this.signs.watch.acceptances;
  }

  accepted(): void {
    this.signs.accepted();
  }

  /**
   * Whether the relay has accepted anything since a row was due, from us or from others.
   * @param acceptances of ours when the row was marked
   * @param dueAt by the database's clock; undefined for one that was never tried
   */
  acceptedSince(acceptances: number, dueAt: Date | undefined): boolean {
    if (this.acceptances > acceptances) return true;
    const last = this.relay?.lastAcceptedAt;
    if (!this.relay || !last || !dueAt) return false;
    // Of a clock that was ahead: nothing is known of it.
    if (last > this.relay.now) return false;
    return last.getTime() - NOTED_WITHIN_MS >= dueAt.getTime();
  }

  /** Milliseconds in which it is known to have accepted nothing; infinite where it never did. */
  get silentMs(): number {
    const { relay } = this;
    if (!relay?.lastAcceptedAt) return Number.POSITIVE_INFINITY;
    return relay.now.getTime() - relay.lastAcceptedAt.getTime() + (this.now - this.readAt);
  }

  limited(row: WatchedRow, verdict: Limited): number {
    return this.signs.limited(row, verdict);
  }

  deferred(row: WatchedRow, verdict: Deferred, delayMs: number): number | null {
    return this.signs.deferred(row, verdict, delayMs);
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

  /** What a batch sees to now and then, beside what it learns of the relay: only a limit or a probe is waited for. */
  async keepUp(): Promise<void> {
    if (this.now - this.notedAt >= WRITE_EVERY_MS) void this.noteAccepted();
    if (this.reading) return;
    const isProbing = this.probe !== null && this.now - this.writtenAt >= WRITE_EVERY_MS;
    if (this.signs.met || isProbing) await this.look();
  }

  /** The last acceptances, for others. Never rejects: where it fails, the next ones are noted. */
  noteAccepted(): Promise<void> {
    this.noting ??= this.note().finally(() => {
      this.noting = null;
    });
    return this.noting;
  }

  private async note(): Promise<void> {
    const { acceptances } = this;
    if (acceptances === this.noted) return;
    this.notedAt = this.now;
    try {
      await this.shared.noteAccepted();
      this.noted = acceptances;
    } catch {
      // It is a hint.
    }
  }

  private async writeAndRead(): Promise<void> {
    const { probe, signs, told } = this;
    const { met } = signs;
    this.writtenAt = this.now;
    if (met) {
      const { deferred, ...hold } = met;
      const waitMs = holdWaitMs(hold.kind, 0, this.policy);
      await this.shared.raise({ ...hold, waitMs, actor: this.worker }, deferred);
    }
    if (probe?.question.kind === 'hold' && !probe.isOver) {
      const { hold, by } = probe.question;
      const waitMs = probeLeaseMs(hold, this.policy);
      await this.shared.keepProbe({ holdId: hold.id, by, waitMs });
    }
    if (told?.kind === 'operator' && this.leftMs(told) === 0) {
      await this.shared.lapse({ holdId: told.id, actor: this.worker });
    }
    const askedAt = this.now;
    const relay = await this.shared.read();
    if (met && signs.met === met) signs.met = null;
    this.learn(relay, askedAt);
    if (met && this.hold) this.metHold = this.hold.id;
  }

  /** @param askedAt when it was asked for, by the monotonic clock: nothing older than what is known is learnt */
  learn(relay: RelayState, askedAt: number): void {
    if (askedAt < this.askedAt) return;
    this.askedAt = askedAt;
    this.relay = relay;
    this.readAt = this.now;
    const { hold, told } = this;
    const { name } = relay;
    this.told = hold;
    // An operator's that ends by its time stops nobody from then on, seen or not.
    if (told && !hold) {
      const heldMs = Math.max(0, relay.now.getTime() - told.since.getTime());
      this.report({ kind: 'relay-free', relay: name, heldMs });
      this.onFree();
    }
    if (!hold) return;
    if (hold.id !== told?.id) {
      const { kind, reason, until } = hold;
      const waitMs = this.leftMs(hold);
      this.report({ kind: 'relay-held', relay: name, hold: kind, reason, until, waitMs });
    }
    this.stopAll();
  }

  // ── Probes ───────────────────────────────────────────────────────────────

  /** The probe of this claim, if it is to be had; `over` must be called for it. */
  async win(by: string): Promise<Probe | null> {
    this.asking = true;
    const { hold } = this;
    const canary = this.signs.awaited;
    if (hold && hold.kind !== 'operator') {
      const won = { holdId: hold.id, by, waitMs: probeLeaseMs(hold, this.policy) };
      if (await this.shared.winProbe(won)) {
        this.probe = new Probe({ kind: 'hold', hold, limit: hold.kind, by });
      } else {
        await this.look();
      }
    } else if (!hold && canary) {
      this.probe = new Probe({ kind: 'canary', canary, ...rowsOf(canary) });
    }
    return this.probe;
  }

  /** Does what follows from the answer, once the row that got it is recorded. What failed half-way may be done again. */
  async conclude(probe: Probe): Promise<void> {
    const { question, answer } = probe;
    if (question.kind === 'hold') {
      await this.concludeHold(question, answer);
    } else {
      this.signs.told(question.canary, answer);
      await this.look();
    }
    this.probe = null;
    this.asking = false;
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
    // What was decided is not to be kept.
    this.probe = null;
    await this.look();
    // Released meanwhile: what we were told is the newest there is.
    if (answer && answer !== 'accepted' && !this.hold) {
      this.signs.meet(answer, null);
      await this.look();
    }
  }

  /** The batch that had it has ended, or there was none. */
  async over(probe: Probe | null): Promise<void> {
    if (probe?.isOver) return;
    this.probe = null;
    this.asking = false;
    if (!probe?.isUntried) return;
    const { question } = probe;
    if (question.kind === 'canary') {
      this.signs.notTried(question.canary);
    } else {
      await this.shared.returnProbe({ holdId: question.hold.id, by: question.by });
      await this.look();
    }
  }

  /** The hold that stands, as far as is known. */
  private get hold(): Hold | null {
    const hold = this.relay?.hold ?? null;
    return hold?.kind === 'operator' && this.leftMs(hold) <= 0 ? null : hold;
  }

  private get now(): number {
    return this.clock().monotonic;
  }

  /** By the database's clock. */
  private leftMs(hold: Hold): number {
    const readAt = this.relay?.now.getTime() ?? 0;
    return holdLeftMs(hold, readAt + this.now - this.readAt, this.policy);
  }
}
