import { describe, expect, it } from 'vitest';
import { printable } from '../../src/view/printable.ts';

const ENGLAND = '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}';

describe('printable', () => {
  it.each([
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['\u009b2J', '\\x9b2J'],
    ['abc\u202edef', 'abc\\u{202e}def'],
    ['zero\u200bwidth', 'zero\\u{200b}width'],
    ['Zoë 你好 👍', 'Zoë 你好 👍'],
    ['', ''],
    ['می\u200cخواهم علی‌رضا', 'می\u200cخواهم علی‌رضا'],
    ['שלום\u200f!\u200e', 'שלום\u200f!\u200e'],
    ['क्\u200dष க்\u200cஷ ক্\u200dষ', 'क्\u200dष க்\u200cஷ ক্\u200dষ'],
    ['👨‍👩‍👧‍👦 👩🏽‍🚀 ❤️ 🇩🇪 🏳️‍🌈 1️⃣', '👨‍👩‍👧‍👦 👩🏽‍🚀 ❤️ 🇩🇪 🏳️‍🌈 1️⃣'],
    [ENGLAND, ENGLAND],
    ['e\u0301 ạ̈ ท่าน', 'e\u0301 ạ̈ ท่าน'],
    ['\u{e0041}\u{e0042}', '\\u{e0041}\\u{e0042}'],
    ['\u2066\u2067\u2068\u2069', '\\u{2066}\\u{2067}\\u{2068}\\u{2069}'],
    ['\u202a\u202b\u202c\u202d', '\\u{202a}\\u{202b}\\u{202c}\\u{202d}'],
    ['\u2028\u2029\u0085\u007f', '\\u{2028}\\u{2029}\\x85\\x7f'],
    ['a\ud83d', 'a\\u{d83d}'],
    ['\ufeffann', '\\u{feff}ann'],
  ])('%j becomes %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});
