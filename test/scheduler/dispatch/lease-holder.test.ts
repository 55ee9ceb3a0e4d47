import { expect, test } from 'vitest';
import { limitUse } from '../../../src/domain/limit-use.ts';
import { readRates } from '../../../src/domain/rates.ts';
import {
  LeaseHolder,
  type LeaseHolderDeps,
  type Start,
} from '../../../src/scheduler/dispatch/lease-holder.ts';
import { Pacer } from '../../../src/scheduler/dispatch/pacer.ts';
import { Turn } from '../../../src/scheduler/dispatch/turn.ts';
import { LeaseBook } from '../../support/lease-book.ts';

const START = 1_800_000_000_000;

/** What is leased at one relay, and processes that lease of it, in a time that the test moves on. */
class World {
  now = 1_000;
  readonly book: LeaseBook;

  constructor(private readonly rates: string) {
    this.book = new LeaseBook(rates, () => START + this.now);
  }

  deps(): LeaseHolderDeps {
    return {
      ledger: this.book.ledger,
      clock: () => ({ monotonic: this.now, wall: START + this.now }),
      uptimeMs: () => this.now,
      random: () => 0.5,
      report: () => undefined,
    };
  }

  holder(): LeaseHolder {
    const holder = new LeaseHolder(this.deps(), () => undefined);
    holder.learn(this.rates);
    return holder;
  }

  /** Of the longest limit. */
  get used(): number | undefined {
    return this.usedAt(this.now);
  }

  usedAt(now: number): number | undefined {
    const read = readRates(this.rates);
    if ('wanted' in read || !this.book.state) return undefined;
    return limitUse(this.book.state, read.limits, START + now).at(-1)?.used;
  }
}

const takeAll = (holder: LeaseHolder, most: number): number => {
  let taken = 0;
  while (taken < most && holder.take()) taken += 1;
  return taken;
};

test('what is given back by a request whose answer is lost is not given back again', async () => {
  const world = new World('100/h');
  const holder = world.holder();
  await holder.ask(60, 1);
  expect(takeAll(holder, 20)).toBe(20);
  holder.drop();
  world.book.answer = () => Promise.reject(new Error('the line broke'));
  await holder.giveBack();
  world.book.answer = () => Promise.resolve();
  expect(world.used).toBe(20);
  await holder.ask(20, 1);
  expect(takeAll(holder, 20)).toBe(20);
  holder.drop();
  await holder.giveBack();
  expect(world.used).toBe(40);
});

test('nor is what was given back by a lease whose answer is lost, and the lease is not used', async () => {
  const world = new World('100/h');
  const holder = world.holder();
  await holder.ask(60, 1);
  expect(takeAll(holder, 20)).toBe(20);
  world.now += 2_000;
  world.book.answer = () => Promise.reject(new Error('the line broke'));
  await expect(holder.ask(30, 1)).rejects.toThrow();
  world.book.answer = () => Promise.resolve();
  expect(holder.take()).toBeNull();
  await holder.giveBack();
  expect(world.used).toBe(50);
});

test('a lease asked for while unused ones are being given back does not give them back, too', async () => {
  const world = new World('100/h');
  const pacer = new Pacer(world.deps());
  pacer.learn('100/h');
  pacer.batches = 1;
  pacer.want(60, 60);
  await expect.poll(() => pacer.takeNow()).not.toBeNull();
  let started = 1;
  while (started < 20 && pacer.takeNow()) started += 1;
  let answer = (): void => undefined;
  world.book.answer = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const { writes } = world.book;
  pacer.batches = 0;
  const givenBack = pacer.giveBack();
  await expect.poll(() => world.book.writes).toBe(writes + 1);
  world.book.answer = () => Promise.resolve();
  pacer.batches = 1;
  pacer.want(20, 20);
  await new Promise((resolve) => setImmediate(resolve));
  answer();
  await givenBack;
  await expect.poll(() => pacer.takeNow()).not.toBeNull();
  started += 1;
  while (started < 40 && pacer.takeNow()) started += 1;
  pacer.batches = 0;
  pacer.want(0, 0);
  await pacer.giveBack();
  pacer.stop();
  expect(started).toBe(40);
  expect(world.used).toBe(40);
});

test('what is given back untouched, however late, is free of the lease that it was of', async () => {
  const world = new World('100/min');
  const holder = world.holder();
  await holder.ask(10, 1);
  const [first] = [holder.take(), ...Array.from({ length: 9 }, () => holder.take())];
  world.now += 5_000;
  await holder.ask(10, 1);
  const second = holder.take();
  holder.drop();
  await holder.giveBack();
  expect(world.used).toBe(11);
  holder.untake(first as Start);
  await holder.giveBack();
  expect(world.used).toBe(10);
  // The first ten are free once a minute has passed since, and no sooner; of the second none is given back with them.
  expect(world.usedAt(62_100)).toBe(1);
  holder.untake(second as Start);
  await holder.giveBack();
  expect(world.used).toBe(9);
});

/** A pacer that has leased at 10 a second, about 100 ms apart, and a message that has an instant. */
async function withTurn(): Promise<{ world: World; pacer: Pacer; turn: Turn }> {
  const world = new World('10/s');
  const pacer = new Pacer(world.deps());
  pacer.learn('10/s');
  pacer.batches = 1;
  pacer.want(10, 10);
  let start: Start | null = null;
  await expect
    .poll(() => {
      start = pacer.takeNow();
      return start;
    })
    .not.toBeNull();
  return { world, pacer, turn: new Turn(pacer, {}, start) };
}

test('a message whose MAIL went out behind a dot uses another instant on another connection', async () => {
  const { world, pacer, turn } = await withTurn();
  expect(turn.goes(() => true)).toBe(true);
  const wait = turn.wait();
  expect(wait).not.toBeNull();
  await new Promise((resolve) => setImmediate(resolve));
  expect(turn.goes(() => true)).toBe(false);
  world.now += 110;
  await wait;
  expect(turn.goes(() => true)).toBe(true);
  pacer.stop();
});

test('a message starts at once at its instant, and uses another where its connection took longer', async () => {
  const { world, pacer, turn } = await withTurn();
  world.now += 15;
  expect(turn.wait()).toBeNull();
  world.now += 10;
  const wait = turn.wait();
  expect(wait).not.toBeNull();
  world.now += 80;
  await wait;
  expect(turn.goes(() => true)).toBe(true);
  pacer.stop();
});

test.each(['at once', 'with the next lease'])(
  'what is given back %s is not of the part of a long window that the holder has had',
  async (when) => {
    const world = new World('100/h');
    world.book.batches = 2;
    const holder = world.holder();
    // Its part is 50: each time 25 or so are leased, two used, and the rest is given back.
    for (let i = 0; i < 10; i++) {
      world.now += 2_000;
      await holder.ask(25, 1);
      expect(takeAll(holder, 2)).toBe(2);
      if (when === 'at once') {
        holder.drop();
        await holder.giveBack();
      }
    }
    holder.drop();
    await holder.giveBack();
    expect(world.used).toBe(20);
  },
);
