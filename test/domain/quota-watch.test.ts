import { describe, expect, test } from 'vitest';
import { QuotaWatch, type WatchedRow } from '../../src/domain/quota-watch.ts';

const row = (seq: number, domain = `d${seq}.example`, sendId = 1): WatchedRow => ({
  sendId,
  seq,
  domain,
  attempts: 0,
});
const OWN = { isRelays: false };
const RELAYS = { isRelays: true };

describe('words of a limit', () => {
  test('are the relay’s once two rows of different domains were told so', () => {
    const watch = new QuotaWatch();
    expect(watch.limited(row(1), true)).toMatchObject(OWN);
    expect(watch.limited(row(2), true)).toMatchObject(RELAYS);
  });

  test('are not where somebody was accepted between', () => {
    const watch = new QuotaWatch();
    watch.limited(row(1), true);
    watch.accepted();
    expect(watch.limited(row(2), true)).toMatchObject(OWN);
  });

  test('are the row’s as long as one is told so again and again', () => {
    const watch = new QuotaWatch();
    const told = Array.from({ length: 9 }, () => watch.limited(row(1), true));
    expect(told.map(({ times }) => times)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(told.every(({ isRelays }) => !isRelays)).toBe(true);
  });

  test('are the relay’s after five rows, if the list has but one domain', () => {
    const watch = new QuotaWatch();
    const told = [1, 2, 3, 4, 5].map((seq) => watch.limited(row(seq, 'one.example'), true));
    expect(told.map(({ isRelays }) => isRelays)).toEqual([false, false, false, false, true]);
  });

  test('are at once before any recipient was named', () => {
    expect(new QuotaWatch().limited(row(1), false)).toMatchObject(RELAYS);
  });

  test('are known to be of a time for an hour from when a row that was told so is accepted', () => {
    const watch = new QuotaWatch();
    watch.limited(row(1), true);
    expect(watch.isLimitOfTime(0)).toBe(false);
    watch.acceptedTold(1_000);
    expect(watch.isLimitOfTime(3_600_999)).toBe(true);
    expect(watch.isLimitOfTime(3_601_000)).toBe(false);
  });

  test('of rows with the same number in two sends are two rows’', () => {
    const watch = new QuotaWatch();
    watch.limited(row(1, 'one.example', 1), true);
    expect(watch.limited(row(1, 'one.example', 2), true)).toMatchObject({ ...OWN, times: 1 });
  });
});

describe('first tries deferred', () => {
  const defer = (watch: QuotaWatch, count: number, key = 'not now', now = 0) =>
    Array.from({ length: count }, (_, i) => watch.deferred(row(i + 1), key, now));

  test('ask for a second one once ten are alike, with the attempts they had before', () => {
    const told = defer(new QuotaWatch(), 10);
    expect(told.slice(0, 9).every((alike) => alike === null)).toBe(true);
    expect(told[9]).toMatchObject({ key: 'not now', rows: 10 });
    expect(told[9]?.runs.get(1)?.attempts.size).toBe(10);
  });

  test('ask for none where somebody was accepted between, or the words differ', () => {
    const watch = new QuotaWatch();
    defer(watch, 9);
    watch.accepted();
    expect(defer(watch, 9).every((alike) => alike === null)).toBe(true);
    expect(watch.deferred(row(10), 'something else', 0)).toBeNull();
  });

  test('count a row once, and rows of several sends together, the last one’s send last', () => {
    const watch = new QuotaWatch();
    for (let i = 0; i < 20; i++) expect(watch.deferred(row(1), 'not now', 0)).toBeNull();
    for (let i = 2; i <= 9; i++) watch.deferred(row(i, 'one.example', 2), 'not now', 0);
    const alike = watch.deferred(row(10), 'not now', 0);
    expect([...(alike?.runs.keys() ?? [])]).toEqual([2, 1]);
  });

  test('of a wording that turned out to be greylisting ask for none within an hour', () => {
    const watch = new QuotaWatch();
    watch.excuse('not now', 0);
    expect(defer(watch, 10, 'not now', 3_599_999)[9]).toBeNull();
    expect(defer(watch, 10, 'other', 0)[9]).not.toBeNull();
    expect(defer(watch, 10, 'not now', 3_600_001)[9]).not.toBeNull();
  });

  test('in any number of wordings take no more memory than a hundred', () => {
    const watch = new QuotaWatch();
    defer(watch, 9, 'first');
    for (let i = 0; i < 1_000; i++) watch.deferred(row(i), `wording ${i}`, 0);
    expect(watch.deferred(row(10), 'first', 0)).toBeNull();
  });
});
