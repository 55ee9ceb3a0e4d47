import { expect, test } from 'vitest';
import { isGenuine, messageId, parseMessageId } from '../../src/domain/message-id.ts';

const secret = Buffer.alloc(32, 7);

test('a Message-ID is the same on every attempt and another for every row, send and secret', () => {
  const id = messageId(42, 1000, secret, 'example.com');
  expect(id).toMatch(/^<16\.rs\.[0-9a-f]{16}@example\.com>$/);
  expect(messageId(42, 1000, secret, 'example.com')).toBe(id);
  const others = [
    messageId(42, 1001, secret, 'example.com'),
    messageId(43, 1000, secret, 'example.com'),
    messageId(42, 1000, Buffer.alloc(32, 8), 'example.com'),
  ];
  expect(new Set([id, ...others]).size).toBe(4);
});

test('a Message-ID in a log leads back to its row', () => {
  const id = messageId(42, 9_007_199_254_740_991, secret, 'example.com');
  for (const text of [id, id.slice(1, -1)]) {
    const parts = parseMessageId(text);
    expect(parts).toMatchObject({ sendId: 42, seq: 9_007_199_254_740_991 });
    expect(parts && isGenuine(parts, secret)).toBe(true);
    expect(parts && isGenuine({ ...parts, seq: 1 }, secret)).toBe(false);
    expect(parts && isGenuine(parts, Buffer.alloc(32))).toBe(false);
  }
});

test.each([
  '',
  '<a.b@example.com>',
  '<16.rs.0123456789abcdef@>',
  '<16.rs.0123456789ABCDEF@example.com>',
  '<16.rs.0123456789abcdef0@example.com>',
  '<zzzzzzzzzzzzz.rs.0123456789abcdef@example.com>',
  '<16.rs.0123456789abcdef@exam ple.com>',
])('%j is none of ours', (text) => {
  expect(parseMessageId(text)).toBeNull();
});
