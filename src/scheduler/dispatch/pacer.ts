import type { Clock, Instant } from '../../domain/lease.js';
import { type ClockReading, LeaseClock } from '../../domain/lease-clock.js';
import { LeaseInHand } from '../../domain/lease-in-hand.js';
import {
  AHEAD_MS,
  charge,
  freeOf,
  isSpaced,
  type Leased,
  spacingMs,
  type Unused,
} from '../../domain/leased.js';
import {
  giveBack,
  grant,
  type LeaseReading,
  type LeaseState,
  NOTHING_LEASED,
} from '../../domain/leases.js';
import { freeAt } from '../../domain/limit-use.js';
import { formatRate, type RateLimit, readRates } from '../../domain/rates.js';
import type { Report } from '../../domain/scheduler-events.js';
import type { Ledger } from '../ports.js';

/** A look at what is leased serves for so long, where nobody else leases. */
const LOOK_EVERY_MS = 1_000;
/** Rows are marked for what may start within this time. */
const MARK_AHEAD_MS = 1_000;
/** A message whose connection stands waits so long for its turn, and then goes back. */
const TURN_MS = 2_000;
/** The next lease is asked for so long before the last is over. */
const LEAD_MS = 20;
/** How much the wall clock may gain on the monotonic one; more, and the machine was suspended. */
const SUSPENDED_MS = 1_000;
/** Who meets others at the same version of what is leased tries again a little later. */
const CONFLICT_MS = 3;
const CONFLICTS_AT_ONCE = 4;
const AWAY_MS = 1_000;
const TELL_EVERY_MS = 60_000;
/** Through a longer wait no claim is kept. */
export const LET_GO_MS = 60_000;

interface Waiting {
  owner: object;
  until: number;
  resolve: (granted: boolean) => void;
}

interface InHand {
  hand: LeaseInHand;
  grantedAt: Instant;
}

export interface PacerDeps {
  ledger: Pick<Ledger, 'readLeases' | 'writeLeases'>;
  clock: Clock;
  /** Milliseconds since the machine was started, whether it was suspended or not. */
  uptimeMs: () => number;
  random: () => number;
  report: Report;
}

/**
 * When messages may start, where the relay has a rate: leases instants over all hosts and sends, and gives each message
 * one of them. Without a rate it does nothing, and costs nothing.
 */
export class Pacer {
  /** Told whenever a message may start. */
  onTurn: () => void = () => undefined;
  /** Batches of ours under way. */
  batches = 0;
  private text: string | null | undefined;
  private limits: readonly RateLimit[] = [];
  /** Whether the rate that is set cannot be read. */
  private unreadable = false;
  private readonly time = new LeaseClock();
  private readonly hands: InHand[] = [];
  private unused: Unused[] = [];
  /** What we have leased of long windows. */
  private own: readonly Leased[] = [];
  private readonly waiting: Waiting[] = [];
  /** Messages that wait for a connection. */
  private queued = 0;
  /** Messages that a connection is being made for, without an instant. */
  private connecting = 0;
  private known: { reading: LeaseReading; at: number; ours: boolean } | null = null;
  private asking: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  /** Nothing is free before this time, by the monotonic clock. */
  private closedUntil = Number.NEGATIVE_INFINITY;
  private greedyAt: number | null = null;
  /** Nobody else wants any: so many times as many instants may be leased as there are messages. */
  private spare = 1;
  private starts = { count: 0, since: 0 };
  private perSecond = { batch: 1, near: 1 };
  private toldAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly deps: PacerDeps) {}

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
    this.dropHands();
    this.closedUntil = Number.NEGATIVE_INFINITY;
    this.perSecond = { batch: 1, near: 1 };
    this.spare = 1;
    if (this.unreadable) this.closeFor(2 * LET_GO_MS);
    if (this.isOn) this.schedule();
    else this.open();
  }

  /** Rows that a batch may have waiting. */
  get room(): number {
    if (!this.isOn) return Number.POSITIVE_INFINITY;
    return this.closedMs > MARK_AHEAD_MS ? 0 : this.perSecond.batch;
  }

  /** Milliseconds until anything is free at all. */
  get closedMs(): number {
    return this.isOn ? Math.max(0, this.closedUntil - this.deps.clock().monotonic) : 0;
  }

  /** As `closedMs`, read anew where that is longer ago than a moment. */
  async look(): Promise<number> {
    const now = this.deps.clock().monotonic;
    const isStale = this.known === null || now - this.known.at >= LOOK_EVERY_MS;
    if (this.text === undefined || (this.closedMs > 0 && isStale)) {
      const reading = await this.read();
      const time = this.time.now(this.deps.clock().monotonic);
      if (this.unreadable) return this.closedMs;
      const free = freeAt(reading.state ?? NOTHING_LEASED, this.limits, time);
      this.closeFor(free.at - time);
    }
    return this.closedMs;
  }

  /** Whether a connection may be made for a message, so that it is warm when the message's turn comes. */
  get mayConnect(): boolean {
    return this.connecting < this.perSecond.near && this.closedMs <= MARK_AHEAD_MS;
  }

  /** So many messages wait for a connection. */
  want(queued: number): void {
    this.queued = queued;
    if (queued > 0 || this.waiting.length > 0) this.schedule();
  }

  /** Takes an instant for a message whose connection is at hand, if one has come that nobody waits for. */
  takeNow(): boolean {
    return this.waiting.length === 0 && this.take();
  }

  private take(): boolean {
    const now = this.deps.clock();
    while (this.hands[0]) {
      const { hand, grantedAt } = this.hands[0];
      const time = this.time.now(now.monotonic);
      const late = this.time.lateMs(now.monotonic);
      if (this.hasSlept(grantedAt, now)) {
        this.dropHands();
      } else if (hand.take(time, late)) {
        this.starts.count += 1;
        this.askAhead(hand, time, late);
        return true;
      } else if (hand.left(time, late) > 0) {
        return false;
      } else {
        this.hands.shift();
        this.noteUnused(hand);
      }
    }
    return false;
  }

  /** Waits until a message may start, its connection at hand. @returns whether it may */
  async turn(owner: object): Promise<boolean> {
    if (!this.isOn || this.takeNow()) return true;
    return new Promise((resolve) => {
      const until = this.deps.clock().monotonic + TURN_MS;
      this.waiting.push({ owner, until, resolve });
      this.schedule();
    });
  }

  /** A message without an instant goes to a connection that is not made yet; or has got there. */
  connects(by: 1 | -1): void {
    this.connecting += by;
  }

  /** Messages of the owner that wait for their turn go back. */
  withdraw(owner: object): void {
    for (let i = this.waiting.length - 1; i >= 0; i--) {
      if (this.waiting[i]?.owner === owner) this.waiting.splice(i, 1)[0]?.resolve(false);
    }
  }

  /** Gives back what is leased and not used. Never rejects. */
  async giveBack(): Promise<void> {
    if (!this.isOn) return;
    this.dropHands();
    await this.asking;
    if (this.batches === 0) this.dropHands();
    try {
      for (let tries = 0; tries < CONFLICTS_AT_ONCE && this.owesStarts; tries++) {
        const { version, state } = await this.read();
        if (state === null) break;
        const time = this.time.now(this.deps.clock().monotonic);
        const { shiftMs } = this.time;
        const left = giveBack({ ...state, shiftMs }, this.limits, this.unused, time);
        if (await this.write(version, left)) this.unused = [];
      }
    } catch {
      // What is lost of a window opens again with it.
    }
    this.unused = [];
  }

  private get owesStarts(): boolean {
    return this.unused.some(({ starts }) => starts > 0);
  }

  private open(): void {
    clearTimeout(this.timer);
    for (const { resolve } of this.waiting.splice(0)) resolve(true);
    this.onTurn();
  }

  private dropHands(): void {
    for (const { hand } of this.hands.splice(0)) this.noteUnused(hand);
  }

  private noteUnused({ unused }: LeaseInHand): void {
    if (unused.starts > 0) this.unused.push(unused);
  }

  private hasSlept(since: Instant, now: Instant): boolean {
    return now.wall - since.wall > now.monotonic - since.monotonic + SUSPENDED_MS;
  }

  /** Whoever waits with a connection comes before those who wait for one. */
  private serve(): void {
    const now = this.deps.clock().monotonic;
    while (this.waiting[0] && (now >= this.waiting[0].until || this.take())) {
      const { until, resolve } = this.waiting.shift() as Waiting;
      resolve(now < until);
    }
    this.onTurn();
    this.schedule();
  }

  /** Sees to it that the next turn is given when it comes. */
  private schedule(): void {
    clearTimeout(this.timer);
    if (!this.isOn || this.waiting.length + this.queued === 0) return;
    const now = this.deps.clock().monotonic;
    const time = this.time.now(now);
    const next =
      this.hands[0]?.hand.nextAt(time, this.time.lateMs(now)) ?? Number.POSITIVE_INFINITY;
    let waitMs = next - time;
    if (waitMs === Number.POSITIVE_INFINITY) {
      if (this.asking) return;
      waitMs = this.closedUntil - now;
      if (waitMs <= 0) {
        this.ask();
        return;
      }
    }
    const giveUpMs = (this.waiting[0]?.until ?? Number.POSITIVE_INFINITY) - now;
    this.timer = setTimeout(
      () => this.serve(),
      Math.max(1, Math.min(waitMs, giveUpMs, MARK_AHEAD_MS)),
    );
  }

  /** The next lease is asked for while the last still serves. */
  private askAhead(hand: LeaseInHand, time: number, late: number): void {
    const { lease } = hand;
    const left = hand.left(time, late);
    if (this.hands.length > 1 || this.asking || this.queued + this.waiting.length <= left) return;
    if (left <= lease.starts / 4 || lease.until - time < LEAD_MS * 2) {
      if (this.closedUntil <= this.deps.clock().monotonic) this.ask();
    }
  }

  private ask(): void {
    if (this.asking) return;
    this.asking = this.lease()
      .catch(() => this.closeFor(AWAY_MS))
      .finally(() => {
        this.asking = null;
        this.serve();
      });
  }

  private async lease(): Promise<void> {
    for (let conflicts = 0; ; conflicts++) {
      const { reading, again } = await this.current();
      if (!this.isOn) return;
      if (this.unreadable) return;
      const now = this.deps.clock();
      const time = this.time.now(now.monotonic);
      const { limits } = this;
      const unused = [...this.unused];
      const state = giveBack(
        { ...(reading.state ?? NOTHING_LEASED), shiftMs: this.time.shiftMs },
        limits,
        unused,
        time,
      );
      const rows = this.waiting.length + this.queued;
      if (rows === 0) return;
      const mine = Math.max(1, this.batches);
      const all = Math.max(mine, reading.batches);
      this.measure(state.leased, time, mine, all);
      const granted = grant(state, limits, {
        now: time,
        lateMs: this.time.lateMs(now.monotonic),
        rows: this.spare > 1 ? Math.max(rows, this.paceAhead(now.monotonic)) : rows,
        slots: this.spare > 1 ? rows * this.spare : 0,
        mine,
        all,
        own: this.own,
        again,
        greedy: this.greedyAt !== null && now.monotonic >= this.greedyAt,
      });
      if (!granted.lease) {
        const waitMs = granted.freeAt - time;
        if (waitMs > LET_GO_MS) this.tellReached(state, time, waitMs);
        this.closeFor(waitMs);
        if (granted.unfair) this.greedyAt ??= this.closedUntil;
        return;
      }
      if (await this.write(reading.version, granted.state)) {
        this.unused = this.unused.slice(unused.length);
        this.own = charge(this.own, limits, granted.lease, time);
        this.greedyAt = null;
        this.hands.push({ hand: new LeaseInHand(granted.lease), grantedAt: now });
        this.starts = { count: 0, since: now.monotonic };
        return;
      }
      this.spare = 1;
      if (conflicts >= CONFLICTS_AT_ONCE) {
        return this.closeFor(CONFLICT_MS * (1 + this.deps.random()));
      }
    }
  }

  /** What is leased: as we have left it ourselves a moment ago, or as it is read. */
  private async current(): Promise<{ reading: LeaseReading; again: boolean }> {
    const { known } = this;
    const isAlone = known !== null && known.reading.batches <= this.batches;
    if (known?.ours && isAlone && this.deps.clock().monotonic - known.at < LOOK_EVERY_MS) {
      this.spare = Math.min(this.spare * 2, 1024);
      return { reading: known.reading, again: true };
    }
    const reading = await this.read();
    const again = known?.ours === true && known.reading.version === reading.version;
    if (!again) this.spare = 1;
    return { reading, again };
  }

  private async read(): Promise<LeaseReading> {
    const { ledger, clock, uptimeMs, report } = this.deps;
    const asked = clock().monotonic;
    const reading = await ledger.readLeases();
    const answered = clock().monotonic;
    const look: ClockReading = {
      databaseMs: reading.databaseMs,
      asked,
      answered,
      uptimeMs: uptimeMs(),
    };
    const jumpMs = this.time.read(look, reading.state ?? NOTHING_LEASED);
    if (jumpMs !== 0 && answered - this.toldAt >= TELL_EVERY_MS) {
      this.toldAt = answered;
      report({ kind: 'clock-jumped', ms: Math.round(jumpMs) });
    }
    this.known = { reading, at: answered, ours: false };
    this.learn(reading.rates);
    return reading;
  }

  private async write(version: number | null, state: LeaseState): Promise<boolean> {
    const { known } = this;
    this.known = null;
    const written = await this.deps.ledger.writeLeases(version, state);
    if (written && known) {
      const reading = { ...known.reading, version: (version ?? 0) + 1, state };
      this.known = { reading, at: known.at, ours: true };
    }
    return written;
  }

  private tellReached(state: LeaseState, time: number, waitMs: number): void {
    const { limit } = freeAt(state, this.limits, time);
    if (limit) this.deps.report({ kind: 'rate-reached', limit: formatRate(limit), waitMs });
  }

  private closeFor(ms: number): void {
    this.closedUntil = this.deps.clock().monotonic + ms;
  }

  /** What each batch, and this process, may start. */
  private measure(leased: readonly Leased[], time: number, mine: number, all: number): void {
    const spacing = spacingMs(this.limits);
    const spaced = (ms: number): number => (spacing > 0 ? ms / spacing : Number.POSITIVE_INFINITY);
    let free = Number.POSITIVE_INFINITY;
    for (const limit of this.limits) {
      if (!isSpaced(limit)) free = Math.min(free, freeOf(leased, limit, time));
    }
    const part = (starts: number): number => Math.max(1, Math.ceil(Math.min(starts, free) / all));
    this.perSecond = {
      batch: part(spaced(MARK_AHEAD_MS)),
      near: mine * part(spaced(AHEAD_MS)),
    };
  }

  /** Messages that start within a lease, by how many did in the last one; and half as many more. */
  private paceAhead(now: number): number {
    const { count, since } = this.starts;
    return Math.ceil((count / Math.max(1, now - since)) * AHEAD_MS * 1.5);
  }
}
