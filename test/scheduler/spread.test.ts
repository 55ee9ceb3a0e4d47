import { expect, test } from 'vitest';
import { Spread } from '../../src/scheduler/spread.ts';

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
