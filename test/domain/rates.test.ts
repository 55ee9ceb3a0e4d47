import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatRates, readRates, readSendRate } from '../../src/domain/rates.ts';

const limitsOf = (text: string) => {
  const read = readRates(text);
  if ('wanted' in read) throw new Error(`${text}: ${read.wanted}`);
  return read.limits.map(({ count, perSeconds }) => [count, perSeconds]);
};

describe('rates', () => {
  test.each([
    ['14/s', [[14, 1]]],
    [
      '14/s,500/h,10000/day',
      [
        [14, 1],
        [500, 3600],
        [10000, 86400],
      ],
    ],
    [
      ' 10000/day , 14/s ',
      [
        [14, 1],
        [10000, 86400],
      ],
    ],
    ['10/min', [[10, 60]]],
    ['10/minute', [[10, 60]]],
    ['2/SECOND', [[2, 1]]],
    ['30 / Min', [[30, 60]]],
    ['30 per hour', [[30, 3600]]],
    ['300/30s', [[300, 30]]],
    ['5/2 days', [[5, 172800]]],
    ['100000/s', [[100000, 1]]],
    ['none', []],
    ['NONE', []],
  ])('%s is read', (text, limits) => {
    expect(limitsOf(text)).toEqual(limits);
  });

  test.each([
    ['', 'such as 14/s'],
    ['  ', 'such as 14/s'],
    [',', 'such as 14/s'],
    ['14/s,', 'such as 14/s'],
    ['14', 'such as 14/s'],
    ['/s', 'such as 14/s'],
    ['s/14', 'such as 14/s'],
    ['14/', 'such as 14/s'],
    ['14/s/h', 'such as 14/s'],
    ['14/sh', 's, min, h or day'],
    ['14/s s', 'such as 14/s'],
    ['14/ss', 's, min, h or day'],
    ['14.5/s', 'such as 14/s'],
    ['-14/s', 'such as 14/s'],
    ['+14/s', 'such as 14/s'],
    ['1e9/s', 'such as 14/s'],
    ['10,000/day', 'such as 14/s'],
    ['10k/day', 'such as 14/s'],
    ['none,14/s', 'such as 14/s'],
    ['١٤/s', 'such as 14/s'],
    ['14/s;DROP', 'such as 14/s'],
    ['14/m', 'a minute is min'],
    ['14/fortnight', 's, min, h or day'],
    ['14/month', 's, min, h or day'],
    ['14/constructor', 's, min, h or day'],
    ['0/s', 'at least 1'],
    ['000/day', 'at least 1'],
    ['14/s,0/h', 'at least 1'],
    ['14/0s', 'from 1 s to 31 days'],
    ['14/32day', 'from 1 s to 31 days'],
    ['1000000000/s', 'at most 100,000 a second'],
    ['100001/s', 'at most 100,000 a second'],
    ['99999999999999999999999/day', 'at most 100,000 a second'],
    ['14/s,20/s', 'one limit per s'],
    ['60/min,1/60s', 'one limit per min'],
    ['1/s,1/2s,1/3s,1/4s,1/5s,1/6s,1/7s,1/8s,1/9s', 'at most 8 limits'],
  ])('"%s" is refused, with what it must be', (text, wanted) => {
    expect(readRates(text)).toEqual({ wanted: expect.stringContaining(wanted) });
  });

  test('what is written of limits is read as the same', () => {
    const limit = fc.record({
      count: fc.integer({ min: 1, max: 100_000 }),
      perSeconds: fc.integer({ min: 1, max: 31 * 86_400 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(limit, { maxLength: 8, selector: ({ perSeconds }) => perSeconds }),
        (limits) => {
          limits.sort((a, b) => a.perSeconds - b.perSeconds);
          expect(readRates(formatRates(limits))).toEqual({ limits });
        },
      ),
    );
  });

  test('no text is more than refused', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readRates(text)));
  });
});

describe('the rate of one send', () => {
  test.each([
    ['5/s', 200],
    ['3/s', 334],
    ['600/h', 6000],
    ['1/h', 3_600_000],
    ['1000/s', 1],
  ])('%s is a message every %i ms', (text, delayMs) => {
    expect(readSendRate(text, 3_600_000)).toEqual({ delayMs, cooldownSeconds: 0 });
  });

  test.each([
    ['1001/s', 'a rate from 1 in 3600 s to 1,000/s'],
    ['99999999999999999999/s', 'a rate from 1 in 3600 s to 1,000/s'],
    ['1/2h', 'a rate from 1 in 3600 s to 1,000/s'],
    ['none', 'a delay of 0 ms for none'],
    ['5/s,100/h', 'one rate such as 5/s'],
    ['5/s, 100/fortnight', 'one rate such as 5/s'],
    ['0/s', 'at least 1'],
    ['5/fortnight', 'a rate per s, min, h or day'],
    ['5', 'one rate such as 5/s'],
    ['1e9/s', 'one rate such as 5/s'],
    ['', 'one rate such as 5/s'],
  ])('"%s" is refused, with what is wanted of one: %s', (text, words) => {
    const read = readSendRate(text, 3_600_000);
    const wanted = 'wanted' in read ? read.wanted : '';
    expect(wanted).toContain(words);
    expect(wanted).not.toMatch(/limits such as|, or none$/);
  });
});
