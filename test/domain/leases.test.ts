import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LeaseClock } from '../../src/domain/lease-clock.ts';
import { LeaseInHand } from '../../src/domain/lease-in-hand.ts';
import { charge, type Leased, type Unused } from '../../src/domain/leased.ts';
import {
  giveBack,
  grant,
  inTime,
  type Lease,
  type LeaseState,
  NOTHING_LEASED,
} from '../../src/domain/leases.ts';
import { lastsMs, limitUse, slowestOf } from '../../src/domain/limit-use.ts';
import { type RateLimit, readRates } from '../../src/domain/rates.ts';
import type { RoundHeld } from '../../src/domain/rounds.ts';

const limitsOf = (text: string): RateLimit[] => {
  const read = readRates(text);
  if ('wanted' in read) throw new Error(read.wanted);
  return read.limits;
};

/** How many of the times the fullest window of a length has, wherever it starts; times to the millionth. */
function fullest(times: readonly number[], windowMs: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  let most = 0;
  let from = 0;
  for (let to = 0; to < sorted.length; to++) {
    while ((sorted[to] as number) - (sorted[from] as number) >= windowMs - 1e-3) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

/** What a database keeps, and the clock it tells: both may change under its users. */
interface Shared {
  state: LeaseState;
  last: Holder | null;
  /** Added to the true time. */
  clockMs: number;
}

/** A process that leases instants from what is shared and starts messages at them. */
class Holder {
  readonly clock = new LeaseClock();
  readonly starts: number[] = [];
  private hands: LeaseInHand[] = [];
  private held: RoundHeld | null = null;
  /** Started since the last lease. */
  private count = 0;
  private askedAt = 0;
  asked = 0;
  private unused: Unused[] = [];
  private own: Leased[] = [];
  private retryAt = 0;
  private unfairAt: number | null = null;
  dead = false;
  jumps: number[] = [];

  constructor(
    private readonly shared: Shared,
    private readonly limits: RateLimit[],
    /** What its monotonic clock differs from the true time by, and how slow its requests are. */
    private readonly options: { monotonicMs: number; tripMs: number; nodeMs: number },
    private readonly holders: number,
  ) {}

  /** At `now`, the true time, with so many messages that could start. Says how many it started. */
  work(now: number, rows: number): number {
    if (this.dead) return 0;
    const monotonic = now + this.options.monotonicMs;
    let started = 0;
    while (started < rows && this.take(monotonic)) {
      this.starts.push(now);
      started += 1;
    }
    this.count += started;
    if (rows - started > 0 && now >= this.retryAt && this.runsShort(monotonic)) {
      this.ask(now, rows - started);
    }
    return started;
  }

  private take(monotonic: number): boolean {
    const [time, late] = [this.clock.now(monotonic), this.clock.lateMs(monotonic)];
    this.hands = this.hands.filter((hand) => {
      if (hand.left(time, late) > 0) return true;
      this.unused.push(hand.unused);
      return false;
    });
    return this.hands.some((hand) => hand.take(time, late));
  }

  private runsShort(monotonic: number): boolean {
    const last = this.hands.at(-1);
    if (!last) return true;
    const time = this.clock.now(monotonic);
    if (this.held && time >= this.held.moreAt) return true;
    return last.lease.group > 1 && last.lease.until - time < 40;
  }

  private ask(now: number, rows: number): void {
    this.asked += 1;
    const { shared, limits, options } = this;
    const { tripMs, monotonicMs, nodeMs } = options;
    // The server looked at its clock somewhere in the round trip that has just ended.
    const { jumpMs, isOther } = this.clock.read(
      {
        databaseMs: now - tripMs / 2 + shared.clockMs + nodeMs,
        asked: now - tripMs + monotonicMs,
        answered: now + monotonicMs,
        uptimeMs: now + monotonicMs,
      },
      shared.state,
    );
    if (jumpMs !== 0) this.jumps.push(jumpMs);
    if (isOther) this.unused.push(...this.hands.splice(0).map(({ unused }) => unused));
    const monotonic = now + monotonicMs;
    const time = this.clock.now(monotonic);
    const state = giveBack(inTime(shared.state, this.clock), limits, this.unused, time);
    const granted = grant(state, limits, {
      now: time,
      lateMs: this.clock.lateMs(monotonic),
      rows,
      slots: 0,
      pace: this.askedAt === 0 ? rows : (this.count / (now - this.askedAt)) * 250 * 1.5,
      mine: 1,
      all: this.holders,
      own: this.own,
      held: this.held,
      again: shared.last === this,
      greedy: this.unfairAt !== null && now >= this.unfairAt,
    });
    if (!granted.lease) {
      this.retryAt = now + Math.max(1, granted.freeAt - time);
      if (granted.unfair) this.unfairAt ??= this.retryAt;
      return;
    }
    this.unfairAt = null;
    shared.state = granted.state;
    shared.last = this;
    this.unused = [];
    this.own = charge(this.own, limits, granted.lease, time);
    this.held = granted.held;
    this.hands.push(new LeaseInHand(granted.lease));
    this.count = 0;
    this.askedAt = now;
  }
}

interface Run {
  limits: RateLimit[];
  holders: Holder[];
  shared: Shared;
}

function run(
  rates: string,
  options: { monotonicMs: number; tripMs: number; nodeMs: number }[],
  ms: number,
  each: (run: Run, now: number) => void = () => undefined,
  rows: (holder: number, now: number) => number = () => 1000,
  stepMs = 1,
): Run {
  const limits = limitsOf(rates);
  const shared: Shared = { state: NOTHING_LEASED, last: null, clockMs: 1_800_000_000_000 };
  const holders = options.map((one) => new Holder(shared, limits, one, options.length));
  const all = { limits, holders, shared };
  for (let now = 0; now < ms; now += stepMs) {
    each(all, now);
    holders.forEach((holder, index) => {
      holder.work(now, rows(index, now));
    });
  }
  return all;
}

const startsOf = ({ holders }: Run): number[] => holders.flatMap(({ starts }) => starts);

function expectKept(all: Run, minus = 0): void {
  for (const { count, perSeconds } of all.limits) {
    expect(fullest(startsOf(all), perSeconds * 1000 - minus)).toBeLessThanOrEqual(count);
  }
}

const near = { monotonicMs: 0, tripMs: 1, nodeMs: 0 };

describe('leased instants', () => {
  test.each([
    ['14/s', 1, 20_000, 14],
    ['14/s', 3, 20_000, 14],
    ['300/30s', 3, 120_000, 10],
    ['14/s,300/30s', 3, 120_000, 10],
    ['2000/s', 4, 5_000, 2000],
    ['600/s', 2, 5_000, 600],
    ['3000/s', 40, 5_000, 3000],
    ['10/min', 2, 600_000, 1 / 6],
    ['1/2s', 2, 120_000, 0.5],
    ['20/3s', 2, 60_000, 20 / 3],
    ['50/s,600/min', 2, 240_000, 10],
  ])('of %s, by %i holders, are used to 95 %% and never over', (rates, holders, ms, aSecond) => {
    const all = run(
      rates,
      Array.from({ length: holders }, (_, i) => ({ ...near, monotonicMs: i * 1e6 })),
      ms,
    );
    expectKept(all);
    const counts = all.holders.map(({ starts }) => starts.length);
    const used = counts.reduce((sum, count) => sum + count, 0);
    // What starts at once at the beginning of a window is more than the share of a time that ends in a window.
    expect(used).toBeGreaterThanOrEqual(Math.floor(0.95 * aSecond * (ms / 1000)));
    expect(Math.min(...counts)).toBeGreaterThan(0.8 * Math.max(...counts) - 2);
  });

  test.each([
    ['a few a second', (now: number) => (now % 200 === 0 ? 1 : 0)],
    ['half of its part', (now: number) => (now % 2 === 0 ? 1 : 0)],
    ['nothing for a while, then as much', (now: number) => (now % 3_000 < 1_500 ? 0 : 1000)],
  ])('that one holder wants %s are used by the other', (_, wanted) => {
    const all = run(
      '2000/s',
      [near, { ...near, monotonicMs: 7 }],
      9_000,
      () => undefined,
      (index, now) => (index === 0 ? 1000 : wanted(now)),
    );
    expectKept(all);
    expect(startsOf(all).length).toBeGreaterThanOrEqual(0.94 * 2000 * 9);
    expect((all.holders[1] as Holder).starts.length).toBeGreaterThan(0);
  });

  test('of a rate that nobody reaches let everybody start at once, for a few requests a second', () => {
    const all = run(
      '100000/s',
      Array.from({ length: 4 }, () => near),
      4_000,
      () => undefined,
      () => 1,
    );
    for (const { starts, asked } of all.holders) {
      expect(starts.length).toBeGreaterThan(0.97 * 4_000);
      expect(asked).toBeLessThan(4 * 12);
    }
  });

  test('in no window, wherever it starts, are more used than a limit says', () => {
    const rate = fc.oneof(
      fc.constantFrom(
        '14/s',
        '3/s',
        '7/2s',
        '100/s',
        '40/5s',
        '9/4s',
        '14/s,40/5s',
        '5/s,8/2s,30/10s',
        '800/s',
        '2000/s,3000/4s',
      ),
    );
    const holder = fc.record({
      monotonicMs: fc.integer({ min: -1e9, max: 1e9 }),
      tripMs: fc.constantFrom(0.2, 1, 5, 15, 40),
      nodeMs: fc.constantFrom(0, 0, 1, -2),
      diesAt: fc.option(fc.integer({ min: 100, max: 8_000 }), { freq: 4 }),
      every: fc.constantFrom(1, 1, 3, 7),
    });
    fc.assert(
      fc.property(
        rate,
        fc.array(holder, { minLength: 1, maxLength: 5 }),
        fc.array(
          fc.record({
            at: fc.integer({ min: 1000, max: 8_000 }),
            ms: fc.constantFrom(3_600_000, -3_600_000, 60_000, -7_000, 300, -300),
          }),
          { maxLength: 3 },
        ),
        fc.func(fc.nat({ max: 30 })),
        (rates, holders, jumps, rows) => {
          const all = run(
            rates,
            holders,
            8_000,
            ({ shared, holders: all }, now) => {
              for (const jump of jumps) if (jump.at === now) shared.clockMs += jump.ms;
              holders.forEach((one, index) => {
                if (one.diesAt === now) (all[index] as Holder).dead = true;
              });
            },
            (index, now) =>
              now % (holders[index]?.every ?? 1) === 0 ? rows(index, Math.floor(now / 500)) : 0,
          );
          expectKept(all);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('control: with instants closer by J than they are, a window has one too many', () => {
    const state = grant(NOTHING_LEASED, limitsOf('14/s'), {
      now: 0,
      lateMs: 0,
      rows: 100,
      slots: 0,
      pace: 100,
      mine: 1,
      all: 1,
      own: [],
      held: null,
      again: false,
      greedy: false,
    });
    expect(state.lease?.spacingMs).toBeCloseTo(1020 / 14, 2);
    const times = Array.from({ length: 40 }, (_, i) => i * (1000 / 14) + (i === 14 ? 19 : 0));
    expect(fullest(times, 1000)).toBe(15);
  });

  test.each([3_600_000, -3_600_000])(
    'go on at their rate when the clock jumps by %i ms, and the hour stays used up',
    (ms) => {
      const all = run(
        '14/s,60/20s',
        [near, { ...near, monotonicMs: 5 }],
        60_000,
        ({ shared }, now) => {
          if (now === 30_000) shared.clockMs += ms;
        },
      );
      expectKept(all);
      expect(startsOf(all).length).toBeGreaterThanOrEqual(0.95 * 180);
      expect(all.holders.flatMap(({ jumps }) => jumps).length).toBeGreaterThan(0);
    },
  );

  test.each([3_600_000, -3_600_000])(
    'found to have jumped by %i ms in a slow look, a clock brings nobody’s time forward',
    (ms) => {
      for (const toldAfterMs of [0, 20, 40]) {
        const [first, other] = [new LeaseClock(), new LeaseClock()];
        const look = (clock: LeaseClock, asked: number, answered: number, told: number, to = ms) =>
          clock.read(
            { databaseMs: 1_800_000_000_000 + told + to, asked, answered, uptimeMs: answered },
            { at: 0, shiftMs: first.shiftMs },
          );
        look(first, 0, 0, 0, 0);
        const before = first.now(0);
        // The look takes 40 ms; when the server told its time in them nobody knows.
        expect(look(first, 1_000, 1_040, 1_000 + toldAfterMs).jumpMs).not.toBe(0);
        look(other, 1_050, 1_050, 1_050);
        for (const clock of [first, other]) {
          expect(clock.now(1_050)).toBeLessThanOrEqual(before + 1_050);
          expect(clock.now(1_050) + clock.lateMs(1_050)).toBeGreaterThanOrEqual(before + 1_000);
        }
      }
    },
  );

  test('keep to the rate when whoever is told of a jump first is slow to hear', () => {
    for (let at = 1_000; at < 3_000; at += 31) {
      for (const ms of [3_600_000, -3_600_000, 300]) {
        const all = run('14/s', [near, { ...near, tripMs: 40 }, near], 5_000, ({ shared }, now) => {
          if (now === at) shared.clockMs += ms;
        });
        expectKept(all);
        expect(startsOf(all).length).toBeGreaterThan(0.9 * 5 * 14);
      }
    }
  });

  test('a process that begins after the clock was set back waits for no hour to pass', () => {
    const limits = limitsOf('14/s,60/20s');
    const shared: Shared = { state: NOTHING_LEASED, last: null, clockMs: 1_800_000_000_000 };
    const first = new Holder(shared, limits, near, 1);
    for (let now = 0; now < 10_000; now++) first.work(now, 100);
    shared.clockMs -= 3_600_000;
    const second = new Holder(shared, limits, { ...near, monotonicMs: 99 }, 1);
    for (let now = 10_000; now < 40_000; now++) second.work(now, 100);
    expect(fullest([...first.starts, ...second.starts], 20_000)).toBeLessThanOrEqual(60);
    expect(second.starts.length).toBeGreaterThanOrEqual(55);
  });

  test('of clocks that differ by less than J none is over', () => {
    const all = run(
      '14/s',
      [near, { ...near, nodeMs: 8, monotonicMs: 3 }, { ...near, nodeMs: -8 }],
      20_000,
    );
    // What the nodes' clocks differ by is what a window may be short of.
    expectKept(all, 16);
  });

  test('a killed holder loses what it had, and no more', () => {
    const all = run('100/s', [near, near], 10_000, ({ holders }, now) => {
      if (now === 2_000) (holders[1] as Holder).dead = true;
    });
    const later = (all.holders[0] as Holder).starts.filter((at) => at >= 2_500);
    // Half of it: a batch that is claimed still counts.
    expect(later.length).toBeGreaterThan(0.45 * 750);
    expectKept(all);
  });
});

describe('what is leased', () => {
  const ask = {
    lateMs: 0,
    rows: 100,
    slots: 0,
    pace: 100,
    mine: 1,
    all: 1,
    own: [],
    held: null,
    again: false,
    greedy: false,
  };
  const start = 1_800_000_000_000;

  test('and plenty lasts until a message is on the wire', () => {
    const { lease } = grant(NOTHING_LEASED, limitsOf('100000/s'), {
      ...ask,
      now: start,
      rows: 30_000,
    });
    const hand = new LeaseInHand(lease as Lease);
    for (let now = start; now < start + 200; now += 0.25) {
      expect(hand.take(now, 0)).toBe(true);
      expect(hand.latest - now).toBeGreaterThanOrEqual(1);
    }
  });

  test('of an hour that is used up says when it opens', () => {
    const limits = limitsOf('500/h');
    let state = NOTHING_LEASED;
    for (let given = 0; given < 500; given += 100) {
      const granted = grant(state, limits, { ...ask, now: start });
      if (!granted.lease) throw new Error('none');
      state = granted.state;
    }
    expect(limitUse(state, limits, start)).toMatchObject([
      { count: 500, perSeconds: 3600, used: 500, left: 0 },
    ]);
    const granted = grant(state, limits, { ...ask, now: start });
    if (granted.lease) throw new Error('one too many');
    expect(granted.unfair).toBe(false);
    expect(granted.freeAt - start).toBeGreaterThan(3_600_000);
    expect(granted.freeAt - start).toBeLessThan(3_600_000 * 1.04);
    expect(slowestOf(limitUse(state, limits, start))?.opensInMs).toBe(granted.freeAt - start);
    expect(lastsMs(limitUse(state, limits, start), 1200) / 3_600_000).toBeCloseTo(3, 0);
    expect(grant(state, limits, { ...ask, now: granted.freeAt }).lease?.starts).toBe(100);
  });

  test('is free again once it is given back unused', () => {
    const limits = limitsOf('500/h');
    const granted = grant(NOTHING_LEASED, limits, { ...ask, now: start });
    if (!granted.lease) throw new Error('none');
    const hand = new LeaseInHand(granted.lease);
    for (let i = 0; i < 40; i++) expect(hand.take(start, 0)).toBe(true);
    const state = giveBack(granted.state, limits, [hand.unused], start);
    expect(limitUse(state, limits, start)[0]).toMatchObject({ used: 40, left: 460 });
  });

  test('stays counted of a window that another limit is set beside', () => {
    const granted = grant(NOTHING_LEASED, limitsOf('500/h'), { ...ask, now: start });
    const both = limitsOf('600/h,10/min');
    const again = grant((granted as { state: LeaseState }).state, both, { ...ask, now: start });
    expect(again.lease?.starts).toBe(10);
    expect(limitUse((again as { state: LeaseState }).state, both, start)).toMatchObject([
      { count: 10, used: 10 },
      { count: 600, used: 110 },
    ]);
  });

  test('lasts as long as the limits take, the slowest of them', () => {
    expect(lastsMs(limitUse(NOTHING_LEASED, limitsOf('14/s'), start), 1400) / 1000).toBeCloseTo(
      102,
      0,
    );
    expect(lastsMs(limitUse(NOTHING_LEASED, limitsOf('14/s,500/h'), start), 500)).toBeLessThan(
      60_000,
    );
    expect(
      lastsMs(limitUse(NOTHING_LEASED, limitsOf('14/s,500/h'), start), 501),
    ).toBeGreaterThanOrEqual(3_600_000);
    expect(lastsMs([], 501)).toBe(0);
  });
});
