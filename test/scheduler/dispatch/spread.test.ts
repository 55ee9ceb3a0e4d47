import { expect, test } from 'vitest';
import { Spread } from '../../../src/scheduler/dispatch/spread.ts';

test('doubles while messages wait and nothing moves, up to the connections there may be', () => {
  const spread = new Spread(24);
  const widths = Array.from({ length: 4 }, () => {
    spread.widen();
    return spread.width;
  });
  expect(widths).toEqual([8, 16, 24, 24]);
});

test('narrows only when the queue emptied with no stall since it last did', () => {
  const spread = new Spread(32);
  spread.widen();
  spread.widen();
  spread.drained();
  expect(spread.width).toBe(16);
  spread.drained();
  spread.drained();
  spread.drained();
  expect(spread.width).toBe(4);
});

test('halves under a server that failed, and gives it one more for every so many messages that go well', () => {
  const spread = new Spread(16);
  spread.widen();
  spread.widen();
  spread.troubled();
  expect(spread.width).toBe(8);
  const until = (width: number): number => {
    let messages = 0;
    for (; spread.width < width; messages++) spread.succeeded();
    return messages;
  };
  expect(until(9)).toBe(20);
  spread.troubled();
  expect(spread.width).toBe(4);
  expect(until(5)).toBe(80);
  expect(until(16)).toBe(11 * 80);
  spread.troubled();
  expect(until(9)).toBe(20);
});

test('never comes to fewer than four connections, nor to more than there may be', () => {
  for (const [connections, fewest] of [
    [2, 2],
    [16, 4],
  ] as const) {
    const spread = new Spread(connections);
    for (let i = 0; i < 5; i++) spread.widen();
    expect(spread.width).toBe(connections);
    for (let i = 0; i < 5; i++) spread.troubled();
    expect(spread.width).toBe(fewest);
    for (let i = 0; i < 10_000; i++) spread.succeeded();
    expect(spread.width).toBe(connections);
  }
});
