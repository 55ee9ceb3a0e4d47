import { expect, test } from 'vitest';
import { Admission, PATIENCE_MS } from '../../../src/scheduler/dispatch/admission.ts';

const letIn = (admission: Admission, rows: number, now: number): number => {
  let count = 0;
  for (; admission.ask(now) === 0; count++) admission.begin(rows, now);
  return count;
};

test('two large batches or many small ones keep the connections busy', () => {
  expect(letIn(new Admission(8, 32), 1000, 0)).toBe(2);
  expect(letIn(new Admission(8, 32), 3, 0)).toBe(3);
  expect(letIn(new Admission(8, 32), 1, 0)).toBe(8);
  expect(letIn(new Admission(1, 4), 1000, 0)).toBe(1);
});

test('a batch whose messages are spaced out takes no place, but for the number of batches there may be', () => {
  expect(letIn(new Admission(8, 32), 0, 0)).toBe(32);
});

test('whoever waits while long batches run gets a place that short ones then share, until nobody waits', () => {
  const admission = new Admission(8, 32);
  letIn(admission, 1000, 0);
  expect(admission.ask(1)).toBe(PATIENCE_MS - 1);
  expect(admission.ask(PATIENCE_MS)).toBe(0);
  for (let now = PATIENCE_MS; now < PATIENCE_MS + 10; now++) {
    admission.begin(4, now);
    expect(admission.ask(now)).toBeGreaterThan(0);
    admission.end(4, now);
    expect(admission.ask(now)).toBe(0);
  }
  admission.relax();
  expect(admission.ask(PATIENCE_MS + 10)).toBeGreaterThan(0);
});

test('patience ends at the number of batches there may be', () => {
  const admission = new Admission(2, 8);
  let now = 0;
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    const wait = admission.ask(now);
    waits.push(wait / PATIENCE_MS);
    now += wait;
    expect(admission.ask(now)).toBe(0);
    admission.begin(1000, now);
  }
  expect(waits).toEqual([0, 0, 1, 2, 4, 8, 16, 32]);
  expect(admission.isFull).toBe(true);
  expect(admission.ask(now)).toBe(Number.POSITIVE_INFINITY);
});
