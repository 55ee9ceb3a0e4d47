import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { messageIdsOf } from '../../src/domain/message-id.ts';
import {
  genuineTokensOf,
  MAX_TOKEN_LENGTH,
  parseUnsubscribeToken,
  shownToken,
  unsubscribeTokensOf,
} from '../../src/domain/unsubscribe-token.ts';

const secret = Buffer.alloc(32, 7);
const token = unsubscribeTokensOf(42, secret)(1000);
const isGenuine = (text: string, sendId = 42, key = secret): boolean => {
  const parsed = parseUnsubscribeToken(text);
  return parsed !== null && parsed.sendId === sendId && genuineTokensOf(sendId, key)(parsed);
};

test('a token is short, safe in a URL, and names its send and row', () => {
  expect(token).toMatch(/^116-rs[0-9a-v]{16}$/);
  expect(parseUnsubscribeToken(token)).toEqual({ text: token, sendId: 42, seq: 1000 });
  const largest = 36 ** 7 - 1;
  expect(unsubscribeTokensOf(largest, secret)(largest)).toHaveLength(MAX_TOKEN_LENGTH);
});

test('a token carries 80 bits of an HMAC-SHA-256 under a key that nothing else has', () => {
  const key = createHmac('sha256', secret).update('campaign: unsubscribe, version 1').digest();
  const mac = createHmac('sha256', key).update('116-rs').digest();
  const bits = BigInt(`0x${mac.subarray(0, 10).toString('hex')}`);
  expect(token.slice(-16)).toBe(bits.toString(32).padStart(16, '0'));
});

test('a token is genuine in its own send under its own secret alone', () => {
  expect(isGenuine(token)).toBe(true);
  expect(isGenuine(token, 43)).toBe(false);
  expect(isGenuine(token, 42, Buffer.alloc(32, 8))).toBe(false);
});

test('a token is known in capitals, and with the end of a sentence behind it', () => {
  for (const text of [token.toUpperCase(), `${token}.`, `${token}>`, `${token}),`]) {
    expect(isGenuine(text)).toBe(true);
  }
});

test('a token of which a character was changed, added or cut is not genuine', () => {
  for (let at = 0; at < token.length; at++) {
    expect(isGenuine(token.slice(0, at) + token.slice(at + 1))).toBe(false);
    for (const other of '019afv-z') {
      if (other !== token[at])
        expect(isGenuine(token.slice(0, at) + other + token.slice(at + 1))).toBe(false);
    }
  }
  expect(isGenuine(`1016-rs${token.slice(6)}`)).toBe(false);
  expect(isGenuine(`116-0rs${token.slice(6)}`)).toBe(false);
  expect(isGenuine(token.repeat(2))).toBe(false);
});

test('what is no token is told at once, however long it is', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(isGenuine(text)).toBe(false);
    }),
  );
  for (const text of [
    '',
    '1',
    '/',
    token.slice(0, -1),
    'x'.repeat(10_000),
    `${token}${'.'.repeat(100)}`,
  ]) {
    expect(isGenuine(text)).toBe(false);
  }
});

test('a Message-ID of the same row, which is in every bounce, gives nothing of the token away', () => {
  const id = messageIdsOf(42, secret, 'example.org')(1000);
  expect(isGenuine(id)).toBe(false);
  expect(id).not.toContain(token.slice(-16, -8));
});

test('what a log shows of a token says nothing of its MAC', () => {
  expect(shownToken(token)).toBe('116-rs…');
});
