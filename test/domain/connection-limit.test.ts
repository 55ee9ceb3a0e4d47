import { beforeEach, describe, expect, test } from 'vitest';
import { ConnectionLimit, type Learnt } from '../../src/domain/connection-limit.ts';

const BACKOFF = { firstMs: 1_000, maxMs: 60_000 };

const limitOf = (connections: number): ConnectionLimit => new ConnectionLimit(connections, 1_000);

/** @returns whether it counted */
const fail = (limit: ConnectionLimit, startedAt = 0, now = startedAt): boolean =>
  limit.failed({ startedAt, reason: 'refused', crowded: false }, now, BACKOFF);

describe('as few connections as keep up', () => {
  test('double while messages wait and nothing moves, up to the connections there may be', () => {
    const limit = limitOf(24);
    const widths = Array.from({ length: 4 }, () => {
      limit.widen();
      return limit.width;
    });
    expect(widths).toEqual([8, 16, 24, 24]);
  });

  test('are fewer again only when the queue emptied with no stall since it last did', () => {
    const limit = limitOf(32);
    limit.widen();
    limit.widen();
    limit.drained();
    expect(limit.width).toBe(16);
    limit.drained();
    limit.drained();
    limit.drained();
    expect(limit.width).toBe(4);
  });
});

describe('what a server bears', () => {
  /** Fails for the first time since it was well. */
  const trouble = (limit: ConnectionLimit): void => {
    expect(fail(limit)).toBe(true);
    limit.succeeded();
  };

  test('halves when it failed, and gets one more for every so many messages that go well', () => {
    const limit = limitOf(16);
    limit.widen();
    limit.widen();
    fail(limit);
    expect(limit.width).toBe(8);
    const until = (width: number): number => {
      let messages = 0;
      for (; limit.width < width; messages++) limit.succeeded();
      return messages;
    };
    expect(until(9)).toBe(20);
    fail(limit);
    expect(limit.width).toBe(4);
    expect(until(5)).toBe(80);
    expect(until(16)).toBe(11 * 80);
    fail(limit);
    expect(until(9)).toBe(20);
  });

  test('never comes to fewer than four connections, nor to more than there may be', () => {
    for (const [connections, fewest] of [
      [2, 2],
      [16, 4],
    ] as const) {
      const limit = limitOf(connections);
      for (let i = 0; i < 5; i++) limit.widen();
      expect(limit.width).toBe(connections);
      for (let i = 0; i < 5; i++) trouble(limit);
      expect(limit.width).toBe(fewest);
      for (let i = 0; i < 10_000; i++) limit.succeeded();
      expect(limit.width).toBe(connections);
    }
  });

  test('is as much as before when it is only crowded by others, or fails once more', () => {
    const limit = limitOf(16);
    for (let i = 0; i < 2; i++) limit.widen();
    limit.failed({ startedAt: 0, reason: 'too many', crowded: true }, 0, BACKOFF);
    expect(limit.width).toBe(16);
    fail(limit, 1);
    expect(limit.width).toBe(16);
  });
});

describe('the health of the server', () => {
  test('lets everybody start while it is well', () => {
    expect(limitOf(8).room(0)).toBe(Number.POSITIVE_INFINITY);
  });

  test('after a failure nobody starts, doubling to a limit; then one probe', () => {
    const server = limitOf(8);
    const waits: number[] = [];
    let now = 0;
    for (let i = 0; i < 8; i++) {
      expect(fail(server, now)).toBe(true);
      waits.push(server.retryAt - now);
      expect(server.room(server.retryAt - 1)).toBe(0);
      now = server.retryAt;
      expect(server.room(now)).toBe(1);
      server.started();
      expect(server.room(now)).toBe(0);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000));
    server.succeeded();
    expect(server.room(now)).toBe(Number.POSITIVE_INFINITY);
  });

  test('counts once what several connections met at the same time', () => {
    const server = limitOf(8);
    expect(fail(server, 0, 100)).toBe(true);
    expect(fail(server, 50, 101)).toBe(false);
    expect(server.failures).toBe(1);
  });
});

describe('what a server takes', () => {
  let now: number;
  let told: Learnt[];
  let limit: ConnectionLimit;

  beforeEach(() => {
    now = 0;
    told = [];
    limit = limitOf(8);
  });

  const pass = (ms: number): void => {
    now += ms;
    if (now >= limit.triesMoreAt) limit.tryOneMore();
  };
  const refuse = (others: number): void => limit.refused(others, 'too many', now);
  const accept = (open: number): void => {
    const learnt = limit.accepted(open, now);
    if (learnt) told.push(learnt);
  };
  const learn = (...others: number[]): void => {
    for (const count of others) refuse(count);
    pass(300);
    accept(limit.takes);
  };

  test('refusals that come together are one change, told of once', () => {
    learn(7, 6, 5, 4, 3);
    accept(3);
    expect(limit.takes).toBe(3);
    expect(told).toEqual([{ connections: 3, reason: 'too many' }]);
  });

  test('there is always one, and never more than the server had taken', () => {
    learn(3, 7);
    expect(limit.takes).toBe(3);
    learn(0);
    expect(limit.takes).toBe(1);
  });

  test('one more is tried after a second, and later and later after each try in vain; nothing is told of those', () => {
    learn(3);
    for (const waitMs of [700, 4_000, 16_000, 64_000, 120_000, 120_000]) {
      pass(waitMs - 1);
      expect(limit.takes).toBe(3);
      pass(1);
      expect(limit.takes).toBe(4);
      accept(3);
      refuse(3);
    }
    pass(300);
    accept(3);
    expect(told).toEqual([{ connections: 3, reason: 'too many' }]);
  });

  test('a place more counts once it was used, then the next is tried, up to all of them, which is told', () => {
    learn(6);
    pass(60_000);
    expect(limit.takes).toBe(7);
    accept(6);
    pass(60_000);
    expect(limit.takes).toBe(7);
    accept(7);
    pass(1_000);
    accept(8);
    expect(limit.takes).toBe(8);
    expect(told).toEqual([
      { connections: 6, reason: 'too many' },
      { connections: 8, reason: '' },
    ]);
  });

  test('bounds how many are used, whatever keeps up', () => {
    limit.widen();
    learn(3);
    expect(limit.width).toBe(3);
    pass(1_000);
    expect(limit.width).toBe(4);
  });

  test('has nothing to learn from a message that is accepted while it takes all there may be', () => {
    expect(limit.learnsFromAcceptance).toBe(false);
    refuse(3);
    expect(limit.learnsFromAcceptance).toBe(true);
    pass(300);
    accept(3);
    expect(limit.learnsFromAcceptance).toBe(false);
    pass(700);
    expect(limit.learnsFromAcceptance).toBe(true);
  });
});
