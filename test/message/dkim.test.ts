import { describe, expect, it, test } from 'vitest';
import type { DkimKey } from '../../src/domain/dkim.ts';
import type { FilledMessage, MessageSource } from '../../src/domain/message.ts';
import { DkimSigner } from '../../src/message/dkim.ts';
import { compileSigned } from '../../src/message/signed.ts';
import { keyOf, verifyDkim } from '../support/dkim.ts';

const NOW = new Date('2026-11-28T12:00:00.400Z');
const rsa = keyOf('rsa');
const ed25519 = keyOf('ed25519');
const ENVELOPE = { from: 'news@example.org', to: 'ann@example.net', utf8: false };

/** As it was received: dot-stuffing undone. */
const received = ({ header, body }: FilledMessage): string =>
  header +
  body
    .map((piece) => (typeof piece === 'string' ? piece : piece.toString('latin1')))
    .join('')
    .replace(/(^|\n)\./g, '$1');

const sign = (
  header: string,
  body: FilledMessage['body'],
  keys: readonly DkimKey[] = [rsa],
  skip: readonly string[] = [],
): Promise<FilledMessage> =>
  new DkimSigner(keys, skip).sign({ envelope: ENVELOPE, header: `${header}\r\n`, body }, NOW);

const HEADER = 'From: news@example.org\r\nTo: ann@example.net\r\nSubject: Hello\r\n';

/** Whether every signature, of which there are so many, verifies. */
async function allVerify(message: string, keys: readonly DkimKey[]): Promise<boolean> {
  const [results = []] = await verifyDkim([message], keys);
  return results.length === keys.length && results.every(({ ok }) => ok);
}

const source: MessageSource = {
  topic: '',
  sendId: 7,
  from: 'News <news@example.org>',
  replyTo: 'Answers <answers@example.org>',
  listUnsubscribe: null,
  unsubscribeUrl: 'https://news.example.org/u',
  unsubscribeMailto: 'leave@example.org',
  timezone: 'UTC',
  subject:
    'Für {{ name }}: ein langer Betreff, der gewiss nicht in eine Zeile passt und deshalb gefaltet wird',
  html: '<p>Hallo  {{ name }}</p>\n<pre>\n.\n..two\n  {{ name }}   \n</pre>',
  text: null,
  fieldNames: ['name'],
  headers: [],
  envelopeFrom: null,
  version: 1,
  queuedFrom: null,
  files: [],
  rowFilesBytes: 0,
  secret: Buffer.alloc(32, 7),
};
const row = (name: string, email = 'ann@example.net') => ({
  seq: 1,
  email,
  emailNorm: email,
  fields: { name },
  attempts: 0,
});

const made = (own: Partial<MessageSource>, keys: readonly DkimKey[], recipient = row('Zoë')) =>
  compileSigned({ ...source, ...own }, 'auto', { keys, skip: [] }).message.make?.(
    recipient,
    NOW,
  ) as Promise<FilledMessage>;

describe('a signature verifies', () => {
  test.each([
    ['RSA', [rsa]],
    ['Ed25519', [ed25519]],
    ['both of a domain', [rsa, ed25519]],
  ])('by %s', async (_, keys) => {
    const message = received(await made({}, keys));
    expect((await verifyDkim([message], keys))[0]).toEqual(
      keys.map(({ domain, selector }) => ({ domain, selector, ok: true })),
    );
  });

  test.each([
    ['a subdomain, by the key of its parent', { from: 'a@mail.example.org' }, ['example.org']],
    [
      'a domain with a key of its own, and not by its parent',
      { from: 'a@news.example.org' },
      ['news.example.org'],
    ],
    ['another domain of several', { from: 'a@example.net' }, ['example.net']],
    ['a domain with an umlaut', { from: 'Müller <a@müller.example>' }, ['xn--mller-kva.example']],
    ['a local part that needs SMTPUTF8', { from: 'Jörg <jörg@example.org>' }, ['example.org']],
  ])('of %s', async (_, own, domains) => {
    const keys = ['example.org', 'news.example.org', 'example.net', 'xn--mller-kva.example'].map(
      (domain) => keyOf('ed25519', domain),
    );
    const message = received(await made(own, keys));
    expect((await verifyDkim([message], keys))[0]).toEqual(
      domains.map((domain) => ({ domain, selector: 'ed25519', ok: true })),
    );
  });

  test('of a recipient that needs SMTPUTF8', async () => {
    expect(
      await allVerify(received(await made({}, [rsa], row('x', 'josé@example.net'))), [rsa]),
    ).toBe(true);
  });

  const folded = `Subject: ${'word '.repeat(40).trim().replaceAll(' ', '\r\n ')}\r\n`;
  test.each([
    ['an empty body', HEADER, ['']],
    ['no pieces at all', HEADER, []],
    ['a body of empty lines', HEADER, ['\r\n\r\n\r\n']],
    ['lines that end in white space', HEADER, ['a  \r\n\tb\t \r\n \r\n']],
    ['lines of dots', HEADER, ['..\r\n...\r\n..a\r\n']],
    ['dots over the borders of pieces', HEADER, ['..\r\na\r\n.', Buffer.from('.x\r\n.'), '.\r\n']],
    ['a long body', HEADER, [`${'x'.repeat(900)}\r\n`.repeat(500)]],
    ['a folded header', HEADER.replace(/Subject.*\r\n/, folded), ['x\r\n']],
    ['a header of nothing', `${HEADER}Reply-To: \r\nList-Help:\r\n`, ['x\r\n']],
    [
      'a header of 998 characters',
      `${HEADER}List-Unsubscribe: <https://${'u'.repeat(960)}>\r\n`,
      ['x\r\n'],
    ],
    ['tabs and spaces in headers', `${HEADER}List-Id: \t a \t  b \r\n\t c  \r\n`, ['x\r\n']],
    ['a no-break space at the end of a header', `${HEADER}List-Id: a\u00a0\r\n`, ['x\r\n']],
    ['several headers of a name', `${HEADER}References: <a>\r\nReferences: <b>\r\n`, ['x\r\n']],
    [
      'many headers',
      `${HEADER}${Array.from({ length: 60 }, (_, i) => `List-X${i}: ${i}\r\n`).join('')}`,
      ['x\r\n'],
    ],
  ] as const)('of %s', async (_, header, body) => {
    const keys = [rsa, ed25519];
    expect(await allVerify(received(await sign(header, body, keys)), keys)).toBe(true);
  });
});

describe('a signature', () => {
  it('covers what it should, and is over all of the body and without an end', async () => {
    const { header } = await made({}, [rsa]);
    const signature = header.slice(0, header.indexOf('\r\nFrom:')).replace(/\r\n /g, ' ');
    const tags = Object.fromEntries(
      signature
        .slice('DKIM-Signature:'.length)
        .split(';')
        .map((tag) => tag.trim().split(/=(.*)/s).slice(0, 2)),
    );
    expect(tags).toMatchObject({
      v: '1',
      a: 'rsa-sha256',
      c: 'relaxed/relaxed',
      d: 'example.org',
      s: 'rsa',
      t: String(Math.floor(NOW.getTime() / 1000)),
    });
    expect(tags).not.toHaveProperty('l');
    expect(tags).not.toHaveProperty('x');
    const names = tags.h.split(':').map((name: string) => name.trim());
    const count = (name: string): number => names.filter((one: string) => one === name).length;
    expect(['from', 'to', 'subject', 'reply-to'].map((name) => [name, count(name)])).toEqual([
      ['from', 2],
      ['to', 2],
      ['subject', 2],
      ['reply-to', 2],
    ]);
    for (const name of [
      ...['date', 'message-id', 'mime-version', 'content-type'],
      ...['list-unsubscribe', 'list-unsubscribe-post'],
    ]) {
      expect([name, count(name)]).toEqual([name, 1]);
    }
  });

  it('has no line that a relay would have to break', async () => {
    const long = keyOf('rsa', `${'a'.repeat(60)}.${'b'.repeat(60)}.example`, 'c'.repeat(60));
    const many = `${HEADER}${Array.from({ length: 60 }, (_, i) => `List-X${i}: ${i}\r\n`).join('')}`;
    const { header } = await sign(many, ['x\r\n'], [rsa, ed25519, long]);
    const lines = header.slice(0, header.indexOf('\r\nFrom:')).split('\r\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(200);
    expect(lines.filter(({ length }) => length > 78)).toHaveLength(1);
    expect(lines.filter((line) => !/^( \S|DKIM-Signature: )/.test(line))).toEqual([]);
    expect(await allVerify(received(await sign(many, ['x\r\n'], [long])), [long])).toBe(true);
  });

  it('leaves out what the relay replaces, oversigned or not', async () => {
    const header = `${HEADER}Date: Sat, 28 Nov 2026 12:00:00 +0000\r\nMessage-ID: <a@example.org>\r\n`;
    const { header: signed } = await sign(header, ['x\r\n'], [rsa], ['date', 'message-id', 'to']);
    const message = received({ envelope: ENVELOPE, header: signed, body: ['x\r\n'] });
    expect(
      await allVerify(
        message
          .replace('Date: Sat', 'Date: Sun')
          .replace('<a@example.org>', '<b@ses.example>')
          .replace('To: ann', 'To: bob'),
        [rsa],
      ),
    ).toBe(true);
    expect(/h=([^;]*);/.exec(signed)?.[1]).not.toMatch(/date|message-id|\bto\b(?!:?$)/);
  });

  test.each([
    ['a header that was changed', (text: string) => text.replace('Hello', 'Hallo')],
    ['a body that was changed', (text: string) => text.replace('text', 'test')],
    ['a line added to the body', (text: string) => `${text}more\r\n`],
    ['another From', (text: string) => `From: evil@example.com\r\n${text}`],
    ['another Subject', (text: string) => `Subject: evil\r\n${text}`],
    ['a Reply-To where there was none', (text: string) => `Reply-To: evil@example.com\r\n${text}`],
  ])('does not verify with %s', async (_, change) => {
    const message = received(await sign(HEADER, ['some text\r\n']));
    expect(await allVerify(message, [rsa])).toBe(true);
    expect(await allVerify(change(message), [rsa])).toBe(false);
  });

  test.each([
    ['lines folded anew', (text: string) => text.replace('Subject: a b', 'Subject: a\r\n\tb')],
    ['names of headers in capitals', (text: string) => text.replace('Subject:', 'SUBJECT:')],
    [
      'white space at the ends of lines lost',
      (text: string) => text.replace('text  \r\n', 'text\r\n'),
    ],
    ['headers added on top', (text: string) => `Received: from x\r\n by y\r\n${text}`],
    ['empty lines added at the end', (text: string) => `${text}\r\n\r\n`],
  ])('verifies with %s', async (_, change) => {
    const header = HEADER.replace('Hello', 'a b');
    const message = received(await sign(header, ['some text  \r\n']));
    const changed = change(message);
    expect(changed).not.toBe(message);
    expect(await allVerify(changed, [rsa])).toBe(true);
  });
});

describe('a message', () => {
  it('is signed as the send has it', () => {
    const dkim = { keys: [rsa], skip: [] };
    expect(compileSigned(source, 'off', dkim)).toMatchObject({
      signing: { domain: 'example.org', keys: [] },
    });
    expect(compileSigned(source, 'off', dkim).message.make).toBeUndefined();
    expect(compileSigned(source, 'required', dkim).message.make).toBeDefined();
    const foreign = { ...source, from: 'news@example.com' };
    expect(compileSigned(foreign, 'auto', dkim).message.make).toBeUndefined();
    expect(() => compileSigned(foreign, 'required', dkim)).toThrow(/no key for example\.com/);
  });

  it('that cannot be made is not signed', async () => {
    const listUnsubscribe = 'https://news.example.org/{{ name }}';
    await expect(
      made(
        { listUnsubscribe, unsubscribeUrl: null, unsubscribeMailto: null },
        [rsa],
        row('x'.repeat(2000)),
      ),
    ).rejects.toThrow(/too long/);
  });
});
