import { describe, expect, test } from 'vitest';
import { holdLeftMs, holdPolicy, holdWaitMs, isProbeDue } from '../../src/domain/hold.ts';
import { type Hold, isHopeless } from '../../src/domain/relay.ts';

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

  test('is due where its time is further ahead than any wait: the clock has gone back', () => {
    const policy = holdPolicy(3600);
    const ahead = (seconds: number, tries: number) => ({
      kind: 'quota' as const,
      tries,
      until: new Date(now.getTime() + seconds * 1000),
    });
    expect(holdLeftMs(ahead(60, 0), now.getTime(), policy)).toBe(60_000);
    expect(holdLeftMs(ahead(600, 0), now.getTime(), policy)).toBe(0);
    expect(holdLeftMs(ahead(600, 4), now.getTime(), policy)).toBe(600_000);
    expect(holdLeftMs(ahead(600, 4), now.getTime(), holdPolicy(60))).toBe(0);
    expect(isProbeDue(ahead(3600, 0), now)).toBe(false);
    expect(isProbeDue(ahead(3660, 0), now)).toBe(true);
    // One that is out may be another host's, whose waits are longer.
    const out = { probeBy: 'another' };
    expect(holdLeftMs({ ...ahead(600, 0), ...out }, now.getTime(), policy)).toBe(600_000);
    expect(holdLeftMs({ ...ahead(3_660, 0), ...out }, now.getTime(), policy)).toBe(0);
    const byOperator = { ...ahead(86_400, 0), kind: 'operator' as const };
    expect(holdLeftMs(byOperator, now.getTime(), policy)).toBe(86_400_000);
  });

  test('is never due where the operator holds the relay', () => {
    expect(isProbeDue({ ...hold, kind: 'operator' }, now)).toBe(false);
  });
});

test('a hold is hopeless once it has stood for so long, through ten probes, and no operator set it', () => {
  const now = new Date('2026-01-10T00:00:00Z');
  const hold: Hold = {
    id: 1,
    kind: 'quota',
    reason: 'daily quota exceeded',
    until: now,
    since: new Date('2026-01-07T00:00:00Z'),
    tries: 10,
    probeBy: null,
  };
  const days = (count: number) => count * 86_400_000;
  expect(isHopeless({ hold, now }, days(3))).toBe(true);
  expect(isHopeless({ hold, now }, days(3) + 1)).toBe(false);
  expect(isHopeless({ hold: { ...hold, tries: 9 }, now }, days(3))).toBe(false);
  expect(isHopeless({ hold: { ...hold, kind: 'operator' }, now }, days(3))).toBe(false);
  expect(isHopeless({ hold: null, now }, 0)).toBe(false);
});
