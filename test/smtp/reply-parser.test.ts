import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Reply } from '../../src/domain/reply.ts';
import { MalformedReply, ReplyParser } from '../../src/smtp/reply-parser.ts';

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

/** More replies than a parser remembers, and such as differ in little. */
const REPLIES = [
  '250 a\r\n',
  '250 a\n',
  '250 a \r\n',
  '250-a\r\n250 a\r\n',
  '250-a\n250 a\n',
  '250-a\r\n250-a\r\n250 a\r\n',
  '250\r\n',
  '250 \r\n',
  '250 2.0.0 a\r\n',
  '250-2.0.0 a\r\n250 2.0.0 b\r\n',
  '550 2.0.0 a\r\n',
  '354 a\r\n',
  latin1('550 5.1.1 kein Empfänger\r\n'),
  '550 5.1.1 kein Empf\xe4nger\r\n',
  latin1('550-größer\r\n550 als erlaubt\r\n'),
  ...Array.from({ length: 20 }, (_, i) => `250 2.0.0 queued as ${i}\r\n`),
];

const read = (parser: ReplyParser, chunk: string): Reply[] => {
  const replies: Reply[] = [];
  parser.push(chunk, (reply) => replies.push(reply));
  return replies;
};

const cut = (bytes: string, sizes: readonly number[]): string[] => {
  const chunks: string[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return chunks;
};

test('a reply is read the same whatever came before it, and however it is chunked', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...REPLIES), { maxLength: 60 }),
      fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 5 }),
      (replies, sizes) => {
        const parser = new ReplyParser();
        const heard = cut(replies.join(''), sizes).flatMap((chunk) => read(parser, chunk));
        expect(heard).toEqual(replies.flatMap((reply) => read(new ReplyParser(), reply)));
        expect(heard).toHaveLength(replies.length);
      },
    ),
  );
});

test('replies without end are read, of one line or several', () => {
  const parser = new ReplyParser();
  for (const reply of ['250 ok\r\n', '250-a\r\n250 a\r\n']) {
    for (let i = 0; i < 10_000; i++) expect(read(parser, reply)).toHaveLength(1);
  }
});

test('a chunk of more replies than a reply may be long is given up, known ones or not', () => {
  const parser = new ReplyParser();
  const many = '250 ok\r\n'.repeat(10_000);
  expect(() => read(new ReplyParser(), many)).toThrow(MalformedReply);
  read(parser, '250 ok\r\n');
  expect(() => read(parser, many)).toThrow(MalformedReply);
});

test('a reply that never ends is given up, in one line or many, after the same reply came before', () => {
  const parser = new ReplyParser();
  read(parser, '250 ok\r\n');
  const goesOn = (): void => {
    for (let i = 0; i < 10_000; i++) read(parser, '250-ok\r\n');
  };
  expect(goesOn).toThrow(MalformedReply);
  const line = (): void => {
    const parser = new ReplyParser();
    for (let i = 0; i < 10_000; i++) read(parser, 'x'.repeat(10));
  };
  expect(line).toThrow(MalformedReply);
});

test.each(['hello\r\n', '25 ok\r\n', '250_ok\r\n', '\r\n'])('%j is no reply', (line) => {
  expect(() => read(new ReplyParser(), line)).toThrow(MalformedReply);
});
