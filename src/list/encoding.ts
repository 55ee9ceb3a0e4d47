import { TextDecoder } from 'node:util';
import iconv from 'iconv-lite';
import type { FoundEncoding } from '../domain/list-findings.js';
import { guessUtf16 } from '../domain/utf-16.js';

/** Why a list cannot be read on, in words to stand before and behind the number of the line. */
export interface DecodeFault {
  claim: string;
  what: string;
  remedy: string;
}

/** A piece of text, and what is wrong with the bytes behind it. */
interface Decoded {
  text: string;
  fault?: DecodeFault;
}

/** Bytes as text, piece by piece; each may be overwritten afterwards. */
export interface Decoder {
  decode(bytes: Uint8Array, last: boolean): Decoded;
}

/** Longer ones first where one begins with another. */
const MARKS = [
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-32le', bytes: [0xff, 0xfe, 0, 0] },
  { encoding: 'utf-32be', bytes: [0, 0, 0xfe, 0xff] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
] as const;

const WINDOWS_1252 = 'windows-1252';

/** What is shown of a word, or kept because a word may go on in the next piece. */
const MAX_WORD_BYTES = 30;

export const EXPORT_REMEDY = 'export the list as CSV in UTF-8';

export const MIXED_REMEDY =
  'save the list anew in one encoding, best UTF-8, or say with --encoding which one to read all of it in';

export const beginsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, index) => bytes[index] === byte);

/** Of the bytes of a list in UTF-16 that are NULs: its delimiters, and most of its addresses, are ASCII in any script. */
const LEAST_NULS = 1 / 16;

/**
 * What the first bytes of a list tell of its encoding, and how many of them are a byte order mark.
 * @param asked by the user, as `encodingName` has it
 */
export function findEncoding(
  bytes: Uint8Array,
  asked: string | undefined,
): { found: FoundEncoding | undefined; markBytes: number } {
  const mark = MARKS.find((one) => beginsWith(bytes, one.bytes));
  const markBytes = mark?.bytes.length ?? 0;
  if (asked !== undefined) {
    const encoding =
      asked !== 'utf-16'
        ? asked
        : mark?.encoding.startsWith('utf-16')
          ? mark.encoding
          : (guessUtf16(bytes, LEAST_NULS) ?? 'utf-16le');
    const overruled = mark && mark.encoding !== encoding ? { mark: mark.encoding } : {};
    return { found: { encoding, by: 'flag', ...overruled }, markBytes };
  }
  if (mark) return { found: { encoding: mark.encoding, by: 'mark' }, markBytes };
  const encoding = guessUtf16(bytes, LEAST_NULS);
  return { found: encoding && { encoding, by: 'nuls' }, markBytes };
}

export const createDecoder = (encoding: string): Decoder =>
  encoding === 'utf-8' || encoding === 'utf-16le' || encoding === 'utf-16be'
    ? new UnicodeDecoder(encoding)
    : new LegacyDecoder(encoding);

/** UTF-8 or UTF-16, strictly. */
export class UnicodeDecoder implements Decoder {
  /** No character beyond ASCII has come yet. */
  ascii = true;
  private readonly decoder: TextDecoder;
  /** Begins a character. */
  private tail: Uint8Array = new Uint8Array(0);
  /** The last characters, as long as all are ASCII. */
  recent = '';
  /** The bytes at fault, and all behind them. */
  rest: Uint8Array = new Uint8Array(0);

  constructor(private readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be') {
    this.decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  }

  decode(bytes: Uint8Array, last: boolean): Decoded {
    const whole = this.tail.length === 0 ? bytes : Buffer.concat([this.tail, bytes]);
    const end = whole.length - (last ? 0 : this.unfinished(whole));
    try {
      const text = this.take(whole.subarray(0, end));
      this.tail = Buffer.from(whole.subarray(end));
      return { text };
    } catch {
      const at = this.firstFault(whole);
      const fault = {
        claim: `is not in ${this.encoding.toUpperCase()}`,
        what: 'holds other bytes',
        remedy: `${EXPORT_REMEDY}, or name its encoding with --encoding`,
      };
      this.rest = whole.subarray(at);
      return { text: this.take(whole.subarray(0, at)), fault };
    }
  }

  private take(bytes: Uint8Array): string {
    const text = this.decoder.decode(bytes);
    if (text.length !== bytes.length) this.ascii = false;
    this.recent = (text.length < MAX_WORD_BYTES ? this.recent + text : text).slice(-MAX_WORD_BYTES);
    return text;
  }

  /** Bytes at the end that begin a character and do not finish it: RFC 3629 §3, RFC 2781 §2.1. */
  private unfinished(bytes: Uint8Array): number {
    if (this.encoding === 'utf-8') {
      for (let length = 1; length <= 3 && length <= bytes.length; length++) {
        const byte = bytes[bytes.length - length] as number;
        if (byte < 0x80) return 0;
        if (byte < 0xc0) continue;
        return length < (byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4) ? length : 0;
      }
      return 0;
    }
    const odd = bytes.length % 2;
    const high = bytes[bytes.length - odd - (this.encoding === 'utf-16le' ? 1 : 2)] ?? 0;
    return high >= 0xd8 && high <= 0xdb ? odd + 2 : odd;
  }

  /** How many bytes come before the first invalid ones. */
  private firstFault(bytes: Uint8Array): number {
    let good = 0;
    let bad = bytes.length;
    while (good < bad) {
      const middle = (good + bad + 1) >> 1;
      try {
        new TextDecoder(this.encoding, { fatal: true }).decode(bytes.subarray(0, middle), {
          stream: true,
        });
        good = middle;
      } catch {
        bad = middle - 1;
      }
    }
    return good - this.unfinished(bytes.subarray(0, good));
  }
}

/** Any other encoding, because the user says so. */
class LegacyDecoder implements Decoder {
  private readonly decoder: iconv.DecoderStream;

  constructor(private readonly encoding: string) {
    this.decoder = iconv.getDecoder(encoding);
  }

  decode(bytes: Uint8Array, last: boolean): Decoded {
    const text = this.decoder.write(asBuffer(bytes)) + (last ? (this.decoder.end() ?? '') : '');
    const at = text.indexOf('\ufffd');
    if (at === -1) return { text };
    const fault = {
      claim: `is not in ${this.encoding}`,
      what: 'holds other bytes',
      remedy: 'leave --encoding out, or give the one that the list was saved in',
    };
    return { text: text.slice(0, at), fault };
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * What Windows-1252 makes of other code pages: four letters beyond ASCII in a row (Cyrillic, Greek, Hebrew, Arabic, Thai);
 * bytes that it leaves undefined; signs between such letters (Chinese, Japanese, Korean); and what is a letter in Polish, DOS
 * and old Macintosh code pages: signs inside a word or at its edge, a capital inside a word, a small letter among capitals.
 * (`DŽ` is one letter in Croatian, and may be written so before small ones.)
 */
const OTHER_CODE_PAGE = ((): RegExp => {
  const letter = '[À-ÿŒœŠšŽžŸƒ]';
  const sign = '[¡-¿ˆ˜‘-™]';
  const any = '[^\\0-\\u00a0]';
  const between = `${letter}${sign}${sign}${letter}|${letter}${sign}${letter}${any}|${any}${letter}${sign}${letter}`;
  const inside = '(?<=\\p{L})(?:[¹³¢£¤¥§‡‹›¡¿]\\p{Ll}|[‚„†ˆ‰¤]\\p{L})';
  const notClosing = '(?<=\\p{L})(?<![“„”][^“„”\\n]{0,25})”\\p{Ll}';
  const atEdge = '†\\p{Ll}|¤\\p{L}|(?<=\\p{L})[ˆ‰]|(?<=\\p{Ll})§(?=[,;|\\t\\r\\n"]|[ -]\\p{L})';
  const capital = '(?<=\\p{L})(?<!D)[ŠŽ](?=\\p{Ll})|Ÿ(?=\\p{Ll})|(?<=\\p{Ll})[ŠŽŸŒ]';
  const small = '(?<=\\p{Lu})[šž](?=\\p{Lu})|(?<=\\p{L})ƒ|ƒ(?=\\p{L})';
  return new RegExp(
    ['[À-ÿ]{4}|\\ufffd', between, inside, notClosing, atEdge, capital, small].join('|'),
    'u',
  );
})();

/** What it makes of UTF-8: `MÃ¼ller`. */
const UTF8_INSIDE =
  /(?<=[a-z])[ÂÃÄÅ][^\0-\x7f\u00c0-\u00ff]|[ÂÃÄÅ][^\0-\x7f\u00c0-\u00ff](?=[a-z])/;

/** Encodings that lists have, and the script of their words. */
const CODE_PAGES: readonly [string, RegExp][] = [
  ['windows-1251', /^\p{Script=Cyrillic}+$/u],
  ['koi8-r', /^\p{Script=Cyrillic}+$/u],
  ['windows-1253', /^\p{Script=Greek}+$/u],
  ['windows-1255', /^\p{Script=Hebrew}+$/u],
  ['windows-1256', /^\p{Script=Arabic}+$/u],
  ['windows-874', /^\p{Script=Thai}+$/u],
  ['shift_jis', /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+$/u],
  ['gb18030', /^\p{Script=Han}+$/u],
  ['euc-kr', /^\p{Script=Hangul}+$/u],
  ['windows-1250', /^\p{Script=Latin}+$/u],
  ['cp850', /^\p{Script=Latin}+$/u],
  ['macintosh', /^\p{Script=Latin}+$/u],
];
const MAX_READINGS = 5;

/** Windows-1252, which nearly every list is in that is not UTF-8, as long as nothing speaks against it. */
export class Windows1252Guess implements Decoder {
  /** The end of the last piece: a word may go on in the next. */
  private before: Uint8Array;

  /** @param recent the last characters, all ASCII, that were read before */
  constructor(recent: string) {
    this.before = Buffer.from(recent);
  }

  decode(bytes: Uint8Array): Decoded {
    const whole = Buffer.concat([this.before, bytes]);
    const text = iconv.decode(whole, WINDOWS_1252);
    const inside = UTF8_INSIDE.exec(text)?.index ?? text.length;
    const other = OTHER_CODE_PAGE.exec(text)?.index ?? text.length;
    const at = Math.min(inside, other);
    const from = this.before.length;
    if (at === text.length) {
      this.before = whole.subarray(-MAX_WORD_BYTES);
      return { text: text.slice(from) };
    }
    const word = wordAround(whole, at);
    const shown = `"${iconv.decode(word, WINDOWS_1252)}"`;
    const fault =
      inside < other
        ? {
            claim: 'mixes encodings',
            what: `holds ${shown}, which is UTF-8, and lines before it are not`,
            remedy: MIXED_REMEDY,
          }
        : {
            claim: 'is neither in UTF-8 nor in Windows-1252',
            what: `holds ${shown}`,
            remedy: `name its encoding with --encoding${readings(word)}`,
          };
    return { text: text.slice(from, Math.max(at, from)), fault };
  }
}

/** The word in which text that is ASCII goes on in Windows-1252. */
export const wordAcross = ({ recent, rest }: UnicodeDecoder): string =>
  iconv.decode(wordAround(Buffer.concat([Buffer.from(recent), rest]), recent.length), WINDOWS_1252);

/** Letters, and bytes beyond ASCII, on either side of a byte. */
function wordAround(bytes: Uint8Array, at: number): Buffer {
  const inWord = (index: number): boolean => {
    const byte = bytes[index] ?? 0;
    return byte >= 0x80 || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
  };
  let start = at;
  let end = at;
  while (inWord(start - 1) && end - start < MAX_WORD_BYTES) start--;
  while (inWord(end) && end - start < MAX_WORD_BYTES) end++;
  return asBuffer(bytes.subarray(start, end));
}

/** What a word reads like in encodings in which it is one. */
function readings(word: Buffer): string {
  const likely = CODE_PAGES.map(([encoding, script]) => {
    const text = iconv.decode(word, encoding);
    return script.test(text) && !/\p{Ll}\p{Lu}/u.test(text) ? `${encoding} ("${text}")` : '';
  }).filter((reading) => reading !== '');
  return likely.length === 0
    ? `: ${CODE_PAGES.map(([encoding]) => encoding).join(', ')} …`
    : `, likely ${likely.slice(0, MAX_READINGS).join(', ')}`;
}
