import { expect, test } from 'vitest';
import { SlowStart } from '../../src/domain/slow-start.ts';

test('nothing is bounded before a hold has ended', () => {
  const start = new SlowStart();
  for (let i = 0; i < 100; i++) start.started();
  expect(start.room).toBe(Number.POSITIVE_INFINITY);
});

test('after it one message starts, and two for each that is accepted, up to one a connection', () => {
  const start = new SlowStart();
  start.begin();
  const rounds: number[] = [];
  while (start.isOn) {
    const { room } = start;
    rounds.push(room);
    for (let i = 0; i < room; i++) start.started();
    for (let i = 0; i < room; i++) start.ended(true, 8);
  }
  expect(rounds).toEqual([1, 2, 4]);
});

test('what is refused leaves it as it is', () => {
  const start = new SlowStart();
  start.begin();
  for (let i = 0; i < 5; i++) {
    expect(start.room).toBe(1);
    start.started();
    expect(start.room).toBe(0);
    start.ended(false, 8);
  }
});

test('what was under way when it ended counts, and makes no room as it ends', () => {
  const start = new SlowStart();
  for (let i = 0; i < 3; i++) start.started();
  start.begin();
  expect(start.room).toBe(0);
  for (let i = 0; i < 2; i++) start.ended(false, 8);
  expect(start.room).toBe(0);
  start.ended(true, 8);
  expect(start.room).toBe(2);
});
