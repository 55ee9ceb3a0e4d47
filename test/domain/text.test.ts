import fc from 'fast-check';
import { expect, test } from 'vitest';
import { count } from '../../src/domain/text.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [1_000, '1,000'],
  [12_345, '12,345'],
  [1_234_567, '1,234,567'],
  [-1_000, '-1,000'],
  [1_234.5, '1,234.5'],
])('%s is written as %s', (value, text) => {
  expect(count(value)).toBe(text);
});

test('a whole number is written as English has it', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(count(value)).toBe(value.toLocaleString('en-US'));
    }),
  );
});
