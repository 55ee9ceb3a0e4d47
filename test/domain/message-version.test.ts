import { expect, test } from 'vitest';
import { versionOf } from '../../src/domain/message-version.ts';

test('a row has the version that its claim had, whatever came after; one that nobody took has none', () => {
  const versions = [
    { version: 1, fromClaimNumber: 0 },
    { version: 2, fromClaimNumber: 3 },
    // Changed twice with no claim between.
    { version: 3, fromClaimNumber: 3 },
    { version: 4, fromClaimNumber: 7 },
  ];
  const got = [null, 1, 3, 4, 7, 8].map((claim) => versionOf(versions, claim));
  expect(got).toEqual([null, 1, 1, 3, 3, 4]);
});
