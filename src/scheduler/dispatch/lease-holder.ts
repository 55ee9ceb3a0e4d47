import type { LeaseClock } from '../../domain/lease-clock.js';
import { AHEAD_MS, charge, type Leased, startsWithin, type Unused } from '../../domain/leased.js';
import {
  giveBack,
  grant,
  inTime,
  type LeaseReading,
  type LeaseState,
  NOTHING_LEASED,
} from '../../domain/leases.js';
import { limitUse, slowestOf } from '../../domain/limit-use.js';
import { formatRate, type RateLimit, readRates } from '../../domain/rates.js';
import type { RoundHeld } from '../../domain/rounds.js';
import { Hand, type LeaseTime } from './hand.js';
import { SharedLeases, type SharedLeasesDeps } from './shared-leases.js';

/** Rows are marked for what may start within this time. */
export const MARK_AHEAD_MS = 1_000;
/** Who meets others at the same version of what is leased tries again a little later. */
const CONFLICT_MS = 3;
const CONFLICTS_AT_ONCE = 4;
const AWAY_MS = 1_000;
/** Through a longer wait no claim is kept. */
export const LET_GO_MS = 60_000;
/** A rate that cannot be read lets nothing start until it is set anew. */
const UNREADABLE_MS = 2 * LET_GO_MS;

/** An instant at which one message may start. */
export interface Start {
  /** No MAIL goes out for it later, by the monotonic clock. */
  latest: number;
  /** When its lease is over, as it is counted; null where there is no rate. */
  until: number | null;
}

export interface LeaseHolderDeps extends SharedLeasesDeps {
  random: () => number;
}

/** The instants that this process has leased, of the relay's limits. */
export class LeaseHolder {
  private text: string | null | undefined;
  private limits: readonly RateLimit[] = [];
  /** Whether the rate that is set cannot be read. */
  private unreadable = false;
  private readonly shared: SharedLeases;
  private readonly hand = new Hand((unused) => this.unused.push(unused));
  private unused: Unused[] = [];
  /** What we have leased of long windows. */
  private own: readonly Leased[] = [];
  private held: RoundHeld | null = null;
  /** Nothing is free before this time, by the monotonic clock. */
  private closedUntil = Number.NEGATIVE_INFINITY;
  /** The limit of which that is so, once it was told. */
  private reached: string | null = null;
  private greedyAt: number | null = null;
  /** Nobody else wants any: so many times as many instants may be leased as there are messages. */
  private spare = 1;
  /** What a batch may start within `MARK_AHEAD_MS`, and this process as far ahead as instants are leased. */
  private part = { batch: 1, near: 1 };

  /** @param onChange told when the rates are others */
  constructor(
    private readonly deps: LeaseHolderDeps,
    private readonly onChange: () => void,
  ) {
    this.shared = new SharedLeases(deps, () => this.hand.drop());
  }

  get isOn(): boolean {
    return this.limits.length > 0 || this.unreadable;
  }

  /** The relay's rates, as they are now. */
  learn(rates: string | null): void {
    if (rates === this.text) return;
    this.text = rates;
    const read = readRates(rates ?? 'none');
    this.unreadable = 'wanted' in read;
    this.limits = 'wanted' in read ? [] : read.limits;
    this.drop();
    this.held = null;
    this.reached = null;
    this.closeFor(this.unreadable ? UNREADABLE_MS : 0);
    this.part = { batch: 1, near: 1 };
    this.spare = 1;
    this.onChange();
  }

  /** Rows that a batch may have waiting. */
  get room(): number {
    if (!this.isOn) return Number.POSITIVE_INFINITY;
    return this.closedMs > MARK_AHEAD_MS ? 0 : this.part.batch;
  }

  /** Messages that this process may start as far ahead as instants are leased. */
  get near(): number {
    return this.closedMs > MARK_AHEAD_MS ? 0 : this.part.near;
  }

  /** Milliseconds until anything is free at all. */
  get closedMs(): number {
    return this.isOn ? Math.max(0, this.closedUntil - this.deps.clock().monotonic) : 0;
  }

  /** As `closedMs`, read anew where that is longer ago than a moment. */
  async look(): Promise<number> {
    if (this.text === undefined || (this.closedMs > 0 && this.shared.isStale)) {
      const reading = await this.read();
      await this.tellJump(reading);
      if (this.unreadable) {
        this.closeFor(UNREADABLE_MS);
      } else {
        const time = this.time.now(this.deps.clock().monotonic);
        const state = reading.state ?? NOTHING_LEASED;
        const waitMs = slowestOf(limitUse(state, this.limits, time))?.opensInMs ?? 0;
        this.tellReached(state, time, waitMs);
        this.closeFor(waitMs);
      }
    }
    return this.closedMs;
  }

  /** Why nothing is free for long, and until when, by the database's clock; null where it is free before that. */
  get closed(): { reason: string; until: Date } | null {
    const { closedMs, unreadable, reached } = this;
    if (closedMs === 0 || (!unreadable && reached === null)) return null;
    const { time } = this.timeAt(this.deps.clock().monotonic);
    return {
      reason: unreadable ? 'its rate cannot be read' : `its rate of ${reached} is used up`,
      until: new Date(time + closedMs + this.time.shiftMs),
    };
  }

  /** Takes an instant that has come; null where none has. */
  take(): Start | null {
    const now = this.deps.clock();
    const taken = this.hand.take(now, this.timeAt(now.monotonic));
    return taken && { latest: now.monotonic + taken.restMs, until: taken.until };
  }

  /** Nothing started at an instant that was taken. */
  untake({ until }: Start): void {
    if (until !== null) this.unused.push({ until, starts: 1 });
  }

  /** Milliseconds until the next instant of ours; infinite where we have none. */
  get nextMs(): number {
    const at = this.timeAt(this.deps.clock().monotonic);
    return this.hand.nextAt(at) - at.time;
  }

  /** Whether to ask for more while there are some, for so many messages. */
  runsShort(rows: number): boolean {
    if (this.hand.isEmpty || this.closedMs > 0) return false;
    const at = this.timeAt(this.deps.clock().monotonic);
    const mayHaveMore = this.held !== null && at.time >= this.held.moreAt;
    return (mayHaveMore && rows > 0) || this.hand.isShort(rows, at);
  }

  /** Nothing is asked for while the database is away. */
  wait(): void {
    this.closeFor(AWAY_MS);
  }

  /** What is in hand is given back with the next that is asked for. */
  drop(): void {
    this.hand.drop();
  }

  /** Gives back what is leased and not used. Never rejects. */
  async giveBack(): Promise<void> {
    try {
      for (let tries = 0; tries < CONFLICTS_AT_ONCE && this.unused.length > 0; tries++) {
        const { version, state } = await this.read();
        if (state === null) break;
        const time = this.time.now(this.deps.clock().monotonic);
        const left = giveBack(inTime(state, this.time), this.limits, this.unused, time);
        const own = this.ownWithoutUnused(time);
        if (await this.writeGivingBack(version, left)) this.own = own;
      }
    } catch {
      // What was not read is given back with the next lease; what is lost of a window opens again with it.
    }
  }

  /**
   * Asks for instants for so many messages that could start.
   * @param batches of ours under way
   */
  async ask(rows: number, batches: number): Promise<void> {
    for (let conflicts = 0; ; conflicts++) {
      const { reading, again } = await this.current(batches);
      if (!this.isOn) return;
      if (this.unreadable) return this.closeFor(UNREADABLE_MS);
      const now = this.deps.clock();
      const { time, lateMs } = this.timeAt(now.monotonic);
      const { limits } = this;
      this.hand.prune({ time, lateMs });
      const state = giveBack(
        inTime(reading.state ?? NOTHING_LEASED, this.time),
        limits,
        this.unused,
        time,
      );
      const own = this.ownWithoutUnused(time);
      const mine = Math.max(1, batches);
      const all = Math.max(mine, reading.batches);
      this.measure(state.leased, time, mine, all);
      const pace = this.hand.paceAhead(now);
      const granted = grant(state, limits, {
        now: time,
        lateMs,
        rows: this.spare > 1 ? Math.max(rows, pace) : rows,
        slots: this.spare > 1 ? rows * this.spare : 0,
        pace: this.hand.isFresh(now) ? Number.POSITIVE_INFINITY : Math.max(rows, pace),
        mine,
        all,
        own,
        held: this.held,
        again,
        greedy: this.greedyAt !== null && now.monotonic >= this.greedyAt,
      });
      if (!granted.lease) {
        await this.tellJump(reading);
        const waitMs = Math.min(granted.freeAt - time, this.leftMs(time));
        this.tellReached(state, time, waitMs);
        this.closeFor(waitMs);
        if (granted.unfair) this.greedyAt ??= this.closedUntil;
        return;
      }
      if (await this.writeGivingBack(reading.version, granted.state)) {
        this.own = charge(own, limits, granted.lease, time);
        this.held = granted.held;
        this.greedyAt = null;
        this.reached = null;
        this.hand.add(granted.lease, now);
        return;
      }
      this.spare = 1;
      if (conflicts >= CONFLICTS_AT_ONCE) {
        return this.closeFor(CONFLICT_MS * (1 + this.deps.random()));
      }
    }
  }

  /** Of a jump that we have found all learn, though nothing is leased: who begins later knew no better than the clock. */
  private async tellJump({ version, state }: LeaseReading): Promise<void> {
    if (state !== null && state.shiftMs !== this.time.shiftMs) {
      await this.shared.write(version, inTime(state, this.time));
    }
  }

  private get time(): LeaseClock {
    return this.shared.time;
  }

  private timeAt(monotonic: number): LeaseTime {
    return { time: this.time.now(monotonic), lateMs: this.time.lateMs(monotonic) };
  }

  /** While something is in hand, what is not free yet may be by what is given back of it. */
  private leftMs(time: number): number {
    return Math.max(1, this.hand.until - time);
  }

  private async current(batches: number): Promise<{ reading: LeaseReading; again: boolean }> {
    const left = this.shared.left(batches);
    if (left) {
      this.spare = Math.min(this.spare * 2, 1024);
      return { reading: left, again: true };
    }
    const current = await this.shared.again();
    this.learn(current.reading.rates);
    if (!current.again) this.spare = 1;
    return current;
  }

  private async read(): Promise<LeaseReading> {
    const reading = await this.shared.read();
    this.learn(reading.rates);
    return reading;
  }

  /**
   * Writes the state that all that was not used is given back in. Where no answer comes that may have been done: it is lost,
   * for given back twice it would be used twice.
   */
  private async writeGivingBack(version: number | null, state: LeaseState): Promise<boolean> {
    const { unused } = this;
    this.unused = [];
    const written = await this.shared.write(version, state);
    if (!written) this.unused = [...unused, ...this.unused];
    return written;
  }

  private ownWithoutUnused(time: number): readonly Leased[] {
    return this.unused.reduce<readonly Leased[]>(
      (own, { until, starts }) => charge(own, this.limits, { until, starts: -starts }, time),
      this.own,
    );
  }

  /** Once for as long as nothing was free, where that is long. */
  private tellReached(state: LeaseState, time: number, waitMs: number): void {
    if (waitMs <= LET_GO_MS) return;
    const limit = slowestOf(limitUse(state, this.limits, time));
    if (!limit) return;
    const text = formatRate(limit);
    if (this.reached !== text) this.deps.report({ kind: 'rate-reached', limit: text, waitMs });
    this.reached = text;
  }

  private closeFor(ms: number): void {
    this.closedUntil = this.deps.clock().monotonic + ms;
  }

  /** What each batch, and this process, may start. */
  private measure(leased: readonly Leased[], time: number, mine: number, all: number): void {
    const part = (ms: number): number =>
      Math.max(1, Math.ceil(startsWithin(leased, this.limits, ms, time) / all));
    this.part = { batch: part(MARK_AHEAD_MS), near: mine * part(AHEAD_MS) };
  }
}
