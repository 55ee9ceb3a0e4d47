import { createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import type { DkimKey } from '../../src/domain/dkim.ts';
import { readDkimKey } from '../../src/domain/dkim.ts';
import { keyOf, newPem, recordOf } from '../support/dkim.ts';
import { checkIn, findingOf, GOOD } from '../support/in-dns.ts';

const RSA = keyOf('rsa');
const ED = keyOf('ed25519');

/** The data of a key's record. */
const dataOf = (key: DkimKey): string => recordOf(key).replace(/.*p=/, '');

const another = (type: 'rsa' | 'ed25519'): DkimKey => {
  const read = readDkimKey(newPem(type));
  if ('unfit' in read) throw new Error(read.unfit);
  return { ...read, domain: 'example.org', selector: type };
};

/** What is found where these TXT records stand in the place of a key. */
const records = (key: DkimKey, ...txt: (string | readonly string[])[]) =>
  checkIn({ ...GOOD, [`${key.selector}._domainkey.example.org`]: { txt } }, { keys: [key] });

const pkcs1 = createPublicKey(RSA.key).export({ type: 'pkcs1', format: 'der' }).toString('base64');
const spkiOfEd = createPublicKey(ED.key).export({ type: 'spki', format: 'der' }).toString('base64');

test.each([
  ['as the help has it', RSA, recordOf(RSA)],
  ['of Ed25519', ED, recordOf(ED)],
  ['without a version', RSA, `p=${dataOf(RSA)}`],
  ['with the key as RFC 6376 has it', RSA, `v=DKIM1; p=${pkcs1}`],
  [
    'with spaces anywhere',
    RSA,
    ` v = DKIM1 ;\tk = rsa ; p = ${dataOf(RSA).replace(/(.{60})/g, '$1 ')} ; `,
  ],
  ['of RSA in upper case', RSA, `v=DKIM1; k=RSA; p=${dataOf(RSA)}`],
  ['with tags that are not known', RSA, `v=DKIM1; n=for news; g=*; p=${dataOf(RSA)}; x=1`],
  ['for SHA-256 too', RSA, `v=DKIM1; h=sha1:sha256; p=${dataOf(RSA)}`],
  ['for e-mail', RSA, `v=DKIM1; s=email; p=${dataOf(RSA)}`],
  ['for all services', RSA, `v=DKIM1; s=*; p=${dataOf(RSA)}`],
  ['of a domain that is strict about its subdomains', RSA, `v=DKIM1; t=s; p=${dataOf(RSA)}`],
  ['without the signs that fill base64 up', ED, recordOf(ED).replace(/=+$/, '')],
])('a record %s is that of the key', async (_, key, text) => {
  expect((await records(key, text)).findings).toEqual([]);
});

test('strings of a record that a key is parted into are joined', async () => {
  const text = recordOf(RSA);
  const checked = await records(RSA, [text.slice(0, 255), text.slice(255)]);
  expect(checked.findings).toEqual([]);
});

test('a CNAME to where a provider keeps the key is followed', async () => {
  const zone = {
    ...GOOD,
    'rsa._domainkey.example.org': { cname: 'rsa.dkim.provider.net' },
    'rsa.dkim.provider.net': { txt: [recordOf(RSA)] },
  };
  expect((await checkIn(zone, { keys: [RSA] })).findings).toEqual([]);
});

test('without a record it is said which one to publish, and where', async () => {
  const checked = await checkIn(GOOD, { keys: [RSA] });
  // Nothing that can be verified is signed, but SPF is aligned.
  expect(checked.rules).toEqual(['dkim-record-missing']);
  expect(findingOf(checked, 'dkim-record-missing')).toMatchObject({
    severity: 'error',
    remedy: expect.stringContaining(`TXT record of rsa._domainkey.example.org`),
    where: 'DNS of rsa._domainkey.example.org',
  });
  expect(findingOf(checked, 'dkim-record-missing').remedy).toContain(recordOf(RSA));
});

test.each([
  ['another key', RSA, recordOf(another('rsa')), 'another RSA key, of 2048 bits'],
  ['another key of Ed25519', ED, recordOf(another('ed25519')), 'another Ed25519 key'],
  ['a key of another type', RSA, recordOf(ED), 'of the type ed25519'],
  ['a key of another type without k=', ED, `v=DKIM1; p=${dataOf(ED)}`, 'of the type rsa'],
  ['a key of another type under k=rsa', RSA, `v=DKIM1; k=rsa; p=${spkiOfEd}`, 'a key of ed25519'],
])('%s differs from ours', async (_, key, text, words) => {
  const checked = await records(key, text);
  expect(checked.rules).toEqual(['dkim-key-differs']);
  expect(findingOf(checked, 'dkim-key-differs')).toMatchObject({
    severity: 'error',
    message: expect.stringContaining(words),
    remedy: expect.stringContaining(recordOf(key)),
  });
});

test.each([
  ['another version', RSA, `v=DKIM2; p=${dataOf(RSA)}`, 'v=DKIM1'],
  ['a version in small letters', RSA, `v=dkim1; p=${dataOf(RSA)}`, 'v=DKIM1'],
  ['its version at the end', RSA, `p=${dataOf(RSA)}; v=DKIM1`, 'v=DKIM1'],
  ['no key', RSA, 'v=DKIM1; k=rsa', 'no p='],
  ['two keys', RSA, `v=DKIM1; p=${dataOf(RSA)}; p=${dataOf(RSA)}`, 'p= twice'],
  ['something that is no tag', RSA, `v=DKIM1; rsa; p=${dataOf(RSA)}`, '"rsa" is no tag=value'],
  ['SHA-1 alone', RSA, `v=DKIM1; h=sha1; p=${dataOf(RSA)}`, 'no SHA-256'],
  ['a service that is none of ours', RSA, `v=DKIM1; s=tlsrpt; p=${dataOf(RSA)}`, 'not for e-mail'],
  [
    'a quotation mark in its key',
    RSA,
    `v=DKIM1; p=${dataOf(RSA).slice(0, 200)}" "${dataOf(RSA).slice(200)}`,
    'base64',
  ],
  ['a key that was cut off', RSA, recordOf(RSA).slice(0, 255), 'cut off'],
  ['a key that is none', RSA, 'v=DKIM1; p=YWJj', 'no public key'],
  ['the wrapping of PEM', RSA, `v=DKIM1; p=-----BEGIN PUBLIC KEY-----${dataOf(RSA)}`, 'base64'],
  [
    'a key of Ed25519 as openssl prints it',
    ED,
    `v=DKIM1; k=ed25519; p=${spkiOfEd}`,
    'last 32 bytes',
  ],
  ['a key of Ed25519 of 3 bytes', ED, 'v=DKIM1; k=ed25519; p=YWJj', 'has 3 bytes'],
])('a record with %s is invalid', async (_, key, text, words) => {
  const checked = await records(key, text);
  expect(checked.rules).toEqual(['dkim-record-invalid']);
  expect(findingOf(checked, 'dkim-record-invalid').message).toContain(words);
});

test('a key that is withdrawn', async () => {
  expect((await records(RSA, 'v=DKIM1; p=')).rules).toEqual(['dkim-revoked']);
});

test('a domain that is testing', async () => {
  const checked = await records(RSA, `v=DKIM1; t=y:s; p=${dataOf(RSA)}`);
  expect(checked.rules).toEqual(['dkim-testing']);
  expect(findingOf(checked, 'dkim-testing').severity).toBe('info');
});

test('several records, with and without ours', async () => {
  const both = await records(RSA, recordOf(RSA), recordOf(another('rsa')));
  expect(both.rules).toEqual(['dkim-record-invalid']);
  expect(findingOf(both, 'dkim-record-invalid').message).toContain('one is that of our key');
  const none = await records(RSA, 'v=spf1 -all', recordOf(another('rsa')));
  expect(findingOf(none, 'dkim-record-invalid').message).toContain('none is that of our key');
});

test('each key that signs is looked at, and none else', async () => {
  const other = { ...keyOf('rsa'), domain: 'example.net', selector: 'net' };
  const checked = await checkIn(
    { ...GOOD, 'rsa._domainkey.example.org': { txt: [recordOf(RSA)] } },
    { keys: [RSA, ED, other] },
  );
  expect(checked.rules).toEqual(['dkim-record-missing']);
  expect(findingOf(checked, 'dkim-record-missing').where).toBe(
    'DNS of ed25519._domainkey.example.org',
  );
  expect(checked.asked.filter((one) => one.includes('net'))).toEqual([]);
});

test('the key of a domain above signs too', async () => {
  const zone = {
    ...GOOD,
    'news.example.org': { mx: [[10, 'mail.example.org']] as const, txt: ['v=spf1 mx -all'] },
    'rsa._domainkey.example.org': { txt: [recordOf(RSA)] },
  };
  const checked = await checkIn(zone, {
    from: 'news.example.org',
    envelopeFrom: 'n@news.example.org',
    keys: [RSA],
  });
  expect(checked.findings).toEqual([]);
});

test('without a key it is said what that means', async () => {
  const none = await checkIn(GOOD);
  expect(none.findings).toHaveLength(1);
  expect(findingOf(none, 'dkim-unsigned')).toMatchObject({
    severity: 'info',
    message: expect.stringContaining('no DKIM key is set for example.org'),
    where: 'the header From',
  });
  const off = await checkIn(GOOD, { keys: [RSA], dkim: 'off' });
  expect(findingOf(off, 'dkim-unsigned').message).toContain('the send is not to be signed');
  const required = await checkIn(GOOD, { dkim: 'required' });
  expect(findingOf(required, 'dkim-unsigned').message).toContain('waits for a scheduler');
  const refused = await checkIn({ ...GOOD, '_dmarc.example.org': { txt: ['v=DMARC1; p=reject'] } });
  expect(findingOf(refused, 'dkim-unsigned').message).toContain('asked to refuse them');
});
