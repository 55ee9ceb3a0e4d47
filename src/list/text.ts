import { TextDecoder } from 'node:util';
import { CampaignError } from '../errors.js';

const ENCODINGS = [
  { encoding: 'utf-8', bom: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bom: [0xff, 0xfe] },
  { encoding: 'utf-16be', bom: [0xfe, 0xff] },
] as const;

/** What every .xlsx, .ods and .zip begins with. */
const ZIP_MAGIC = [0x50, 0x4b, 0x03, 0x04];
const GZIP_MAGIC = [0x1f, 0x8b];

const beginsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, index) => bytes[index] === byte);

/** How often one character stands in a piece of text. */
export const countOf = (character: string, text: string): number => {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) count++;
  return count;
};

/** Line ends in a piece of text. */
export const countLines = (text: string): number => countOf('\n', text);

const EXPORT_REMEDY = 'export the list as CSV in UTF-8';

/**
 * A list's bytes as text with LF line ends: UTF-8, or UTF-16 where a byte order mark says so; the mark is left
 * out. One piece of text for each piece of bytes.
 * @param name of the list, for messages
 * @throws CampaignError BAD_LIST naming the line, when it is binary or not in that encoding
 */
export async function* decodeText(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let encoding = 'utf-8';
  let held: Uint8Array = new Uint8Array(0);
  let line = 1;
  let endedInReturn = false;
  let tail: Uint8Array = new Uint8Array(0);

  const finish = (text: string): string => {
    let clean = text;
    if (endedInReturn && clean.startsWith('\n')) clean = clean.slice(1);
    if (text !== '') endedInReturn = text.endsWith('\r');
    if (clean.includes('\r')) clean = clean.replace(/\r\n?/g, '\n');
    const nul = clean.indexOf('\0');
    if (nul !== -1) {
      throw new CampaignError(
        'BAD_LIST',
        `${name} is not a text file: line ${line + countLines(clean.slice(0, nul))} holds a NUL byte`,
        EXPORT_REMEDY,
      );
    }
    line += countLines(clean);
    return clean;
  };

  const decode = (bytes: Uint8Array, last: boolean): string => {
    try {
      const text = finish((decoder as TextDecoder).decode(bytes, { stream: !last }));
      tail = encoding === 'utf-8' ? unfinishedCharacter(bytes, tail) : tail;
      return text;
    } catch (error) {
      if (error instanceof CampaignError) throw error;
      throw new CampaignError(
        'BAD_LIST',
        `${name} is not in ${encoding.toUpperCase()}: line ${line + linesBeforeFault(Buffer.concat([tail, bytes]), encoding)} holds other bytes`,
        `${EXPORT_REMEDY}, or convert it: iconv -f WINDOWS-1252 -t UTF-8`,
        { cause: error },
      );
    }
  };

  const start = (bytes: Uint8Array): Uint8Array => {
    if (beginsWith(bytes, ZIP_MAGIC)) {
      throw new CampaignError(
        'BAD_LIST',
        `${name} is not a text file: line 1 begins like a spreadsheet or an archive (.xlsx, .ods, .zip)`,
        EXPORT_REMEDY,
      );
    }
    if (beginsWith(bytes, GZIP_MAGIC)) {
      throw new CampaignError(
        'BAD_LIST',
        `${name} is not a text file: it is compressed with gzip`,
        'unpack it first',
      );
    }
    const marked = ENCODINGS.find(({ bom }) => beginsWith(bytes, bom));
    encoding = marked?.encoding ?? 'utf-8';
    decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
    return bytes.subarray(marked?.bom.length ?? 0);
  };

  for await (const chunk of chunks) {
    if (decoder) {
      yield decode(chunk, false);
      continue;
    }
    held = Buffer.concat([held, chunk]);
    if (held.length >= ZIP_MAGIC.length) yield decode(start(held), false);
  }
  yield decode(decoder ? new Uint8Array(0) : start(held), true);
}

/** Bytes at the end of a piece of valid UTF-8 that begin a character and do not finish it (RFC 3629 §3). */
function unfinishedCharacter(bytes: Uint8Array, before: Uint8Array): Uint8Array {
  const end = Buffer.concat([before, bytes.subarray(-3)]);
  for (let length = 1; length <= 3 && length <= end.length; length++) {
    const byte = end[end.length - length] as number;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length < needed ? end.subarray(-length) : new Uint8Array(0);
  }
  return new Uint8Array(0);
}

/** Complete lines of a piece of text before its first invalid bytes. */
function linesBeforeFault(bytes: Uint8Array, encoding: string): number {
  let good = 0;
  let bad = bytes.length;
  while (good < bad) {
    const middle = (good + bad + 1) >> 1;
    try {
      new TextDecoder(encoding, { fatal: true }).decode(bytes.subarray(0, middle), {
        stream: true,
      });
      good = middle;
    } catch {
      bad = middle - 1;
    }
  }
  const text = new TextDecoder(encoding).decode(bytes.subarray(0, good), { stream: true });
  return countLines(text.replace(/\r\n?/g, '\n'));
}
