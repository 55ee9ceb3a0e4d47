import { type HoldPolicy, holdWaitMs } from '../../domain/hold.js';
import type { Clock } from '../../domain/lease.js';
import type { WatchedRow } from '../../domain/quota-watch.js';
import type { Hold, RelayState } from '../../domain/relay.js';
import type { HeldRelay, Report } from '../../domain/scheduler-events.js';
import type { SharedRelay } from '../ports.js';
import { Acceptances } from './acceptances.js';
import { KnownRelay } from './known-relay.js';
import { type Deferred, type Limited, type Probe, rowsOf } from './probe.js';
import { Probes } from './probes.js';
import { Signs } from './signs.js';

/** What the database is to know is written this often. */
const WRITE_EVERY_MS = 1_000;

/** A batch, which is told when nothing more may start. */
export interface Held {
  stop(): void;
}

/**
 * What holds the relay, for all batches of this process: writes what replies tell of its limit where all hosts see it, sees
 * what others wrote, and has one message at a time find out when a hold can end.
 */
export class RelayHold {
  private readonly relay: KnownRelay;
  private readonly signs: Signs;
  private readonly probes: Probes;
  private readonly noted: Acceptances;
  private readonly batches = new Set<Held>();
  private reading: Promise<void> | null = null;
  private writtenAt = Number.NEGATIVE_INFINITY;
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
    /** Told when something may start that could not, … */
    private readonly onFree: () => void,
    /** … and that it is so since the relay takes messages again, nobody knows how many. */
    private readonly onEnded: () => void,
  ) {
    const self = this;
    this.relay = new KnownRelay(policy, () => this.now);
    this.probes = new Probes(shared, policy, {
      get hold() {
        return self.relay.hold;
      },
      get canary() {
        return self.signs.awaited;
      },
      get now() {
        return self.now;
      },
      look: () => this.look(),
      told: (canary, answer) => this.signs.told(canary, answer),
      notTried: (canary) => this.signs.notTried(canary),
      meet: (limited) => this.signs.meet(limited, null),
      onRefused: ({ id }) => {
        this.metHold = id;
      },
      onFree,
    });
    this.signs = new Signs(policy, report, {
      get isKnown() {
        return self.relay.hold !== null || self.probes.isOut;
      },
      get holdId() {
        return self.relay.holdId;
      },
      get now() {
        return self.now;
      },
      onStop: () => this.stopAll(),
      onFree,
    });
    this.noted = new Acceptances(
      shared,
      () => this.acceptances,
      () => this.now,
    );
  }

  join(batch: Held): void {
    this.batches.add(batch);
    // It may have been on its way when the others were stopped.
    if (this.stops) batch.stop();
  }

  leave(batch: Held): void {
    this.batches.delete(batch);
    this.noted.see();
  }

  /** Whether nothing may start, but for what finds out whether anything may. */
  get stops(): boolean {
    return this.relay.hold !== null || this.signs.stop;
  }

  /** Whether what first tries deferred alike mean is to be found out next. */
  get waitsForCanary(): boolean {
    return this.canarySend !== null;
  }

  /** The send of which rows are to be tried again for that. */
  get canarySend(): number | null {
    const { awaited } = this.signs;
    return this.relay.hold === null && awaited ? rowsOf(awaited).sendId : null;
  }

  /** The hold that stands, for people. */
  get held(): HeldRelay | null {
    const { hold } = this.relay;
    return hold && { kind: hold.kind, reason: hold.reason, until: hold.until };
  }

  /** The same, if this process met or renewed it. */
  get metHere(): HeldRelay | null {
    return this.relay.hold?.id === this.metHold ? this.held : null;
  }

  /** Milliseconds until a probe may be made; infinite while one of ours is, or there is nothing to find out. */
  untilProbeMs(): number {
    const { relay, signs } = this;
    const { hold } = relay;
    if (this.probes.isOut || signs.met) return Number.POSITIVE_INFINITY;
    if (hold) return relay.leftMs(hold);
    return signs.awaited ? Math.max(0, signs.awaited.at - this.now) : Number.POSITIVE_INFINITY;
  }

  /** Milliseconds that the hold lasts at least; 0 where there is none. */
  get leastMs(): number {
    const { hold } = this.relay;
    return hold ? this.relay.leftMs(hold) : 0;
  }

  /** Whether it has stood for so long, and through so many probes, that who waited as long waits for nothing. */
  isHopeless(afterMs: number): boolean {
    return this.relay.isHopeless(afterMs);
  }

  // ── What the replies say ─────────────────────────────────────────────────

  /** Messages accepted from this process. */
  get acceptances(): number {
    return this.signs.watch.acceptances;
  }

  /** @param wasTold whether it had told of a limit for the row before */
  accepted(wasTold: boolean): void {
    this.signs.accepted(wasTold);
  }

  /** Whether a row that was told of a limit has been accepted lately. */
  get isLimitOfTime(): boolean {
    return this.signs.watch.isLimitOfTime(this.now);
  }

  /**
   * Whether the relay has accepted anything since a row was due, from us or from others.
   * @param acceptances of ours when the row was marked
   * @param dueAt by the database's clock; undefined for one that was never tried
   */
  acceptedSince(acceptances: number, dueAt: Date | undefined): boolean {
    return this.acceptances > acceptances || this.relay.acceptedSince(dueAt);
  }

  /**
   * Whether it has accepted anything beside a row that was told of a limit, but for what ended a hold.
   * @param acceptances of ours when the row was marked
   * @param dueAt as above
   */
  acceptedBeside(acceptances: number, dueAt: Date | undefined): boolean {
    return this.acceptances > acceptances || this.relay.acceptedWhileFree(dueAt);
  }

  /** Milliseconds since the database's clock was seen to have jumped ahead; infinite where it was not. */
  get sinceAheadMs(): number {
    return this.relay.sinceAheadMs;
  }

  /** Milliseconds in which it is known to have accepted nothing; infinite where it never did. */
  get silentMs(): number {
    return this.relay.silentMs;
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
    this.noted.see();
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
    this.noted.see();
    if (this.reading) return;
    const isProbing = this.probes.isToBeKept && this.now - this.writtenAt >= WRITE_EVERY_MS;
    if (this.signs.met || isProbing) await this.look();
  }

  /** At the end: what nobody else would write. */
  async lastWords(): Promise<void> {
    if (this.signs.met) await this.look();
    await this.noteAccepted();
  }

  /** The last acceptances, for others. Never rejects: where it fails, the next ones are noted. */
  noteAccepted(): Promise<void> {
    this.noted.see();
    return this.noted.note();
  }

  private async writeAndRead(): Promise<void> {
    const { shared, signs, worker } = this;
    const { met } = signs;
    this.writtenAt = this.now;
    if (met) {
      const { deferred, ...hold } = met;
      const waitMs = holdWaitMs(hold.kind, 0, this.policy);
      await shared.raise({ ...hold, waitMs, actor: worker }, deferred);
    }
    await this.probes.keep();
    const askedAt = this.now;
    const relay = await shared.read();
    if (met && signs.met === met) signs.met = null;
    this.learn(relay, askedAt);
    if (met && this.relay.hold) this.metHold = this.relay.hold.id;
    if (relay.isLapsed) await shared.lapse({ holdId: relay.holdId, actor: worker });
  }

  /** @param askedAt when it was asked for, by the monotonic clock: nothing older than what is known is learnt */
  learn(state: RelayState, askedAt: number): void {
    const { relay, told } = this;
    if (!relay.learn(state, askedAt)) return;
    const { hold } = relay;
    const { name } = state;
    this.told = hold;
    // An operator's that ends by its time stops nobody from then on, seen or not.
    if (told && !hold) {
      const heldMs = Math.max(0, state.now.getTime() - told.since.getTime());
      this.report({ kind: 'relay-free', relay: name, heldMs });
      if (told.kind !== 'operator') this.onEnded();
      this.onFree();
    }
    this.probes.heed(hold, askedAt);
    if (!hold) return;
    if (hold.id !== told?.id) {
      const { kind, reason, until } = hold;
      const waitMs = relay.leftMs(hold);
      this.report({ kind: 'relay-held', relay: name, hold: kind, reason, until, waitMs });
    }
    this.stopAll();
  }

  // ── Probes ───────────────────────────────────────────────────────────────

  /** The probe of this claim, if it is to be had; `over` must be called for it. */
  win(by: string): Promise<Probe | null> {
    return this.probes.win(by);
  }

  /** Does what follows from the answer, once the row that got it is recorded. What failed half-way may be done again. */
  conclude(probe: Probe): Promise<void> {
    return this.probes.conclude(probe);
  }

  /** The batch that had it has ended, or there was none. */
  over(probe: Probe | null): Promise<void> {
    return this.probes.over(probe);
  }

  private get now(): number {
    return this.clock().monotonic;
  }
}
