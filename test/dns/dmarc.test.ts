import { expect, test } from 'vitest';
import type { SentAs } from '../../src/dns/check.ts';
import { keyOf, recordOf } from '../support/dkim.ts';
import type { Zone } from '../support/dns-server.ts';
import { checkIn, findingOf, GOOD } from '../support/in-dns.ts';

/** The good zone with other DMARC records, by the domain that they are of; `null` takes one away. */
function withDmarc(
  records: Record<string, string | readonly string[] | null>,
  more: Zone = {},
): Zone {
  const { '_dmarc.example.org': _, ...rest } = GOOD;
  const zone: Record<string, Zone[string]> = { ...rest, ...more };
  for (const [domain, text] of Object.entries(records)) {
    if (text !== null) zone[`_dmarc.${domain}`] = { txt: typeof text === 'string' ? [text] : text };
  }
  return zone;
}

/** Domains that take mail and that SPF lets send. */
const domains = (...names: string[]): Zone =>
  Object.fromEntries(
    names.map((name) => [
      name,
      { mx: [[10, 'mail.example.org']] as const, txt: ['v=spf1 mx:example.org -all'] },
    ]),
  );

test('no record, its own or above, is a warning that says which one to publish', async () => {
  const checked = await checkIn(withDmarc({ 'example.org': null }));
  expect(checked.rules).toEqual(['dmarc-missing']);
  expect(findingOf(checked, 'dmarc-missing')).toMatchObject({
    severity: 'warning',
    remedy:
      'publish as a TXT record of _dmarc.example.org: v=DMARC1; p=none; rua=mailto:dmarc@example.org',
    where: 'DNS of _dmarc.example.org',
  });
});

/** The example of RFC 9989 §4.10. */
test('the walk up a long name takes eight lookups', async () => {
  const from = 'a.b.c.d.e.f.g.h.i.j.mail.example.com';
  const { asked } = await checkIn(domains(from), { from, envelopeFrom: `n@${from}` });
  expect(asked.filter((one) => one.includes('_dmarc'))).toEqual(
    [
      'a.b.c.d.e.f.g.h.i.j.mail.example.com',
      'g.h.i.j.mail.example.com',
      'h.i.j.mail.example.com',
      'i.j.mail.example.com',
      'j.mail.example.com',
      'mail.example.com',
      'example.com',
      'com',
    ].map((name) => `TXT _dmarc.${name}`),
  );
});

test('a walk ends where psd= says that it does', async () => {
  const from = 'mail.giant.bank.example';
  const zone = withDmarc(
    {
      'bank.example': 'v=DMARC1; p=none; psd=y; rua=mailto:a@bank.example',
      example: 'v=DMARC1; p=reject',
    },
    domains(from),
  );
  const { rules, asked } = await checkIn(zone, { from, envelopeFrom: `n@${from}` });
  expect(rules).toEqual([]);
  expect(asked.filter((one) => one.includes('_dmarc')).at(-1)).toBe('TXT _dmarc.bank.example');
});

const KEY = keyOf('rsa');
const signedBy = (domain: string): { keys: SentAs['keys']; zone: Zone } => ({
  keys: [{ ...KEY, domain }],
  zone: { [`rsa._domainkey.${domain}`]: { txt: [recordOf(KEY)] } },
});
const REJECT = 'v=DMARC1; p=reject';

/** Whether mail passes DMARC by its envelope sender. */
async function passesBySpf(
  from: string,
  envelope: string,
  records: Parameters<typeof withDmarc>[0],
): Promise<boolean> {
  const zone = withDmarc(records, domains(from, envelope));
  const { rules } = await checkIn(zone, { from, envelopeFrom: `n@${envelope}` });
  expect(rules.filter((rule) => rule !== 'dmarc-fails')).toEqual([]);
  return !rules.includes('dmarc-fails');
}

/** The examples of RFC 9989 §B.1.1 and §B.4. */
test.each([
  ['the same domain, relaxed', 'example.com', 'example.com', { 'example.com': REJECT }, true],
  [
    'the same domain, strict',
    'example.com',
    'example.com',
    { 'example.com': `${REJECT}; aspf=s` },
    true,
  ],
  ['a subdomain, relaxed', 'example.com', 'child.example.com', { 'example.com': REJECT }, true],
  [
    'a subdomain, strict',
    'example.com',
    'child.example.com',
    { 'example.com': `${REJECT}; aspf=S` },
    false,
  ],
  [
    'strict for signatures alone',
    'example.com',
    'child.example.com',
    { 'example.com': `${REJECT}; adkim=s` },
    true,
  ],
  ['another domain', 'child.example.com', 'example.net', { 'example.com': REJECT }, false],
  [
    'domains with a record each',
    'example.com',
    'news.example.com',
    { 'example.com': REJECT, 'news.example.com': 'v=DMARC1; p=none' },
    true,
  ],
  [
    'a long name',
    'a.b.c.d.e.f.g.h.i.j.k.example.com',
    'example.com',
    { 'example.com': REJECT },
    true,
  ],
  [
    'below a public suffix',
    'giant.bank.example',
    'mail.giant.bank.example',
    { 'bank.example': `${REJECT}; psd=y`, 'giant.bank.example': REJECT },
    true,
  ],
  [
    'two below a public suffix',
    'giant.bank.example',
    'mail.mega.bank.example',
    { 'bank.example': `${REJECT}; psd=y`, 'giant.bank.example': REJECT },
    false,
  ],
  [
    'a part that is an organization of its own',
    'shop.example.com',
    'example.com',
    { 'example.com': REJECT, 'shop.example.com': `${REJECT}; psd=n` },
    false,
  ],
  [
    'a public suffix that sends itself',
    'bank.example',
    'bank.example',
    { 'bank.example': `${REJECT}; psd=y` },
    true,
  ],
])('envelope and From: %s', async (_, from, envelope, records, passes) => {
  expect(await passesBySpf(from, envelope, records)).toBe(passes);
});

test('a signature of the domain above is aligned, unless adkim=s', async () => {
  const { keys, zone } = signedBy('example.org');
  const others = { ...domains('news.example.org', 'bounce.example.net'), ...zone };
  const sent = { from: 'news.example.org', envelopeFrom: 'b@bounce.example.net', keys };
  expect((await checkIn(withDmarc({ 'example.org': REJECT }, others), sent)).rules).toEqual([]);
  const strict = await checkIn(withDmarc({ 'example.org': `${REJECT}; adkim=s` }, others), sent);
  expect(strict.rules).toEqual(['dmarc-fails']);
  expect(findingOf(strict, 'dmarc-fails')).toMatchObject({
    severity: 'error',
    message:
      'the DMARC record of example.org asks receivers to refuse what is not proved to be of news.example.org, and nothing proves it: its signature is for example.org, where adkim=s asks for news.example.org itself, and its envelope sender is of bounce.example.net, which is of another organization',
    where: 'DNS of _dmarc.example.org',
  });
});

test('a signature that nobody can verify proves nothing', async () => {
  const { keys } = signedBy('example.org');
  const checked = await checkIn(
    withDmarc({ 'example.org': REJECT }, domains('bounce.example.net')),
    {
      envelopeFrom: 'b@bounce.example.net',
      keys,
    },
  );
  expect(checked.rules).toEqual(['dkim-record-missing', 'dmarc-fails']);
  expect(findingOf(checked, 'dmarc-fails').message).toContain('its signature cannot be verified');
});

test('an envelope sender that SPF lets nobody send as proves nothing', async () => {
  const zone = withDmarc({ 'example.org': REJECT });
  const checked = await checkIn({ ...zone, 'example.org': { mx: [[10, 'mail.example.org']] } });
  expect(checked.rules).toEqual(['spf-missing', 'dmarc-fails']);
  expect(findingOf(checked, 'dmarc-fails').message).toContain(
    'SPF of example.org lets nobody pass',
  );
});

test('where DMARC asks for nothing, unaligned mail is a warning', async () => {
  const zone = withDmarc(
    { 'example.org': 'v=DMARC1; p=none; rua=mailto:a@example.org' },
    domains('example.net'),
  );
  const checked = await checkIn(zone, { envelopeFrom: 'b@example.net' });
  expect(checked.rules).toEqual(['dmarc-unaligned']);
  expect(findingOf(checked, 'dmarc-unaligned').severity).toBe('warning');
});

/** What receivers are asked to do with unaligned mail from a domain. */
async function asked(
  from: string,
  records: Parameters<typeof withDmarc>[0],
  more: Zone = domains(from),
) {
  const zone = withDmarc(records, { ...domains('example.net'), ...more });
  const { findings } = await checkIn(zone, { from, envelopeFrom: 'b@example.net' });
  const finding = findings.find(({ rule }) => rule === 'dmarc-fails');
  if (finding) return finding.message.includes('to refuse') ? 'reject' : 'quarantine';
  return findings.some(({ rule }) => rule === 'dmarc-unaligned') ? 'none' : undefined;
}

test.each([
  ['p of its own record', 'example.org', 'v=DMARC1; p=reject; sp=none', 'reject'],
  ['p in upper case', 'example.org', 'v=DMARC1; p=Reject', 'reject'],
  ['sp for a domain below', 'news.example.org', 'v=DMARC1; p=reject; sp=quarantine', 'quarantine'],
  ['p for a domain below without sp', 'news.example.org', 'v=DMARC1; p=reject', 'reject'],
  ['one level less in a test', 'example.org', 'v=DMARC1; p=reject; t=y', 'quarantine'],
  [
    'nothing in a test of quarantine',
    'example.org',
    'v=DMARC1; p=quarantine; t=y; rua=mailto:a@example.org',
    'none',
  ],
  ['all of it, whatever pct says', 'example.org', 'v=DMARC1; p=reject; pct=0', 'reject'],
  [
    'sp, not np, where there is the domain',
    'news.example.org',
    'v=DMARC1; p=none; sp=quarantine; np=reject',
    'quarantine',
  ],
  [
    'nothing by a bad sp with reports',
    'example.org',
    'v=DMARC1; p=reject; sp=bogus; rua=mailto:a@example.org',
    'none',
  ],
  ['nothing at all by a bad p', 'example.org', 'v=DMARC1; p=bogus', undefined],
])('receivers are asked for %s', async (_, from, record, policy) => {
  expect(await asked(from, { 'example.org': record })).toBe(policy);
});

test('for a domain that does not exist np counts', async () => {
  const record = 'v=DMARC1; p=none; sp=none; np=reject';
  expect(await asked('nobody.example.org', { 'example.org': record }, {})).toBe('reject');
});

test('the record of the From domain wins over that above it', async () => {
  const records = {
    'news.example.org': 'v=DMARC1; p=quarantine',
    'example.org': 'v=DMARC1; p=reject',
  };
  expect(await asked('news.example.org', records)).toBe('quarantine');
});

test('of records above it that of the organization counts, not the nearest', async () => {
  const records = {
    'b.example.org': 'v=DMARC1; p=none',
    'example.org': 'v=DMARC1; p=none; sp=reject',
  };
  expect(await asked('a.b.example.org', records)).toBe('reject');
});

test('several records count as none, and one above them is taken', async () => {
  const checked = await checkIn(withDmarc({ 'example.org': [REJECT, 'v=DMARC1; p=none'] }));
  expect(checked.rules).toEqual(['dmarc-invalid']);
  const above = await asked('news.example.org', {
    'news.example.org': ['v=DMARC1; p=none', 'v=DMARC1; p=none; rua=mailto:a@example.org'],
    'example.org': REJECT,
  });
  expect(above).toBe('reject');
});

test('records of other kinds beside it are none of its business', async () => {
  const zone = withDmarc({
    'example.org': ['v=spf1 -all', 'v=DMARC1; p=none; rua=mailto:a@example.org', 'x'],
  });
  expect((await checkIn(zone)).rules).toEqual([]);
});

test.each([
  'v=dmarc1; p=none',
  'v=DMARC1, p=none',
  'v=DMARC1 p=none',
  'v=DMARC2; p=none',
  'p=none; v=DMARC1',
  'p=reject; rua=mailto:a@example.org',
  '"v=DMARC1; p=none"',
])('%j is not taken for a record, and that is said', async (text) => {
  const checked = await checkIn(withDmarc({ 'example.org': text }));
  expect(checked.rules).toEqual(['dmarc-invalid']);
  expect(findingOf(checked, 'dmarc-invalid').severity).toBe('warning');
});

test.each([
  'v=DMARC1;p=none;rua=mailto:a@example.org',
  ' V = DMARC1 ; P=NONE ; RUA=MAILTO:a@example.org ;; ',
])('%j is a record', async (text) => {
  expect((await checkIn(withDmarc({ 'example.org': text }))).rules).toEqual([]);
});

test.each([
  ['v=DMARC1', ['dmarc-invalid']],
  ['v=DMARC1; p=monitor', ['dmarc-invalid']],
  ['v=DMARC1; rua=mailto:a@example.org', ['dmarc-invalid']],
  ['v=DMARC1; p=none; np=x; rua=mailto:a@example.org', ['dmarc-invalid']],
  ['v=DMARC1; p=none', ['dmarc-no-reports']],
  ['v=DMARC1; p=none; rua=a@example.org', ['dmarc-no-reports']],
  ['v=DMARC1; p=quarantine', []],
  ['v=DMARC1; p=none; rua=mailto:a@example.org!10m, https://example.org/r', []],
])('%j: %j', async (text, rules) => {
  expect((await checkIn(withDmarc({ 'example.org': text }))).rules).toEqual(rules);
});

test('an own record counts though those above it cannot be had', async () => {
  const zone = withDmarc({ 'example.org': REJECT }, domains('example.net'));
  const checked = await checkIn(
    { ...zone, '_dmarc.org': { fails: 'SERVFAIL' } },
    { envelopeFrom: 'b@example.net' },
  );
  // Where its organization ends is not known, and so not whether the other domain is of it.
  expect(checked.rules).toEqual(['dns-unanswered']);
  const same = await checkIn({ ...zone, '_dmarc.org': { fails: 'SERVFAIL' } });
  expect(findingOf(same, 'dkim-unsigned').message).toContain('asked to refuse them');
});
