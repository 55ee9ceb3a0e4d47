import { expect, test } from 'vitest';
import { type BegunSlowly, SlowStart } from '../../src/domain/slow-start.ts';

const CONNECTIONS = 8;

/** As many as there is room for. */
const fill = (start: SlowStart, now: number): BegunSlowly[] =>
  Array.from({ length: start.room(now) }, () => start.started(now) as BegunSlowly);

test('nothing is bounded before a hold has ended, and nothing noted', () => {
  const start = new SlowStart();
  expect(start.room(0)).toBe(Number.POSITIVE_INFINITY);
  expect(start.started(0)).toBeNull();
});

test('after it one message starts, and two for each that is accepted, up to one a connection', () => {
  const start = new SlowStart();
  start.begin();
  const rounds: number[] = [];
  while (start.isOn) {
    const begun = fill(start, 0);
    rounds.push(begun.length);
    expect(start.room(0)).toBe(0);
    for (const one of begun) start.ended(one, true, CONNECTIONS);
  }
  expect(rounds).toEqual([1, 2, 4]);
});

test('what is refused leaves it as it is', () => {
  const start = new SlowStart();
  start.begin();
  for (let i = 0; i < 5; i++) {
    const [begun] = fill(start, 0);
    expect(start.room(0)).toBe(0);
    start.ended(begun as BegunSlowly, false, CONNECTIONS);
    expect(start.room(0)).toBe(1);
  }
});

test('what was begun before another hold ended takes and makes no room', () => {
  const start = new SlowStart();
  start.begin();
  const [early] = fill(start, 0);
  start.begin();
  expect(start.room(0)).toBe(1);
  start.ended(early as BegunSlowly, true, CONNECTIONS);
  expect(start.room(0)).toBe(1);
});

test('others do not wait for long for a message that hangs', () => {
  const start = new SlowStart();
  start.begin();
  fill(start, 0);
  expect(start.room(4_999)).toBe(0);
  expect(start.room(5_000)).toBe(1);
});

test('with one connection it is over with the first that is accepted', () => {
  const start = new SlowStart();
  start.begin();
  const [begun] = fill(start, 0);
  start.ended(begun as BegunSlowly, true, 1);
  expect(start.isOn).toBe(false);
});
