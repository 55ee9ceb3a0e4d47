import { describe, expect, it } from 'vitest';
import { printable } from '../../src/view/text.ts';

describe('printable', () => {
  it.each([
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['\u009b2J', '\\x9b2J'],
    ['abc\u202edef', 'abc\\u{202e}def'],
    ['zero\u200bwidth', 'zero\\u{200b}width'],
    ['Zoë 你好 👍', 'Zoë 你好 👍'],
    ['', ''],
  ])('%j becomes %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});
