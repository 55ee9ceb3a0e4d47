import { describe, expect, test } from 'vitest';
import { InFlightLimit } from '../../../src/scheduler/batch/in-flight-limit.ts';

const none = (): void => undefined;

describe('the limit of rows that may be `sending`', () => {
  test('grants what is left of the limit, and nothing above it', () => {
    const limit = new InFlightLimit(4);
    const batch = {};
    limit.join(batch, none);
    expect(limit.take(batch, 3, 0)).toBe(3);
    expect(limit.take(batch, 3, 0)).toBe(1);
    expect(limit.take(batch, 3, 0)).toBe(0);
  });

  test('rows recorded in a transaction make room for as many marked in it', () => {
    const limit = new InFlightLimit(4);
    const batch = {};
    limit.join(batch, none);
    limit.take(batch, 4, 0);
    expect(limit.take(batch, 4, 3)).toBe(3);
    limit.put(batch, 3);
    expect(limit.take(batch, 4, 0)).toBe(0);
  });

  test('a batch that waits gets the rows another records, before that one marks anew', () => {
    const limit = new InFlightLimit(4);
    const [large, small] = [{}, {}];
    limit.join(large, none);
    limit.take(large, 4, 0);
    limit.join(small, none);
    expect(limit.take(small, 2, 0)).toBe(0);
    expect(limit.take(large, 4, 2)).toBe(0);
    limit.put(large, 2);
    expect(limit.take(small, 2, 0)).toBe(2);
  });

  test('a batch whose share has shrunk below what it holds does not hold up those behind it', () => {
    const limit = new InFlightLimit(8);
    const [large, first, second, third] = [{}, {}, {}, {}];
    limit.join(large, none);
    limit.take(large, 6, 0);
    limit.join(first, none);
    limit.take(first, 2, 0);
    limit.take(first, 1, 0);
    limit.join(second, none);
    limit.join(third, none);
    limit.put(large, 6);
    limit.take(first, 1, 0);
    expect(limit.take(second, 1, 0)).toBe(1);
    expect(limit.take(third, 1, 0)).toBe(1);
  });
});
