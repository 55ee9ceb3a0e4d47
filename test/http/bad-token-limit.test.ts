import { describe, expect, test } from 'vitest';
import { BadTokenLimit } from '../../src/http/bad-token-limit.ts';

let now = 0;
const burst = (limit: BadTokenLimit, address: string): number => {
  let allowed = 0;
  while (limit.allows(address)) allowed++;
  return allowed;
};

describe('bad tokens of one address', () => {
  test('are 30 at once, then one every two seconds', () => {
    const limit = new BadTokenLimit(() => now);
    expect(burst(limit, '192.0.2.1')).toBe(30);
    now += 2_000;
    expect(burst(limit, '192.0.2.1')).toBe(1);
    now += 3_600_000;
    expect(burst(limit, '192.0.2.1')).toBe(30);
  });

  test('count for nobody else, but for a network of IPv6 as one', () => {
    const limit = new BadTokenLimit(() => now);
    for (const address of [
      '192.0.2.1',
      '192.0.2.2',
      '::ffff:192.0.2.3',
      '2001:db8::1',
      '2001:db8:0:1::1',
    ]) {
      expect(burst(limit, address)).toBe(30);
    }
    for (const same of [
      '192.0.2.3',
      '2001:db8:0:0:ffff::2',
      '2001:DB8::',
      '2001:db8:0:1:a:b:c:d',
    ]) {
      expect(burst(limit, same)).toBe(0);
    }
  });

  test('are remembered of so many addresses, however many there are', () => {
    const limit = new BadTokenLimit(() => now);
    for (let i = 0; i < 25_000; i++) limit.allows(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    expect(limit.size).toBe(10_000);
  });
});
