import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type DkimKey, skippedFields } from '../../src/domain/dkim.ts';
import type { HeaderField } from '../../src/domain/header-fields.ts';
import type { FilledMessage, MessageSource } from '../../src/domain/message.ts';
import { compileMessage } from '../../src/message/compile.ts';
import { readEml } from '../../src/message/eml/read-eml.ts';
import { received } from '../../src/message/read-mime.ts';
import { compileSigned } from '../../src/message/signed.ts';
import { verifyDkim } from '../support/dkim.ts';

const NOW = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
const SOURCE: MessageSource = {
  sendId: 42,
  topic: '',
  from: 'News <news@example.org>',
  replyTo: null,
  listUnsubscribe: null,
  unsubscribeUrl: null,
  unsubscribeMailto: null,
  envelopeFrom: null,
  headers: [],
  timezone: 'UTC',
  subject: 'Hello',
  html: null,
  text: 'Hello {{ name }}\n',
  fieldNames: ['name'],
  secret: Buffer.alloc(32, 1),
  version: 1,
  queuedFrom: null,
  files: [],
  rowFilesBytes: 0,
};
const row = (name: string) => ({
  seq: 7,
  email: 'ann@example.net',
  emailNorm: 'ann@example.net',
  fields: { name },
  attempts: 0,
});

const NAMES = ['auto-submitted', 'precedence', 'list-id', 'feedback-id'];
/** Of its header those that say that it is bulk mail, by their names in lower case. */
const bulk = ({ header }: FilledMessage): Record<string, string> =>
  Object.fromEntries(
    header
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.replace(/^[^:]*: ?/, ''),
      ])
      .filter(([name = '']) => NAMES.includes(name)),
  );
const unsigned = (own: Partial<MessageSource>, name = 'Ann') =>
  bulk(compileMessage({ ...SOURCE, ...own }).fill(row(name), NOW));

const KEY: DkimKey = {
  domain: 'example.org',
  selector: 's',
  algorithm: 'ed25519-sha256',
  bits: 256,
  key: generateKeyPairSync('ed25519').privateKey,
};
const signed = (own: Partial<MessageSource>, skip: readonly string[] = []) =>
  compileSigned({ ...SOURCE, ...own }, 'auto', { keys: [KEY], skip }).message.make?.(
    row('Ann'),
    NOW,
  ) as Promise<FilledMessage>;

const ALWAYS = { 'auto-submitted': 'auto-generated', precedence: 'bulk' };

describe('each message', () => {
  test('tells programs that nobody is to answer it by a program', () => {
    expect(unsigned({})).toEqual(ALWAYS);
  });

  test.each([
    ['news', 'News <news@example.org>', '<news.example.org>'],
    ['news', 'Others <x@other.example>', '<news.other.example>'],
    ['a.b-c.2026', 'a@müller.example', '<a.b-c.2026.xn--mller-kva.example>'],
    ['a.', 'a@example.org', '<a_.example.org>'],
    ['a..b', 'a@example.org', '<a__b.example.org>'],
    ['a...', 'a@example.org', '<a___.example.org>'],
  ])('of the topic %s from %s has a List-Id', (topic, from, listId) => {
    expect(unsigned({ topic, from })).toEqual({ ...ALWAYS, 'list-id': listId });
    expect(listId).toMatch(/^<[a-z0-9_-]+(\.[a-z0-9_-]+)+>$/);
    // The same for every send of it.
    expect(unsigned({ topic, from, sendId: 43, subject: 'Other' })['list-id']).toBe(listId);
  });

  test('has none that would be longer than one may be', () => {
    const domain = `${`${'d'.repeat(60)}.`.repeat(3)}example`;
    expect(unsigned({ topic: 'a'.repeat(63), from: `a@${domain}` })).toEqual({
      ...ALWAYS,
      'list-id': `<${'a'.repeat(63)}.${domain}>`,
    });
    const longer = `${`${'d'.repeat(60)}.`.repeat(4)}ex`;
    expect(unsigned({ topic: 'a'.repeat(63), from: `a@${longer}` })).toEqual(ALWAYS);
  });
});

describe('Feedback-ID', () => {
  test('is in messages that are signed, and no other, within the signature', async () => {
    expect(unsigned({ topic: 'news' })['feedback-id']).toBeUndefined();
    const message = await signed({ topic: 'news' });
    expect(bulk(message)['feedback-id']).toMatch(/^send-42:topic-news:[0-9a-f]{12}$/);
    expect(message.header.replace(/\r\n /g, '')).toMatch(/; h=[^;]*:feedback-id:[^;]*;/);
    const [results] = await verifyDkim([received(message).toString('latin1')], [KEY]);
    expect(results).toMatchObject([{ ok: true }]);
    expect(bulk(await signed({}))['feedback-id']).toMatch(/^send-42:[0-9a-f]{12}$/);
  });

  test('ends in what all mail of a domain has, and no other', async () => {
    const senderId = async (own: Partial<MessageSource>) =>
      bulk(await signed(own))
        ['feedback-id']?.split(':')
        .at(-1);
    const one = await senderId({});
    expect(one).toMatch(/^.{5,15}$/);
    expect(await senderId({ sendId: 1, topic: 'x', from: 'Other <b@example.org>' })).toBe(one);
    expect(await senderId({ from: 'a@mail.example.org' })).not.toBe(one);
  });

  test('is left to a relay that has one of its own, and out where it is not to be signed', async () => {
    const skip = skippedFields([], 'email-smtp.eu-west-1.amazonaws.com');
    expect(bulk(await signed({}, skip))).toEqual(ALWAYS);
    expect(bulk(await signed({}, skippedFields(['feedback-id'], 'smtp.example.org')))).toEqual(
      ALWAYS,
    );
  });
});

describe('a header of the sender’s own choice', () => {
  const headers = (...lines: string[]): HeaderField[] =>
    lines.map((line) => {
      const colon = line.indexOf(': ');
      return { name: line.slice(0, colon), value: line.slice(colon + 2) };
    });

  test('wins over the one that there would be', async () => {
    const own = headers(
      'precedence: list',
      'Auto-Submitted: no',
      'List-Id: Grüße, {{ name }} <news.{{ name }}.example>',
      'Feedback-ID: a:b:{{ name }}:Sender',
    );
    expect(bulk(await signed({ topic: 'news', headers: own }))).toEqual({
      precedence: 'list',
      'auto-submitted': 'no',
      'list-id': '=?UTF-8?Q?Gr=C3=BC=C3=9Fe=2C_Ann?= <news.Ann.example>',
      'feedback-id': 'a:b:Ann:Sender',
    });
  });

  test('that comes to nothing takes it away', () => {
    expect(unsigned({ headers: headers("Precedence: {{ '' }}") })).toEqual({
      'auto-submitted': 'auto-generated',
    });
  });

  test.each([
    'Precedence: bulk, list',
    'Auto-Submitted: auto generated',
    'List-Id: news',
    'List-Id: https://example.org/news',
    'List-Id: <news example.org>',
    'List-Id: a <b> <news.example.org>',
    'Feedback-ID: a:b:c:d:e',
    'Feedback-ID: a b',
    'Feedback-ID: ä',
  ])('that is none is refused before it is queued: %s', (line) => {
    expect(() => unsigned({ headers: headers(line) })).toThrow(/would be no/);
  });

  test('has no value that makes another', () => {
    const evil = 'x>\r\nBcc: eve@example.com';
    const own = headers('List-Id: <{{ name }}.example.org>', 'Precedence: {{ name }}');
    expect(() => unsigned({ headers: own }, evil)).toThrow(/would be no/);
  });

  test('of a saved message stays behind', () => {
    const eml = [
      'From: a@example.org',
      'Subject: x',
      'List-Id: <theirs.example.com>',
      'Precedence: bulk',
      'Auto-Submitted: auto-replied',
      'Feedback-ID: 1:2:3:theirs',
      'X-Kept: yes',
      '',
      'Hello',
    ].join('\r\n');
    const { headers: kept, leftOut } = readEml(Buffer.from(eml), 'x.eml');
    expect(kept).toEqual([{ name: 'X-Kept', value: 'yes' }]);
    expect(leftOut).toEqual(['List-Id', 'Precedence', 'Auto-Submitted', 'Feedback-ID']);
  });
});
