import { createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { genuineIn, messageIdsOf, parseMessageId } from '../../src/domain/message-id.ts';

const secret = Buffer.alloc(32, 7);

test('a Message-ID is the same on every attempt and another for every row, send and secret', () => {
  const id = messageIdsOf(42, secret, 'example.com')(1000);
  expect(id).toMatch(/^<16\.rs\.[0-9a-f]{16}@example\.com>$/);
  expect(messageIdsOf(42, secret, 'example.com')(1000)).toBe(id);
  const others = [
    messageIdsOf(42, secret, 'example.com')(1001),
    messageIdsOf(43, secret, 'example.com')(1000),
    messageIdsOf(42, Buffer.alloc(32, 8), 'example.com')(1000),
  ];
  expect(new Set([id, ...others]).size).toBe(4);
});

test('a Message-ID carries the HMAC-SHA-256 of its send and row, whatever came before it', () => {
  const longest = Number.MAX_SAFE_INTEGER;
  const sends = [
    { sendId: longest, key: secret },
    { sendId: 42, key: randomBytes(32) },
  ].map((send) => ({ ...send, idOf: messageIdsOf(send.sendId, send.key, 'example.com') }));
  for (const seq of [longest, longest - 1, 7, 123_456]) {
    for (const { sendId, key, idOf } of sends) {
      const mac = createHmac('sha256', key).update(`${sendId}:${seq}`).digest('hex').slice(0, 16);
      expect(idOf(seq)).toContain(`.${mac}@`);
    }
  }
});

test('a Message-ID in a log leads back to its row', () => {
  const id = messageIdsOf(42, secret, 'example.com')(9_007_199_254_740_991);
  for (const text of [id, id.slice(1, -1)]) {
    const parts = parseMessageId(text);
    expect(parts).toMatchObject({ sendId: 42, seq: 9_007_199_254_740_991 });
    expect(parts && genuineIn(42, secret)(parts)).toBe(true);
    expect(parts && genuineIn(42, secret)({ ...parts, seq: 1 })).toBe(false);
    expect(parts && genuineIn(43, secret)(parts)).toBe(false);
    expect(parts && genuineIn(42, Buffer.alloc(32))(parts)).toBe(false);
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
