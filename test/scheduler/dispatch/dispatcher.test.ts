import { expect, test, vi } from 'vitest';
import { ConnectionLimit } from '../../../src/domain/connection-limit.ts';
import type { FilledMessage } from '../../../src/domain/message.ts';
import type { ConnectionShares } from '../../../src/scheduler/dispatch/connection-shares.ts';
import { Dispatcher } from '../../../src/scheduler/dispatch/dispatcher.ts';
import type { Job } from '../../../src/scheduler/dispatch/job.ts';
import { Pacer } from '../../../src/scheduler/dispatch/pacer.ts';
import type { Transmission, Transport } from '../../../src/scheduler/ports.ts';
import { LeaseBook } from '../../support/lease-book.ts';

/** Connections that stand, and end their messages when the test says. */
class Connections {
  carried: Transmission[] = [];
  active = 0;
  open: number;
  acceptanceMs = 1_000;
  onFree: (() => void) | null = null;
  readonly onTheWire = 0;
  /** Whether a message is announced as soon as it is carried. */
  proceeds = true;
  readonly limit: ConnectionLimit;

  constructor(count: number) {
    this.open = count;
    this.limit = new ConnectionLimit(count, 1_000);
  }
  get free(): number {
    return this.open - this.active;
  }
  get warm(): number {
    return this.free;
  }
  carry(first: Transmission): Promise<void> {
    this.active += 1;
    this.carried.push(first);
    if (this.proceeds) first.mayProceed();
    return Promise.resolve();
  }
  endOne(): void {
    this.active -= 1;
    this.onFree?.();
  }
  /** The last one that began is accepted. */
  accept(): void {
    const reply = { code: 250, enhanced: null, text: 'ok' };
    this.carried.at(-1)?.done({ kind: 'sent', reply }, { kind: 'reply', stage: 'dot', reply });
    this.endOne();
  }
  allow = (): void => undefined;
  maxSize = (): Promise<null> => Promise.resolve(null);
  destroy = (): void => undefined;
  close = (): Promise<void> => Promise.resolve();
}

function dispatch(rates: string, connections: number) {
  const book = new LeaseBook(rates, () => 1_800_000_000_000 + performance.now());
  const clock = () => ({ monotonic: performance.now(), wall: Date.now() });
  const pacer = new Pacer({
    ledger: book.ledger,
    clock,
    uptimeMs: () => performance.now(),
    random: () => 0.5,
    report: () => undefined,
  });
  const transport = new Connections(connections);
  const shares = { use: () => undefined, learn: () => undefined, areNone: false, areOthers: false };
  const dispatcher = new Dispatcher(
    transport as Transport,
    { firstMs: 1_000, maxMs: 1_000 },
    clock,
    pacer,
    shares as unknown as ConnectionShares,
    () => undefined,
  );
  const owner = { trouble: () => undefined, wake: () => undefined };
  dispatcher.join(owner);
  dispatcher.learnLimits({ rates, connections: null });
  const job = (message: () => FilledMessage): Job => ({
    owner,
    goesFirst: false,
    message,
    mayProceed: () => true,
    mayEnd: () => true,
    done: () => ({ sign: 'nothing', reason: '' }),
  });
  return { book, pacer, transport, dispatcher, owner, job };
}

const mail = (): FilledMessage => ({}) as FilledMessage;

test('while all connections are busy no instants are leased, and nothing wakes for them', async () => {
  const { book, pacer, transport, dispatcher, job } = dispatch('200/s', 1);
  const told = vi.fn(pacer.onTurn);
  pacer.onTurn = told;
  for (let i = 0; i < 50; i++) dispatcher.submit(job(mail));
  await expect.poll(() => transport.carried.length).toBe(1);
  // Two leases long, and more.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { writes } = book;
  told.mockClear();
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(book.writes).toBe(writes);
  expect(told.mock.calls.length).toBe(0);
  transport.endOne();
  await expect.poll(() => transport.carried.length).toBe(2);
  dispatcher.stop();
});

test('an instant of a message that cannot be made goes back', async () => {
  const { book, pacer, transport, dispatcher, owner, job } = dispatch('100/h', 2);
  let failed = 0;
  const broken = job(() => {
    failed += 1;
    throw new Error('no such filter');
  });
  dispatcher.submit(job(mail));
  await expect.poll(() => transport.carried.length).toBe(1);
  for (let i = 1; i <= 3; i++) {
    dispatcher.submit(broken);
    await expect.poll(() => failed).toBe(i);
  }
  dispatcher.leave(owner);
  await pacer.giveBack();
  const counts = book.state?.leased.flatMap((leased) => leased.counts) ?? [];
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
  dispatcher.stop();
});

test('messages that go first do so in the order they came in, and before all others', () => {
  const { dispatcher, transport, job } = dispatch('none', 1);
  const taken: string[] = [];
  const named = (name: string, goesFirst: boolean): Job => ({
    ...job(() => {
      taken.push(name);
      return mail();
    }),
    goesFirst,
  });
  dispatcher.submit(named('on its way', false));
  for (const name of ['a', 'b']) dispatcher.submit(named(name, false));
  for (const name of ['1', '2']) dispatcher.submit(named(name, true));
  dispatcher.submit(named('c', false));
  dispatcher.submit(named('3', true));
  for (let i = 0; i < 6; i++) transport.endOne();
  expect(taken).toEqual(['on its way', '1', '2', '3', 'a', 'b', 'c']);
});

test('a message that was held up until its instant was over does not start at it', async () => {
  const { transport, dispatcher, job } = dispatch('20/s', 1);
  dispatcher.submit(job(mail));
  await expect.poll(() => transport.carried.length).toBe(1);
  transport.proceeds = false;
  dispatcher.submit(job(mail));
  transport.endOne();
  await expect.poll(() => transport.carried.length).toBe(2);
  const [, late] = transport.carried;
  // Nothing else goes on meanwhile, as while other messages are made.
  for (const until = performance.now() + 25; performance.now() < until; );
  expect(late?.mayProceed()).toBe(false);
  dispatcher.stop();
});

test('after a hold messages start no sooner than others are accepted', () => {
  const { dispatcher, transport, job } = dispatch('none', 4);
  dispatcher.startSlowly();
  for (let i = 0; i < 20; i++) dispatcher.submit(job(mail));
  const begun = [transport.carried.length];
  for (let i = 0; i < 4; i++) {
    transport.accept();
    begun.push(transport.carried.length);
  }
  // By the third all four connections may be used: then each acceptance frees one.
  expect(begun).toEqual([1, 3, 5, 7, 8]);
});

test('who waits for room after a hold is told of each acceptance', () => {
  const { dispatcher, transport, owner, job } = dispatch('none', 4);
  const wake = vi.fn();
  const other = { ...owner, wake };
  dispatcher.join(other);
  dispatcher.startSlowly();
  dispatcher.submit(job(mail));
  expect(dispatcher.markable()).toBe(0);
  transport.accept();
  expect(wake).toHaveBeenCalled();
  expect(dispatcher.markable()).toBe(2);
});

test('with a rate more connections are used where those that are used are busy while their instants pass', async () => {
  const { dispatcher, transport, job } = dispatch('1000/s', 12);
  for (let i = 0; i < 20; i++) dispatcher.submit(job(mail));
  await expect.poll(() => transport.carried.length).toBe(12);
  dispatcher.stop();
});

test('a message that hangs after a hold keeps others waiting for some seconds, not until it ends', () => {
  vi.useFakeTimers();
  try {
    const { dispatcher, transport, job } = dispatch('none', 4);
    dispatcher.startSlowly();
    for (let i = 0; i < 3; i++) dispatcher.submit(job(mail));
    expect(transport.carried.length).toBe(1);
    vi.advanceTimersByTime(4_500);
    expect(transport.carried.length).toBe(1);
    vi.advanceTimersByTime(1_500);
    expect(transport.carried.length).toBe(2);
    vi.advanceTimersByTime(6_000);
    expect(transport.carried.length).toBe(3);
    dispatcher.stop();
  } finally {
    vi.useRealTimers();
  }
});
