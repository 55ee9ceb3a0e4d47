import { expect, test } from 'vitest';
import { keyOf } from '../support/dkim.ts';
import type { Zone } from '../support/dns-server.ts';
import { checkIn, GOOD } from '../support/in-dns.ts';

const CONTROLS = '\x1b]0;gotcha\x07\x1b[2J\r\nX-Header: yes\u0000';
const KEY = keyOf('rsa');

/** Everywhere that a record of one text is read. */
const everywhere = (text: string): Zone => ({
  'example.org': { mx: [[10, 'mail.example.org']], txt: [text] },
  'mail.example.org': { a: ['203.0.113.25'] },
  '_dmarc.example.org': { txt: [text] },
  'rsa._domainkey.example.org': { txt: [text] },
});

test.each([
  ['10 kB of SPF', `v=spf1 ${'x'.repeat(10_000)} -all`],
  ['10 kB of spaces', `v=spf1 ${' '.repeat(10_000)}x`],
  ['10 kB of slashes', `v=spf1 a:${'/'.repeat(10_000)} -all`],
  ['10 kB of macros', `v=spf1 include:${'%{l}'.repeat(2500)} -all`],
  ['10 kB of percent signs', `v=spf1 include:${'%%'.repeat(5000)}%{ -all`],
  ['10 kB of labels', `v=spf1 include:${'a.'.repeat(5000)}org -all`],
  ['10 kB of DMARC', `v=DMARC1; p=none; rua=${'mailto:a,'.repeat(1100)}`],
  ['10 kB of semicolons', `v=DMARC1${';'.repeat(10_000)}`],
  ['10 kB of equals signs', `v=DKIM1; p=${'='.repeat(10_000)}`],
  ['10 kB of a key', `v=DKIM1; p=${'A'.repeat(10_000)}`],
  ['10 kB of tags', `v=DKIM1; ${'a=b; '.repeat(2000)}`],
  ['10 kB of white space in DKIM', `v=DKIM1; p=A${' \t'.repeat(5000)}B`],
  ['60 kB of one name', `v=spf1 include:${'a'.repeat(60_000)} -all`],
  ['60 kB of one modifier', `v=spf1 ${'a'.repeat(60_000)} -all`],
  ['60 kB of one key', `v=DKIM1; p=${'=A'.repeat(30_000)}`],
  ['60 kB of includes', `v=spf1 ${'include:a.example.net '.repeat(2700)}`],
  ['control characters in SPF', `v=spf1 ${CONTROLS} -all`],
  ['control characters in DKIM', `v=DKIM1; p=${CONTROLS}`],
  ['control characters in DMARC', `v=DMARC1; p=${CONTROLS}`],
  ['control characters before them', `${CONTROLS}v=spf1`],
  ['nothing', ''],
])('%s end in short findings', async (_, text) => {
  const { findings, asked } = await checkIn(everywhere(text), { keys: [KEY] });
  expect(asked.length).toBeLessThan(60);
  for (const { message, where } of findings) {
    expect(message.length).toBeLessThan(1500);
    expect(where.length).toBeLessThan(300);
  }
});

test('a thousand includes are counted, and not followed', async () => {
  const spf = `v=spf1 ${Array.from({ length: 1000 }, (_, i) => `include:s${i}.example.net`).join(' ')} -all`;
  const { rules, findings, asked } = await checkIn({
    ...GOOD,
    'example.org': { ...GOOD['example.org'], txt: [spf] },
  });
  expect(rules).toContain('spf-lookups');
  expect(findings.find(({ rule }) => rule === 'spf-lookups')?.message).toContain('at least 1,000');
  expect(asked.length).toBeLessThan(60);
});

test('a tree of records that each include ten others is left soon', async () => {
  const record = (at: string): string =>
    `v=spf1 ${Array.from({ length: 10 }, (_, i) => `include:${at}${i}.example.net`).join(' ')} -all`;
  const zone: Record<string, Zone[string]> = { ...GOOD };
  zone['example.org'] = { ...GOOD['example.org'], txt: [record('s')] };
  for (let i = 0; i < 10; i++) {
    zone[`s${i}.example.net`] = { txt: [record(`s${i}`)] };
    for (let j = 0; j < 10; j++) zone[`s${i}${j}.example.net`] = { txt: [record(`s${i}${j}`)] };
  }
  const { rules, asked } = await checkIn(zone);
  expect(rules).toContain('spf-lookups');
  expect(asked.length).toBeLessThan(60);
});

test('an MX of a thousand hosts is not looked up whole', async () => {
  const hosts = Array.from({ length: 1000 }, (_, i) => [i, `m${i}.example.net`] as const);
  const { rules, asked } = await checkIn({
    ...GOOD,
    'example.org': { mx: hosts, txt: ['v=spf1 mx -all'] },
  });
  expect(rules).toContain('spf-lookups');
  expect(asked.length).toBeLessThan(60);
});
