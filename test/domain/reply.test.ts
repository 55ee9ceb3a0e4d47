import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanReply, formatReply } from '../../src/domain/reply.ts';
import { reply } from '../support/reply.ts';

describe('a server’s words', () => {
  test('become one line without control characters', () => {
    expect(cleanReply(' a\r\nb\tc\u0000d\u001b[31me\u2028f  g\u0085h ')).toBe(
      'a b c d [31me f g h',
    );
  });

  test('lose half surrogates and nothing else of other scripts', () => {
    expect(cleanReply('żółw 🐢 \ud83d!')).toBe('żółw 🐢 !');
  });

  test('keep their words, with a blank between two', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'Z', '~', '!', ' ', '\t', '\u007f') });
    fc.assert(
      fc.property(texts, (text) => {
        const words = text.split(/[ \t\u007f]+/).filter((word) => word !== '');
        expect(cleanReply(text)).toBe(words.join(' '));
      }),
    );
  });

  test('are cut by characters', () => {
    expect(cleanReply('🐢'.repeat(501))).toBe('🐢'.repeat(500));
    expect(cleanReply('abcdef', 3)).toBe('abc');
    expect(cleanReply('abc', 3)).toBe('abc');
  });

  test('are written with code and enhanced code', () => {
    expect(formatReply(reply('550 5.1.1 No'))).toBe('550 5.1.1 No');
    expect(formatReply(reply('250'))).toBe('250');
  });
});
