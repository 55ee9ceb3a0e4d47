import { describe, expect, test } from 'vitest';
import { leaseHolds, leaseOf } from '../../src/domain/lease.ts';
import { retryDelayMs } from '../../src/domain/retry-delay.ts';

describe('the wait before a recipient is tried again', () => {
  const policy = { firstSeconds: 60, maxSeconds: 3600 };

  test('doubles from the first to the longest', () => {
    const waits = [1, 2, 3, 6, 7, 8, 100].map((attempts) => retryDelayMs(attempts, policy, 0.5));
    expect(waits).toEqual([60_000, 120_000, 240_000, 1_920_000, 3_600_000, 3_600_000, 3_600_000]);
  });

  test('is spread by a fifth either way', () => {
    expect(retryDelayMs(1, policy, 0)).toBe(48_000);
    expect(retryDelayMs(1, policy, 1)).toBe(72_000);
  });
});

describe('the lease', () => {
  const lease = leaseOf(300);
  const at = (monotonic: number, wall: number) => ({ monotonic, wall });

  test('holds for four minutes by both clocks', () => {
    expect(leaseHolds(lease, at(0, 0), at(239_999, 239_999))).toBe(true);
    expect(leaseHolds(lease, at(0, 0), at(240_000, 0))).toBe(false);
  });

  test('has run out on a machine that was suspended, where only the wall clock went on', () => {
    expect(leaseHolds(lease, at(0, 0), at(10, 240_000))).toBe(false);
  });
});
