import { describe, expect, test } from 'vitest';
import { holdPolicy, holdWaitMs } from '../../src/domain/hold.ts';
import { type Hold, isProbeDue } from '../../src/domain/relay.ts';

describe('the waits of a hold', () => {
  const waits = (kind: 'rate' | 'quota', maxSeconds: number, tries: number) =>
    Array.from({ length: tries }, (_, i) => holdWaitMs(kind, i, holdPolicy(maxSeconds)) / 1000);

  test('double from 5 seconds to 5 minutes where the relay is too slow for us', () => {
    expect(waits('rate', 3600, 8)).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
  });

  test('double from a minute to an hour where a quota is used up', () => {
    expect(waits('quota', 3600, 8)).toEqual([60, 120, 240, 480, 960, 1920, 3600, 3600]);
  });

  test('are never longer than the setting, the first included', () => {
    expect(waits('quota', 90, 3)).toEqual([60, 90, 90]);
    expect(waits('quota', 10, 2)).toEqual([10, 10]);
    expect(waits('rate', 2, 2)).toEqual([2, 2]);
  });

  test('stay finite after any number of tries', () => {
    expect(holdWaitMs('quota', 100_000, holdPolicy(3600))).toBe(3_600_000);
  });
});

describe('a probe', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const hold: Hold = {
    id: 1,
    kind: 'quota',
    reason: 'daily quota exceeded',
    until: now,
    since: now,
    tries: 0,
    probeBy: null,
  };

  test('is due once its time has come', () => {
    expect(isProbeDue(hold, now)).toBe(true);
    expect(isProbeDue({ ...hold, until: new Date(now.getTime() + 1) }, now)).toBe(false);
  });

  test('is never due where the operator holds the relay', () => {
    expect(isProbeDue({ ...hold, kind: 'operator' }, now)).toBe(false);
  });
});
