import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MessageSource } from '../../src/domain/message.ts';
import { encodedBytes, type MessageFile } from '../../src/domain/message-file.ts';
import { Base64Lines } from '../../src/message/base64.ts';
import { compileMessage } from '../../src/message/compile.ts';
import { fileTypeOf, isMimeType } from '../../src/message/file-type.ts';
import { dataOf } from '../support/filled.ts';
import { parseByMailparser, parseByPython } from '../support/parsed-mail.ts';

const NOW = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
const SOURCE: MessageSource = {
  topic: '',
  sendId: 42,
  from: 'Example News <news@example.com>',
  replyTo: null,
  listUnsubscribe: null,
  unsubscribeUrl: null,
  unsubscribeMailto: null,
  timezone: 'UTC',
  headers: [],
  envelopeFrom: null,
  version: 1,
  queuedFrom: null,
  subject: 'Hello',
  html: '<p>Dear {{ name }}, <img src="cid:logo@example.com" alt="logo"></p>',
  text: 'Dear {{ name }},\n.\nbye',
  fieldNames: ['name'],
  secret: Buffer.alloc(32, 1),
  files: [],
  rowFilesBytes: 0,
};

interface Given {
  name: string;
  content: Buffer;
  type?: string;
  cid?: string;
}

const encoded = (content: Buffer): Buffer => {
  const lines = new Base64Lines(content.length);
  lines.add(content);
  return lines.end();
};

/** Files with what they hold, by their hash. */
function filesOf(given: readonly Given[]): { files: MessageFile[]; contents: Map<string, Buffer> } {
  const contents = new Map<string, Buffer>();
  const files = given.map(({ name, content, type, cid }, index): MessageFile => {
    const sha256 = createHash('sha256').update(content).digest('hex');
    contents.set(sha256, encoded(content));
    return {
      position: index + 1,
      name,
      type: fileTypeOf(name, content, type),
      bytes: content.length,
      sha256,
      disposition: cid === undefined ? 'attachment' : 'inline',
      cid: cid ?? null,
    };
  });
  return { files, contents };
}

function fill(
  common: readonly Given[],
  own: readonly Given[] = [],
  source: Partial<MessageSource> = {},
): string {
  const shared = filesOf(common);
  const row = filesOf(own);
  const contents = new Map([...shared.contents, ...row.contents]);
  const message = compileMessage({
    ...SOURCE,
    files: shared.files,
    rowFilesBytes: own.length > 0 ? 1 : 0,
    ...source,
  }).fill(
    {
      seq: 7,
      email: 'ann@example.org',
      emailNorm: 'ann@example.org',
      fields: { name: 'Änn' },
      attempts: 0,
      files: row.files,
    },
    NOW,
    ({ sha256 }) => contents.get(sha256) as Buffer,
  );
  return dataOf(message);
}

const PDF: Given = { name: 'report.pdf', content: randomBytes(100_000) };
const LOGO: Given = { name: 'logo.png', content: randomBytes(3_000), cid: 'logo@example.com' };
const INVOICE: Given = { name: 'Rechnung für Änn.pdf', content: randomBytes(10_001) };

describe('the structure of a message', () => {
  test.each([
    ['text alone', [], [], { html: null }, ['text/plain']],
    ['text and HTML', [], [], {}, ['multipart/alternative', 'text/plain', 'text/html']],
    [
      'with a picture',
      [LOGO],
      [],
      {},
      ['multipart/related', 'multipart/alternative', 'text/plain', 'text/html', 'image/png'],
    ],
    [
      'with an attachment',
      [PDF],
      [],
      {},
      ['multipart/mixed', 'multipart/alternative', 'text/plain', 'text/html', 'application/pdf'],
    ],
    [
      'of text with an attachment',
      [PDF],
      [],
      { html: null },
      ['multipart/mixed', 'text/plain', 'application/pdf'],
    ],
    [
      'with a file of the row',
      [],
      [INVOICE],
      {},
      ['multipart/mixed', 'multipart/alternative', 'text/plain', 'text/html', 'application/pdf'],
    ],
    [
      'with all of them',
      [LOGO, PDF],
      [INVOICE],
      {},
      [
        'multipart/mixed',
        'multipart/related',
        'multipart/alternative',
        'text/plain',
        'text/html',
        'image/png',
        'application/pdf',
        'application/pdf',
      ],
    ],
  ] as const)('%s', async (_, common, own, source, structure) => {
    const raw = fill(common, own, source);
    const python = parseByPython(raw);
    expect(python.structure).toEqual(structure);
    expect(python.defects).toEqual([]);
    const mailparser = await parseByMailparser(raw);
    const html =
      'html' in source ? undefined : '<p>Dear Änn, <img src="cid:logo@example.com" alt="logo"></p>';
    for (const parsed of [python, mailparser]) {
      expect(parsed.text?.replaceAll('\r\n', '\n')).toMatch(/^Dear Änn,\n\.\nbye\n?$/);
      expect(parsed.html).toBe(html);
      expect(parsed.files.map(({ name }) => name)).toEqual(
        [...common, ...own].map(({ name }) => name),
      );
      for (const [index, { content }] of [...common, ...own].entries()) {
        expect(parsed.files[index]?.content.equals(content)).toBe(true);
      }
    }
    expect(mailparser.files.map(({ disposition }) => disposition)).toEqual(
      [...common, ...own].map(({ cid }) => (cid === undefined ? 'attachment' : 'inline')),
    );
    for (const line of raw.split('\r\n')) expect(line.length).toBeLessThanOrEqual(78);
    expect(raw).not.toMatch(/[^\r]\n|\r[^\n]|^\./m);
  });

  test('is the same on every attempt', () => {
    expect(fill([LOGO, PDF], [INVOICE])).toBe(fill([LOGO, PDF], [INVOICE]));
  });

  test('of a message without files is as it was', () => {
    expect(fill([])).toMatch(
      /\r\nContent-Type: multipart\/alternative;\r\n boundary="(=_\w{24})"\r\n\r\n--\1\r\nContent-Type: text\/plain/,
    );
  });
});

const NAMES = [
  'report.pdf',
  'two words.pdf',
  'Übersicht März.pdf',
  'U\u0308bersicht.pdf',
  'отчёт за квартал.docx',
  '請求書.pdf',
  '🧾 faktura.pdf',
  'a "quoted" name.pdf',
  "it's 100% & more; x=y, (z).pdf",
  '=?utf-8?Q?not_a_word?=.txt',
  "utf-8''x.txt",
  `${'long '.repeat(45)}.pdf`,
  `${'ü'.repeat(120)}.pdf`,
  `${'n'.repeat(70)}.pdf`,
  'no-extension',
  '.hidden',
  'trailing dot.',
  'semi;colon.csv',
  'per%41cent.csv',
  "apo'strophe.pdf",
  '[brackets] {braces} <angles>.pdf',
  'comma, and: colon.pdf',
];

describe('the name of a file', () => {
  test.each(NAMES)('%j comes back as it is', async (name) => {
    const raw = fill([{ name, content: Buffer.from('x') }]);
    expect((await parseByMailparser(raw)).files[0]?.name).toBe(name);
    const python = parseByPython(raw);
    expect(python.files[0]?.name).toBe(name);
    expect(python.defects).toEqual([]);
    expect(raw).toMatch(/^[\t\r\n -~]*$/);
  });

  test('of any kind comes back from mailparser, and adds no header', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
          .filter((name) => !/[\p{Cc}\p{Cs}/\\]/u.test(name) && name.trim() === name),
        async (name) => {
          const raw = fill([{ name, content: Buffer.from('x') }]);
          const { files } = await parseByMailparser(raw);
          expect(files.map((file) => file.name)).toEqual([name]);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('what a file holds', () => {
  test.each([
    ['one byte', Buffer.from([0])],
    ['56 bytes', randomBytes(56)],
    ['a line', randomBytes(57)],
    ['58 bytes', randomBytes(58)],
    ['every byte', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['dots at the starts of lines', Buffer.from('.\r\n..\r\n.\r\n')],
    ['text with other line ends', Buffer.from('a\nb\rc\r\nd')],
    ['text in UTF-8', Buffer.from('Grüße, 東京\n')],
    ['text in Latin-1', Buffer.from('Gr\xfc\xdfe\n', 'latin1')],
    ['a megabyte', randomBytes(1024 * 1024)],
  ])('%s comes back byte for byte, whatever its type', async (_, content) => {
    const names = ['a.bin', 'a.txt', 'a.csv', 'a.html', 'a.eml', 'a.ics', 'a.jpg'];
    const raw = fill(names.map((name) => ({ name, content })));
    for (const { files } of [await parseByMailparser(raw), parseByPython(raw)]) {
      expect(files.map(({ name }) => name)).toEqual(names);
      for (const file of files) expect(file.content.equals(content)).toBe(true);
    }
  });

  test('is encoded the same in whatever pieces it is read, and as long as was said', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
        (bytes, steps) => {
          const lines = new Base64Lines(bytes.length);
          for (let at = 0, step = 0; at < bytes.length; step++) {
            const size = steps[step % steps.length] as number;
            lines.add(Buffer.from(bytes.subarray(at, at + size)));
            at += size;
          }
          const text = lines.end().toString('latin1');
          expect(text.length).toBe(encodedBytes(bytes.length));
          expect(Buffer.from(text, 'base64').equals(Buffer.from(bytes))).toBe(true);
          expect(text).toMatch(/^(?:[^\r\n]{76}\r\n)*(?:[^\r\n]{1,75}\r\n)?$/);
        },
      ),
    );
  });

  test('is not sent where it is longer or shorter than it was', () => {
    const short = new Base64Lines(100);
    short.add(randomBytes(99));
    expect(() => short.end()).toThrow(/100 bytes/);
    const long = new Base64Lines(100);
    expect(() => {
      long.add(randomBytes(200));
      long.end();
    }).toThrow(/100 bytes/);
  });
});

test('the type of a file is told by its name, and where that may not be in base64 it is none', () => {
  const bytes = Buffer.from('x');
  const types = [
    'a.pdf',
    'a.PNG',
    'a.jpg',
    'a.jpeg',
    'a.gif',
    'a.svg',
    'a.webp',
    'a.docx',
    'a.zip',
    'a.ics',
    'a.eml',
    'a',
  ];
  expect(types.map((name) => fileTypeOf(name, bytes))).toEqual([
    'application/pdf',
    'image/png',
    'image/jpeg',
    'image/jpeg',
    'image/gif',
    'image/svg+xml',
    'image/webp',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/zip',
    'text/calendar; charset=utf-8',
    'application/octet-stream',
    'application/octet-stream',
  ]);
  expect(fileTypeOf('a.txt', Buffer.from([0xfc]))).toBe('text/plain');
  expect(fileTypeOf('a.txt', bytes, 'text/plain; charset=latin1')).toBe(
    'text/plain; charset=latin1',
  );
  expect(fileTypeOf('a', bytes, 'message/rfc822')).toBe('application/octet-stream');
});

test.each([
  ['application/pdf', true],
  ['text/calendar; method=REQUEST; charset="utf-8"', true],
  ['pdf', false],
  ['text/plain\r\nBcc: x@example.org', false],
  ['text/plain; charset=utf-8\r\n', false],
  ['application/pdf; name="x.pdf"', false],
  ['text/plain;', false],
  ['text/plain; a="b"c"', false],
  ['a/ü', false],
])('%j is a MIME type: %s', (type, isOne) => {
  expect(isMimeType(type)).toBe(isOne);
});
