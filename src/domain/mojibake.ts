import { TextDecoder } from 'node:util';
import { lazily } from './lazily.js';

/** Code pages that text in UTF-8 is taken for, when it ends up encoded twice; the first by far the most. */
const CODE_PAGES = ['windows-1252', 'macintosh', 'windows-1250', 'windows-1251'] as const;

/** How often text may have been encoded anew on the way to the list. */
const MAX_LAYERS = 3;

/** What one character beyond ASCII becomes, at the least. */
const TWO_BEYOND_ASCII = /[^\0-\x7f]{2}/;

/** Bytes by the character that they are read as. C1 controls stand for themselves where the code page has nothing (ISO 8859-1). */
function readBackwards(codePage: string): Map<string, number> {
  const decoder = new TextDecoder(codePage);
  const bytes = new Map<string, number>();
  for (let byte = 0x80; byte <= 0xff; byte++) {
    // Node 20 decodes a whole text in windows-1252 as ISO 8859-1, a stream rightly.
    bytes.set(decoder.decode(Uint8Array.of(byte), { stream: true }), byte);
    if (byte < 0xa0) bytes.set(String.fromCharCode(byte), byte);
  }
  return bytes;
}

const codePages = lazily(() => CODE_PAGES.map(readBackwards));

/** The bytes that a code page would have read as this text; undefined when it is none that it can read. */
function toBytes(text: string, bytes: Map<string, number>): Uint8Array | undefined {
  const result = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const byte = code < 0x80 ? code : bytes.get(text[at] as string);
    if (byte === undefined) return undefined;
    result[at] = byte;
  }
  return result;
}

/** Whether each byte beyond ASCII is where RFC 3629 §3 has it. Cheaper than to decode, which most texts need not be. */
function looksLikeUtf8(bytes: Uint8Array): boolean {
  let following = 0;
  for (const byte of bytes) {
    if (byte >= 0x80 && byte < 0xc0) {
      if (following === 0) return false;
      following--;
    } else if (following > 0 || byte > 0xf4) return false;
    else if (byte >= 0xc2) following = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    else if (byte >= 0xc0) return false;
  }
  return following === 0;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Characters that names and addresses in use are written with, and that two bytes are not likely to make by chance. */
const usual = lazily(
  () =>
    new RegExp(
      [
        String.raw`^(?:[\0-\x7f\u00a0-\u01dc\u0218-\u021b\u0259\u02bb\u02bc]`,
        String.raw`[\u0370-\u04ff\u0531-\u0587\u05d0-\u05f4\u060c\u061b\u061f\u0621-\u06d3\u06f0-\u06f9]`,
        String.raw`[\u0900-\uffff\u{10000}-\u{10ffff}])*$`,
      ].join('|'),
      'u',
    ),
);
const unusual = lazily(() => /[\p{Cn}\p{Co}\p{Cs}\p{Cc}]/u);
const OTHER_ALPHABET = String.raw`[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Hebrew}\p{Script=Arabic}]`;
const SMALL_LETTER = String.raw`(?![\0-\x7f])\p{Ll}`;
/** Letters of two alphabets side by side, and a small letter among capitals. */
const byChance = lazily(
  () =>
    new RegExp(
      [
        String.raw`\p{Script=Latin}${OTHER_ALPHABET}`,
        String.raw`${OTHER_ALPHABET}\p{Script=Latin}`,
        String.raw`[a-z]\p{Script=Han}`,
        String.raw`\p{Lu}${SMALL_LETTER}\p{Lu}`,
        String.raw`\p{Lu}{2}${SMALL_LETTER}`,
      ].join('|'),
      'u',
    ),
);
/** More than one character of two bytes alone, which two letters can make. */
const EVIDENCE = /[A-Za-z]|[^\0-\x7f].*[^\0-\x7f]|[^\0-\u07ff]/su;

function isPlausible(text: string): boolean {
  const composed = text.normalize('NFC').replace(/[\t\n\r]/g, ' ');
  return (
    EVIDENCE.test(text) &&
    usual().test(composed) &&
    !unusual().test(composed) &&
    !byChance().test(composed)
  );
}

/**
 * What a text was before it was encoded twice: UTF-8 that somebody read in a code page, and wrote as UTF-8 again
 * (`mÃ¼ller` for `müller`). Undefined where it was not: all that is not ASCII must turn back into valid UTF-8, and into
 * characters that make sense.
 */
export function undoDoubleEncoding(text: string, layers = MAX_LAYERS): string | undefined {
  if (layers === 0 || !TWO_BEYOND_ASCII.test(text)) return undefined;
  for (const codePage of codePages()) {
    const bytes = toBytes(text, codePage);
    if (!bytes || !looksLikeUtf8(bytes)) continue;
    const decoded = utf8.decode(bytes);
    if (decoded.includes('\ufffd')) continue;
    const deeper = undoDoubleEncoding(decoded, layers - 1);
    if (deeper !== undefined) return deeper;
    if (isPlausible(decoded)) return decoded;
  }
  return undefined;
}
