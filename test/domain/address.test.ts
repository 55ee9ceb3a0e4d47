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
    ['ann@STRAẞE.example', 'ann@xn--strae-oqa.example'],
    ['ann@ΟΔΟΣ.example', 'ann@xn--pxavbq.example'],
    ['ann@例え。example', 'ann@xn--r8jz45g.example'],
    ['ann@ｅｘ．example', 'ann@ex.example'],
    ['ann@l·l.example', 'ann@xn--ll-0ea.example'],
    ['ann@カ・カ.example', 'ann@xn--lcka3v.example'],
    ['ann@نامه\u200cای.example', 'ann@xn--mgba3gch31f060k.example'],
    ['ann@r3---sn.example', 'ann@r3---sn.example'],
    ['用户@example.org', '用户@example.org'],
    ['jose\u0301@example.org', 'jos\u00e9@example.org'],
    ['JOSÉ@example.org', 'josé@example.org'],
    [`${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`],
    [`a@${'b'.repeat(63)}.org`, `a@${'b'.repeat(63)}.org`],
    [`a@${'𠀋'.repeat(40)}.org`, `a@xn--u50i${'a'.repeat(39)}.org`],
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
    ['ann@€a.example', '"€" (U+20AC) in the domain'],
    ['ann@a£.example', '"£" (U+00A3)'],
    ['ann@©.example', '"©" (U+00A9)'],
    ['ann@¼.example', '"¼" (U+00BC)'],
    ['ann@🍕.example', '"🍕" (U+1F355)'],
    ['ann@ﬁ.example', '"ﬁ" (U+FB01)'],
    ['ann@a²b.example', '"²" (U+00B2)'],
    ['ann@xn--lzg.example', '"€" (U+20AC)'],
    ['ann@xn--maller-.example', '"xn--maller-", which is no valid internationalised name'],
    ['ann@a·b.example', '"·" (U+00B7)'],
    ['ann@ab・c.example', '"・" (U+30FB)'],
    ['ann@٠۰.example', '"٠" (U+0660)'],
    ['ann@a\u200cb.example', 'no valid internationalised name'],
    ['ann@\u0301a.example', 'no valid internationalised name'],
    ['ann@ab--é.example', 'no valid internationalised name'],
    ['ann@a\u00adb.example', 'U+00AD, soft hyphen'],
    ['ann@a\u202eb.example', 'U+202E, right-to-left override'],
    ['ann@\ufffdx.example', 'U+FFFD, which stands for a character that was lost'],
    ['\ufffdx@example.org', 'U+FFFD, which stands for a character that was lost'],
    ['ann\ue000@example.org', 'a private-use character'],
    ['ann\u0378@example.org', 'that Unicode has not assigned (U+0378)'],
    ['ann\ufdd0@example.org', 'that Unicode has not assigned (U+FDD0)'],
    ['ann\ud83d@example.org', 'half a character (U+D83D)'],
    ['ann\u3164@example.org', 'invisible character (U+3164)'],
    ['ann\u200d@example.org', 'U+200D, zero width joiner'],
    [
      'info@mÃ¼ller.example',
      '"¼" (U+00BC) in the domain of an address that looks encoded twice: probably info@müller.example',
    ],
    ['info@straÃŸe.example', 'looks encoded twice: probably info@straße.example'],
    ['sÃ¸ren@example.org', 'looks encoded twice: probably søren@example.org'],
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

describe('a long text comes to its end', () => {
  it.each([
    ['a label of middle dots', `a@${'・'.repeat(500)}ア.com`, '501 octets; 63 are allowed'],
    ['a label of Arabic digits', `a@${'٠'.repeat(900)}.com`, '900 octets; 63 are allowed'],
    ['a long A-label', `a@xn--${'a'.repeat(900)}.com`, '904 octets; 63 are allowed'],
    ['a domain of middle dots', `a@${'・'.repeat(500_000)}ア.com`, '254 are allowed'],
    ['a domain of accents', `a@b${'\u0323\u0301'.repeat(500_000)}.com`, '254 are allowed'],
    ['a local part of accents', `a${'\u0323\u0301'.repeat(500_000)}@b.com`, '254 are allowed'],
    ['a million labels', `a@${'a.'.repeat(1_000_000)}com`, '254 are allowed'],
    ['a million Arabic labels', `a@${'٠.'.repeat(1_000_000)}com`, '254 are allowed'],
  ])('%s', (_, text, reason) => {
    const check = checkAddress(text);
    expect(check.ok ? `taken as ${check.norm}` : check.reason).toContain(reason);
  });
});

it('checks a million plain addresses in well under ten seconds', () => {
  const started = performance.now();
  let good = 0;
  for (let i = 0; i < 200_000; i++) if (checkAddress(`person.${i}@example.org`).ok) good++;
  expect(good).toBe(200_000);
  expect(performance.now() - started).toBeLessThan(1_500);
});
