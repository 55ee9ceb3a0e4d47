import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import {
  dnsNameOf,
  hasKeyFor,
  isSelector,
  keysFor,
  readDkimDomain,
  readDkimKey,
  readSkippedFields,
  sameInDns,
  skippedFields,
} from '../../src/domain/dkim.ts';
import { keyOf, newPem, pemOf } from '../support/dkim.ts';

const own = [keyOf('rsa', 'example.org', 'a'), keyOf('ed25519', 'example.org', 'b')];
const sub = keyOf('ed25519', 'news.example.org', 'c');
const other = keyOf('rsa', 'example.net', 'd');
const keys = [other, ...own, sub];

describe('the keys that sign', () => {
  test.each([
    ['of the domain, all of them', 'example.org', own],
    ['of the domain, none of its parent', 'news.example.org', [sub]],
    ['of the nearest parent', 'a.b.news.example.org', [sub]],
    ['of a parent further up', 'mail.example.org', own],
    ['of no domain that ends alike', 'anexample.org', []],
    ['of no subdomain', 'org', []],
    ['of nobody else', 'example.com', []],
  ])('are those %s', (_, domain, found) => {
    expect(keysFor(keys, domain)).toEqual(found);
    expect(
      hasKeyFor(
        keys.map((key) => key.domain),
        domain,
      ),
    ).toBe(found.length > 0);
  });

  it('may not have one place in DNS', () => {
    expect(sameInDns(keys)).toBeUndefined();
    expect(sameInDns([...keys, keyOf('ed25519', 'example.net', 'd')])).toMatchObject({
      domain: 'example.net',
    });
    expect(dnsNameOf(sub)).toBe('c._domainkey.news.example.org');
  });
});

describe('a private key', () => {
  it('is RSA or Ed25519 in PEM, whatever stands around it', () => {
    expect(readDkimKey(pemOf('rsa'))).toMatchObject({
      algorithm: 'rsa-sha256',
      bits: 2048,
      doubt: null,
    });
    expect(readDkimKey(`# my key\r\n${pemOf('ed25519').replaceAll('\n', '\r\n')}`)).toMatchObject({
      algorithm: 'ed25519-sha256',
      doubt: null,
    });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    expect(
      readDkimKey(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()),
    ).toMatchObject({ bits: 1024, doubt: 'is an RSA key of 1024 bits, where 2048 are advised' });
  });

  const passphrase = { cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = (key: typeof rsa.privateKey, options = {}): string =>
    key.export({ type: 'pkcs8', format: 'pem', ...options }).toString();
  const cutOff = pemOf('rsa').replace(/\n.*\n-----END/, '\n-----END');

  test.each([
    ['is empty', '', 'holds no private key in PEM'],
    ['is something else', 'v=DKIM1; k=rsa; p=MIIB', 'holds no private key in PEM'],
    ['has a passphrase', pem(rsa.privateKey, passphrase), 'holds a key with a passphrase'],
    [
      'has a passphrase, in the old way',
      rsa.privateKey.export({ type: 'pkcs1', format: 'pem', ...passphrase }).toString(),
      'holds a key with a passphrase',
    ],
    [
      'is a public key',
      rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'holds a PUBLIC KEY, not a private key',
    ],
    ['is another kind of key', pem(ec.privateKey), 'holds a key of the type ec'],
    ['is damaged', cutOff, 'cannot be read'],
    ['is too short', newPem('rsa', 512), 'holds an RSA key of 512 bits; 1024 are the least'],
    [
      'is one of SSH',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n',
      'holds a key of SSH',
    ],
  ])('that %s is refused, and no part of it is quoted', (_, text, why) => {
    const read = readDkimKey(text);
    if (!('unfit' in read)) throw new Error('it was taken');
    expect(read.unfit).toContain(why);
    for (const line of text.split('\n')) {
      if (/^[\w+/=]{8,}$/.test(line)) expect(read.unfit).not.toContain(line.slice(0, 8));
    }
  });
});

describe('a domain and a selector', () => {
  test.each([
    [' Example.ORG ', 'example.org'],
    ['müller.example', 'xn--mller-kva.example'],
    ['localhost', null],
    ['news@example.org', null],
    ['example.org; h=', null],
    ['', null],
  ])('of %j are %j', (given, domain) => {
    expect(readDkimDomain(given)).toBe(domain);
  });

  test.each([
    ['news1', true],
    ['2026.news_a', true],
    ['', false],
    ['a b', false],
    ['a;b', false],
    ['a..b', false],
    ['-a', false],
    ['a'.repeat(64), false],
  ])('with the selector %j: %j', (selector, fits) => {
    expect(isSelector(selector, 'example.org')).toBe(fits);
  });
});

describe('what is not signed', () => {
  it('is what a setting names, and what Amazon SES replaces', () => {
    expect(readSkippedFields('Date, message-ID;List-Unsubscribe')).toEqual([
      'date',
      'message-id',
      'list-unsubscribe',
    ]);
    expect(readSkippedFields('')).toEqual([]);
    expect(skippedFields(['to'], 'smtp.example.org')).toEqual(['to']);
    for (const host of [
      'email-smtp.eu-west-1.amazonaws.com',
      'EMAIL-SMTP.cn-north-1.amazonaws.com.cn',
    ]) {
      expect(skippedFields(['to'], host)).toEqual(['to', 'date', 'message-id', 'feedback-id']);
    }
    expect(skippedFields([], 'amazonaws.com.example.org')).toEqual([]);
    expect(skippedFields([], 'notamazonaws.com')).toEqual([]);
  });

  it('is never From, nor a name that would not be signed', () => {
    expect(readSkippedFields('Date, FROM')).toMatchObject({ name: 'From' });
    expect(readSkippedFields('Dat')).toMatchObject({ name: 'dat' });
  });
});
