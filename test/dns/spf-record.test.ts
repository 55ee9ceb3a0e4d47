import { expect, test } from 'vitest';
import { expandMacros } from '../../src/dns/spf-macros.ts';
import { isMisreadSpf, isSpf, parseSpf } from '../../src/dns/spf-record.ts';

test.each([
  'v=spf1',
  'v=spf1 ',
  'V=SPF1 -ALL',
  'v=spf1 a mx ptr -all',
  'v=spf1  a   mx  ~all ',
  'v=spf1 +a/24 mx//64 a/24//64 a:mail.example.org/28 mx:example.org//48 ?all',
  'v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.1 ip6:2001:db8::/32 ip6:::1 -all',
  'v=spf1 include:_spf.example.org include:example.org. -all',
  'v=spf1 redirect=_spf.example.org',
  'v=spf1 exists:%{i}._spf.%{d2} exp=explain.%{d}',
  'v=spf1 include:%{ir}.%{v}._spf.%{d1r-} -all',
  'v=spf1 a:%{d} moo=cow custom=a%{d}b -all',
  'v=spf1 include:_spf.example.xn--p1ai -all',
  'v=spf1 a:foo:bar/baz.example.com moo.cow-far_out=man:dog/cat -all',
])('%j is a record', (text) => {
  expect(isSpf(text)).toBe(true);
  expect(parseSpf(text)).toHaveProperty('directives');
});

test.each([
  ['v=spf1 ipv4:192.0.2.1 -all', 'ip4'],
  ['v=spf1 ip:192.0.2.1 -all', 'ip4'],
  ['v=spf1 192.0.2.1 -all', 'ip4:'],
  ['v=spf1 ip4:192.0.2.256 -all', 'no IPv4 address'],
  ['v=spf1 ip4:192.0.2 -all', 'no IPv4 address'],
  ['v=spf1 ip4:192.0.2.0/33 -all', 'up to 32'],
  ['v=spf1 ip4:192.0.2.0/024 -all', 'up to 32'],
  ['v=spf1 ip6:192.0.2.1 -all', 'no IPv6 address'],
  ['v=spf1 ip6:2001:db8::/129 -all', 'up to 128'],
  ['v=spf1 ip6:fe80::1%eth0 -all', 'no IPv6 address'],
  ['v=spf1 ip4 -all', 'no address'],
  ['v=spf1 include -all', 'no domain'],
  ['v=spf1 include: example.org -all', 'no space'],
  ['v=spf1 include=example.org -all', 'belongs'],
  ['v=spf1 ip4=192.0.2.1 -all', 'belongs'],
  ['v=spf1 redirect:example.org', '='],
  ['v=spf1 a:192.0.2.1 -all', 'address where a name belongs'],
  ['v=spf1 a:example.org/33 -all', 'length'],
  ['v=spf1 a/24/64 -all', 'length'],
  ['v=spf1 a:museum -all', 'no domain'],
  ['v=spf1 a:example.-com -all', 'no domain'],
  ['v=spf1 a:example.com:8080 -all', 'no domain'],
  ['v=spf1 exists:mail.example.com/24 -all', 'no domain'],
  ['v=spf1 ip4:192.0.2.1//32 -all', 'up to 32'],
  ['v=spf1 include:example.123 -all', 'no domain'],
  ['v=spf1 include:exa_mple.o_g -all', 'no domain'],
  ['v=spf1 include:%{x}.example.org -all', 'macro'],
  ['v=spf1 include:%{c}.example.org -all', 'macro'],
  ['v=spf1 include:%{d0}.example.org -all', 'macro'],
  ['v=spf1 moo=%{x} -all', 'macro'],
  ['v=spf1 include:100%.example.org -all', 'character'],
  ['v=spf1 redirect=a.example.org redirect=b.example.org', 'twice'],
  ['v=spf1 all:example.org', 'nothing may follow'],
  ['v=spf1 - all', 'sign'],
  ['v=spf1 \u00e2\u0080\u0093all', 'ASCII'],
  ['v=spf1 mx\t-all', 'tab'],
  ['v=spf1 a, mx, -all', 'spaces'],
  ['v=spf1 "a" -all', 'quotation'],
  ['v=spf1 -all.', 'no such mechanism'],
  ['v=spf1 helo:example.org', 'no such mechanism'],
])('%j cannot be read: %s', (text, why) => {
  expect(parseSpf(text)).toMatchObject({ why: expect.stringContaining(why) });
});

test.each([
  'v=spf10',
  'v=spf1;a',
  'v=spf1include:a',
  '"v=spf1 a"',
  ' v=spf1 a',
  'v = spf1 a',
  'v=spf2',
])('%j is no record, and was meant for one', (text) => {
  expect(isSpf(text)).toBe(false);
  expect(isMisreadSpf(text)).toBe(true);
});

test.each(['', 'google-site-verification=spf1', 'v=DKIM1; p=', 'spf2.0/pra a'])(
  '%j has nothing to do with SPF',
  (text) => {
    expect(isSpf(text)).toBe(false);
    expect(isMisreadSpf(text)).toBe(false);
  },
);

test('behind all nothing counts, a redirect neither', () => {
  expect(parseSpf('v=spf1 mx -all a include:b.example.org redirect=c.example.org')).toMatchObject({
    directives: [{ mechanism: 'mx' }, { mechanism: 'all', qualifier: '-' }],
    redirect: undefined,
  });
});

/** The examples of RFC 7208 §7.4. */
test.each([
  ['%{s}', 'strong-bad@email.example.com'],
  ['%{o}', 'email.example.com'],
  ['%{d}', 'email.example.com'],
  ['%{d4}', 'email.example.com'],
  ['%{d3}', 'email.example.com'],
  ['%{d2}', 'example.com'],
  ['%{d1}', 'com'],
  ['%{dr}', 'com.example.email'],
  ['%{d2r}', 'example.email'],
  ['%{l}', 'strong-bad'],
  ['%{l-}', 'strong.bad'],
  ['%{lr}', 'strong-bad'],
  ['%{lr-}', 'bad.strong'],
  ['%{l1r-}', 'strong'],
  ['%{lr-}.lp._spf.%{d2}', 'bad.strong.lp._spf.example.com'],
  ['%{S}', 'strong-bad%40email.example.com'],
  ['a%%b%_c%-d', 'a%b c%20d'],
  ['%{ir}.%{v}._spf.%{d2}', undefined],
  ['%{h}.example.com', undefined],
])('%s is %s', (spec, name) => {
  expect(expandMacros(spec, 'strong-bad@email.example.com', 'email.example.com')).toBe(name);
});

test('a name that comes out too long loses labels on its left', () => {
  const sender = `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.example.com`;
  const name = expandMacros('%{o}.%{o}.%{o}.example.org', sender, 'example.org') as string;
  expect(name.length).toBeLessThanOrEqual(253);
  expect(name.endsWith('.example.com.example.org')).toBe(true);
  expect(name.startsWith('.')).toBe(false);
});
