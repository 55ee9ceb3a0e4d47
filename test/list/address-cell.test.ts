import { expect, it } from 'vitest';
import { readAddressCell } from '../../src/list/address-cell.ts';

it.each([
  'ann@example.org',
  '"Ann Lee" <ann@example.org>',
  'Ann Lee <ann@example.org>',
  '"Lee, Ann" <ann@example.org>',
  '<ann@example.org>',
  'ann@example.org <ann@example.org>',
  '"ann@example.org" <ANN@example.org>',
  'mailto:ann@example.org',
  'MAILTO:ann@example.org?subject=Hello&cc=bob@example.org',
  'mailto:ann%40example.org',
  '<mailto:ann@example.org>',
  '[ann@example.org](mailto:ann@example.org)',
  "'ann@example.org'",
  '"ann@example.org"',
  '“ann@example.org”',
  '„ann@example.org“',
  '«ann@example.org»',
  '(ann@example.org)',
  '="ann@example.org"',
  'ann@example.org;',
  'ann@example.org,',
  'ann@example.org.',
  '; ann@example.org ;',
  'Ann <ann@example.org>;',
  '"Ann Lee (Example Ltd)" <ann@example.org>',
  '( ann@example.org )',
  '\u200bann@example.org',
  'ann@example.org\u200e',
  '\u202aann@example.org\u202c',
  '\ufeffann@example.org\u00a0',
  '\u00adann@example.org\u2060',
  '\u200b<\u00a0ann@example.org\u200b>',
])('takes the address out of %j', (cell) => {
  const check = readAddressCell(cell);
  expect(check.ok ? check.norm : check.reason).toBe('ann@example.org');
});

it.each([
  ['ann@example.org (unsubscribed 2023)', '(unsubscribed 2023)'],
  ['ann@example.org (do not mail)', '(do not mail)'],
  ['ann@example.org(bounced)', '(bounced)'],
  ['(bounced) ann@example.org', '(bounced)'],
  ['<ann@example.org> (do not mail)', '(do not mail)'],
  ['Ann Lee <ann@example.org> (do not mail)', '(do not mail)'],
  ['mailto:ann@example.org (do not mail)', '(do not mail)'],
  ['ann@example.org （配信停止）', '（配信停止）'],
  ['ann@example.org (Ann Lee)', '(Ann Lee)'],
  ['ann@example.org (Ann (left))', '(left)'],
])('does not throw the remark away in %j', (cell, remark) => {
  expect(readAddressCell(cell)).toEqual({
    ok: false,
    reason: `a remark beside the address: ${remark}`,
  });
});

it('takes parentheses for a part of the name that stands before an address in angle brackets', () => {
  expect(readAddressCell('Ann Lee (Sales) <ann@example.org>')).toMatchObject({
    ok: true,
    email: 'ann@example.org',
  });
});

it.each([
  "o'hara@example.org",
  '"a..b"@example.org',
  'ann/bob@example.org',
  'a{b}@example.org',
  '_ann@example.org',
  '-ann@example.org',
  '+491@example.org',
  '0ann@example.org',
  'élodie@example.org',
  `"'ann"@example.org`,
])('leaves %s as it is', (cell) => {
  expect(readAddressCell(cell)).toMatchObject({ ok: true, email: cell });
});

it.each([
  'ann@example.org, bob@example.org',
  'ann@example.org;bob@example.org',
  'ann@example.org / bob@example.org',
  'ann@example.org/bob@example.org',
  'ann@example.org bob@example.org',
  'ann@example.org\nbob@example.org',
  'ann@example.org or bob@example.org',
  'ann@example.org & bob@example.org',
  'ann@example.org|bob@example.org',
  'ann@example.org ::: bob@example.org',
  'Ann <ann@example.org>, Bob <bob@example.org>',
  'ann@example.org <bob@example.org>',
  'mailto:ann@example.org,bob@example.org',
])('says that there are two addresses in %j', (cell) => {
  expect(readAddressCell(cell)).toEqual({
    ok: false,
    reason: 'two addresses in one cell: ann@example.org, bob@example.org',
  });
});

it.each([
  ['ann\u200b@example.org', 'an invisible character (U+200B, zero width space) in the address'],
  ['Ann <ann@exam\u00adple.org>', 'an invisible character (U+00AD, soft hyphen) in the address'],
  ['mailto:ann@example.org%0d%0aBcc:bob@example.org', 'a line break in the address'],
  ['Ann <>', 'no address'],
  ['<>', 'no address'],
  ['mailto:', 'no address'],
  ['\u200b', 'no address'],
  ['a@example.org, b@example.org, c@example.org', '3 addresses in one cell'],
  ['Ann Lee ann@example.org', 'a space in the address'],
  ["'ann@example.org", `a stray "'" (U+0027) before the address`],
  ["'ann'@example.org", `a stray "'" (U+0027) before the address`],
  ["'ann@example.org,", `a stray "'" (U+0027) before the address`],
  ["Ann <'ann@example.org>", `a stray "'" (U+0027) before the address`],
  ["mailto:'ann@example.org", `a stray "'" (U+0027) before the address`],
  ['=wil@example.org', 'a stray "=" (U+003D) before the address'],
  ['`vic@example.org', 'a stray "`" (U+0060) before the address'],
  ['*ann@example.org', 'a stray "*" (U+002A) before the address'],
  ['#ann@example.org', 'a stray "#" (U+0023) before the address'],
  ['’ann@example.org', 'a stray "’" (U+2019) before the address'],
  ['“ann@example.org', 'a stray "“" (U+201C) before the address'],
  ['•ann@example.org', 'a stray "•" (U+2022) before the address'],
  ['´ann@example.org', 'a stray "´" (U+00B4) before the address'],
  ['|ann@example.org', 'put what is before the @ in double quotes'],
])('refuses %j: %s', (cell, reason) => {
  const check = readAddressCell(cell);
  expect(check.ok ? check.norm : check.reason).toContain(reason);
});

it('takes no long time over a long cell', () => {
  const started = performance.now();
  for (const cell of [`${' '.repeat(1e6)}x@`, `${'('.repeat(1999)}`, '<a@b.org>,'.repeat(199)]) {
    expect(readAddressCell(cell).ok).toBe(false);
  }
  expect(performance.now() - started).toBeLessThan(2_000);
});
