import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Places } from '../../src/smtp/places.ts';

let told: [number, string][];
let places: Places;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  places = new Places(
    8,
    1_000,
    () => undefined,
    (...change) => told.push(change),
  );
});
afterEach(() => {
  places.close();
  vi.useRealTimers();
});

const learn = (...others: number[]) => {
  for (const count of others) places.refused(count, 'too many');
  vi.advanceTimersByTime(300);
  places.accepted(places.count);
};

test('refusals that come together are one change, told of once', () => {
  learn(7, 6, 5, 4, 3);
  places.accepted(3);
  expect(places.count).toBe(3);
  expect(told).toEqual([[3, 'too many']]);
});

test('there is always one, and never more than the server had taken', () => {
  learn(3, 7);
  expect(places.count).toBe(3);
  learn(0);
  expect(places.count).toBe(1);
});

test('one more is tried after a second, and later and later after each try in vain; nothing is told of those', () => {
  learn(3);
  for (const waitMs of [700, 4_000, 16_000, 64_000, 120_000, 120_000]) {
    vi.advanceTimersByTime(waitMs - 1);
    expect(places.count).toBe(3);
    vi.advanceTimersByTime(1);
    expect(places.count).toBe(4);
    places.accepted(3);
    places.refused(3, 'too many');
  }
  vi.advanceTimersByTime(300);
  places.accepted(3);
  expect(told).toEqual([[3, 'too many']]);
});

test('a place more counts once it was used, then the next is tried, up to all of them, which is told', () => {
  learn(6);
  vi.advanceTimersByTime(60_000);
  expect(places.count).toBe(7);
  places.accepted(6);
  vi.advanceTimersByTime(60_000);
  expect(places.count).toBe(7);
  places.accepted(7);
  vi.advanceTimersByTime(1_000);
  places.accepted(8);
  expect(places.count).toBe(8);
  expect(told).toEqual([
    [6, 'too many'],
    [8, ''],
  ]);
});
