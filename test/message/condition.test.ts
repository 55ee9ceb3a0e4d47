import { describe, expect, test } from 'vitest';
import type { CampaignError } from '../../src/errors.ts';
import { parseCondition } from '../../src/message/condition.ts';

const ROW: Readonly<Record<string, string>> = {
  email: 'ann@example.org',
  country: 'DE',
  orders: '10',
  name: "O'Neil",
  city: ' ',
  joined: '2024-05-06',
};

const FIELDS = {
  fieldNames: Object.keys(ROW).filter((name) => name !== 'email'),
  timezone: 'Europe/Berlin',
  twins: new Map([['twin', ['"twin" (column 3)', '"Twin" (column 4)']]]),
};

const isMet = (source: string): boolean =>
  parseCondition(
    { name: 'where', source },
    FIELDS,
    new Date('2026-11-28T12:00:00Z'),
  )((field) => ROW[field] ?? '');

const refusal = (source: string): string => {
  try {
    isMet(source);
  } catch (error) {
    expect((error as CampaignError).code).toBe('BAD_TEMPLATE');
    return (error as CampaignError).message;
  }
  throw new Error('it was taken');
};

describe('a condition', () => {
  test.each([
    ["country == 'DE'", true],
    ['country=="DE"', true],
    ["country == 'de'", false],
    ["Country == 'DE' and Orders > 9", true],
    ['orders > 9', true],
    ['orders >= 10.0 and orders < 11', true],
    ["country == 'FR' or country == 'DE'", true],
    ["country != 'DE'", false],
    ['city', false],
    ['city == blank', true],
    ['not city', true],
    ["email contains '@example.org'", true],
    ['name == "O\'Neil"', true],
    ["country == 'DE' | default: false", true],
    ['name.size > 5', true],
    ["country\n== 'DE'\nand orders > 3", true],
    ["country == '%}'", false],
    ["country == '{% endif %}'", false],
    ['true', true],
    ['nil', false],
    ["joined < '2025'", true],
  ])('%j is %s', (source, met) => {
    expect(isMet(source)).toBe(met);
  });

  test.each([
    ['nope == 1', 'where, line 1, column 1: there is no merge field "nope"'],
    ["country == 'DE'\nand\n  nope", 'where, line 3, column 3: there is no merge field "nope"'],
    ['twin', 'where, line 1, column 1: the merge field "twin" could be any of the columns'],
    [
      "country == 'DE'\n&& orders",
      'where, line 2, column 1: what follows is out of place: && orders',
    ],
    ["country = 'DE'", "where, line 1, column 9: what follows is out of place: = 'DE'"],
    ["country === 'DE'", "where, line 1, column 11: what follows is out of place: = 'DE'"],
    ['', 'where, line 1, column 1: there is no condition'],
    ['\n ', 'there is no condition'],
    ['country ==', 'where, line 1, column 9: "==" lacks a value'],
    ["== 'DE'", 'where, line 1, column 1: "==" lacks a value'],
    ['and country', 'where, line 1, column 1: "and" lacks a value'],
    ['country or', 'where, line 1, column 9: "or" lacks a value'],
    ['not', 'where, line 1, column 1: "not" lacks a value'],
    ['country == "DE', 'where, line 1, column 12: a quote is not closed: "DE'],
    ["country == '", "where, line 1, column 12: a quote is not closed: '"],
    ['country orders', 'where, line 1, column 9: two values stand without an operator'],
    ['country not orders', 'two values stand without an operator'],
    ['country, orders', 'where, line 1, column 8: what follows is out of place: , orders'],
    ["country == 'DE'; orders", 'where, line 1, column 16: what follows is out of place: ; orders'],
    ['country %}{% endif %}{% if orders', 'where, line 1, column 9: what follows is out of place'],
    ['{{ country }}', 'where, line 1, column 1: what follows is out of place'],
    ['country | nope', 'where: undefined filter: nope'],
    [
      'country.street',
      'where, line 1, column 1: the merge field "country" has no property "street"',
    ],
    ['“DE”', 'where, line 1, column 1: '],
  ])('%j is refused with its place', (source, said) => {
    expect(refusal(source)).toContain(said);
  });

  test('that fails on a row throws', () => {
    const met = parseCondition(
      { name: 'where', source: 'name | append: name | append: name' },
      FIELDS,
      new Date(0),
    );
    expect(() => met(() => 'x'.repeat(4_000_000))).toThrow('memory');
  });
});
