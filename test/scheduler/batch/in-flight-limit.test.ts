import { describe, expect, test } from 'vitest';
import { Budget } from '../../../src/scheduler/batch/in-flight-limit.ts';

const none = (): void => undefined;

describe('the budget of rows that may be `sending`', () => {
  test('grants what is left of the limit, and nothing above it', () => {
    const budget = new Budget(4);
    const batch = {};
    budget.join(batch, none);
    expect(budget.take(batch, 3, 0)).toBe(3);
    expect(budget.take(batch, 3, 0)).toBe(1);
    expect(budget.take(batch, 3, 0)).toBe(0);
  });

  test('rows recorded in a transaction make room for as many marked in it', () => {
    const budget = new Budget(4);
    const batch = {};
    budget.join(batch, none);
    budget.take(batch, 4, 0);
    expect(budget.take(batch, 4, 3)).toBe(3);
    budget.put(batch, 3);
    expect(budget.take(batch, 4, 0)).toBe(0);
  });

  test('a batch that waits gets the rows another records, before that one marks anew', () => {
    const budget = new Budget(4);
    const [large, small] = [{}, {}];
    budget.join(large, none);
    budget.take(large, 4, 0);
    budget.join(small, none);
    expect(budget.take(small, 2, 0)).toBe(0);
    expect(budget.take(large, 4, 2)).toBe(0);
    budget.put(large, 2);
    expect(budget.take(small, 2, 0)).toBe(2);
  });

  test('a batch whose share has shrunk below what it holds does not hold up those behind it', () => {
    const budget = new Budget(8);
    const [large, first, second, third] = [{}, {}, {}, {}];
    budget.join(large, none);
    budget.take(large, 6, 0);
    budget.join(first, none);
    budget.take(first, 2, 0);
    budget.take(first, 1, 0);
    budget.join(second, none);
    budget.join(third, none);
    budget.put(large, 6);
    budget.take(first, 1, 0);
    expect(budget.take(second, 1, 0)).toBe(1);
    expect(budget.take(third, 1, 0)).toBe(1);
  });
});
