import { describe, expect, it } from 'vitest';
import { checkAddress, needsSmtpUtf8 } from '../../src/domain/address.ts';

const norm = (text: string): string => {
  const check = checkAddress(text);
  if (!check.ok) throw new Error(check.reason);
  return check.norm;
};

describe('addresses that are taken', () => {
  it.each([
    ['Ann.Lee+news@Example.ORG', 'ann.lee+news@example.org'],
    ['  ann@example.org \t', 'ann@example.org'],
    ["o'neil!#$%&*+/=?^_`{|}~-@example.org", "o'neil!#$%&*+/=?^_`{|}~-@example.org"],
    ['"ann"@example.org', 'ann@example.org'],
    ['"a..b"@example.org', '"a..b"@example.org'],
    ['ann@bücher.example', 'ann@xn--bcher-kva.example'],
    ['ann@BÜCHER.example', 'ann@xn--bcher-kva.example'],
    ['ann@XN--bcher-kva.example', 'ann@xn--bcher-kva.example'],
    ['ann@bu\u0308cher.example', 'ann@xn--bcher-kva.example'],
    ['jose\u0301@example.org', 'jos\u00e9@example.org'],
    ['JOSÉ@example.org', 'josé@example.org'],
    [`${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`],
    [`a@${'b'.repeat(63)}.org`, `a@${'b'.repeat(63)}.org`],
  ])('%s is %s', (text, expected) => {
    expect(norm(text)).toBe(expected);
  });

  it('keeps the address as given beside the normalised one', () => {
    expect(checkAddress(' Ann@BÜCHER.example ')).toEqual({
      ok: true,
      email: 'Ann@BÜCHER.example',
      norm: 'ann@xn--bcher-kva.example',
    });
  });

  it('tells josé from jose', () => {
    expect(norm('josé@example.org')).not.toBe(norm('jose@example.org'));
  });

  it('says that only a non-ASCII local part needs SMTPUTF8', () => {
    expect(needsSmtpUtf8(norm('josé@example.org'))).toBe(true);
    expect(needsSmtpUtf8(norm('ann@bücher.example'))).toBe(false);
  });
});

describe('addresses that are refused, and why', () => {
  it.each([
    ['', 'no address'],
    ['ann', 'no @'],
    ['@example.org', 'nothing before the @'],
    ['ann@', 'nothing after the @'],
    ['ann@b@example.org', 'more than one @'],
    ['ann lee@example.org', 'a space'],
    ['ann@exam ple.org', 'a space'],
    ['ann\r\nBcc: bob@example.org', 'a line break'],
    ['ann@example.org\nbob@example.org', 'a line break'],
    ['ann\u0000@example.org', 'U+0000'],
    ['ann\u200b@example.org', 'U+200B'],
    ['ann@example.org.', 'a dot at the end of the domain'],
    ['ann.@example.org', 'a dot at the beginning or end'],
    ['.ann@example.org', 'a dot at the beginning or end'],
    ['an..n@example.org', 'two dots in a row'],
    ['ann@example..org', 'two dots in a row'],
    ['ann@localhost', 'without a dot'],
    ['ann@[192.0.2.1]', 'an IP address'],
    ['ann@192.0.2.1', 'ends in a number'],
    ['ann@exa_mple.org', '"_" (U+005F) in the domain'],
    ['ann@-example.org', 'invalid part "-example"'],
    ['ann@xn--a.example', 'no valid internationalised name'],
    ['Ann <ann@example.org>', 'a space'],
    ['<ann@example.org>', '"<" (U+003C)'],
    ['ann,bob@example.org', '"," (U+002C)'],
    ['"a@b"@example.org', 'a quoted part'],
    ['"a b"@example.org', 'a space'],
    [`${'a'.repeat(65)}@example.org`, '65 octets; 64 are allowed'],
    [`${'é'.repeat(33)}@example.org`, '66 octets; 64 are allowed'],
    [`a@${'b'.repeat(64)}.org`, '64 octets; 63 are allowed'],
    [
      `${'a'.repeat(44)}@${`${'b'.repeat(50)}.`.repeat(5)}`.replace(/\.$/, ''),
      '299 octets; 254 are allowed',
    ],
  ])('%j: %s', (text, reason) => {
    const check = checkAddress(text);
    expect(check.ok ? `taken as ${check.norm}` : check.reason).toContain(reason);
  });

  it('counts the domain as A-labels, which is what goes over the wire', () => {
    const label = '東京大阪名古屋札幌福岡';
    const domain = `${`${label}.`.repeat(7)}org`;
    expect(domain.length).toBeLessThan(200);
    expect(checkAddress(`ann@${domain}`).ok).toBe(false);
  });
});

it('checks a million plain addresses in well under ten seconds', () => {
  const started = performance.now();
  let good = 0;
  for (let i = 0; i < 200_000; i++) if (checkAddress(`person.${i}@example.org`).ok) good++;
  expect(good).toBe(200_000);
  expect(performance.now() - started).toBeLessThan(1_500);
});
