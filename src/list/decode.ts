import { encodingName } from '../domain/encoding-name.js';
import type { FoundEncoding } from '../domain/list-findings.js';
import { CampaignError } from '../errors.js';
import {
  beginsWith,
  createDecoder,
  type DecodeFault,
  type Decoder,
  EXPORT_REMEDY,
  findEncoding,
  MIXED_REMEDY,
  UnicodeDecoder,
  Windows1252Guess,
  wordAcross,
} from './encoding.js';

/** Files that are taken for lists, by what they begin with. */
const NOT_TEXT = [
  {
    magic: [0x50, 0x4b, 0x03, 0x04],
    what: 'line 1 begins like a spreadsheet or an archive (.xlsx, .ods, .zip)',
    remedy: EXPORT_REMEDY,
  },
  {
    magic: [0xd0, 0xcf, 0x11, 0xe0],
    what: 'line 1 begins like an old spreadsheet (.xls)',
    remedy: EXPORT_REMEDY,
  },
  {
    magic: [0x1f, 0x8b],
    what: 'it is compressed with gzip',
    remedy: 'unpack it first',
  },
];

/** As much of a list as tells its encoding. */
const FIRST_BYTES = 4096;

const ESCAPE = '\u001b';
/** What names another character set in ISO/IEC 2022, behind ESC: RFC 1468, RFC 1557, RFC 1922. All else is ASCII. */
const SHIFTS = ['$', '(', ')'];
const ISO_2022 = ['iso-2022-jp', 'iso-2022-kr', 'iso-2022-cn'];
const READABLE = ISO_2022.filter((label) => encodingName(label) !== undefined);
const SHIFT_REMEDY =
  READABLE.length === 0
    ? EXPORT_REMEDY
    : `${EXPORT_REMEDY}, or name its encoding with --encoding: ${READABLE.join(', ')}`;

/** Where the first of them is, or -1. */
function findShift(text: string): number {
  for (let at = text.indexOf(ESCAPE); at !== -1; at = text.indexOf(ESCAPE, at + 1)) {
    if (SHIFTS.includes(text[at + 1] ?? '')) return at;
  }
  return -1;
}

/** Line ends in a piece of text. */
export const countLines = (text: string): number => {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
};

/** How a list's text is found. */
export interface TextOptions {
  /** How messages call the list. */
  name: string;
  /** Instead of looking for it; see `encodingName`. */
  encoding?: string | undefined;
  /** Told once what the list is read as, as soon as it is known, unless that is UTF-8 by itself. */
  onEncoding?: ((found: FoundEncoding) => void) | undefined;
}

/**
 * A list's bytes as text with LF line ends, in one pass. A byte order mark tells the encoding and is left out; else NUL bytes
 * in every other place tell UTF-16; else it is UTF-8, or Windows-1252 from the first byte on that is not UTF-8, if nothing
 * but ASCII came before.
 * @throws CampaignError BAD_LIST naming the line, when it is binary, not in its encoding, or in more than one
 */
export async function* decodeText(
  chunks: AsyncIterable<Uint8Array>,
  { name, encoding, onEncoding }: TextOptions,
): AsyncGenerator<string> {
  let decoder: Decoder | undefined;
  /** While it may turn out not to be UTF-8. */
  let utf8: UnicodeDecoder | undefined;
  let held: Uint8Array = new Uint8Array(0);
  let line = 1;
  let endedInReturn = false;
  let endedInEscape = false;

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
    if (encoding === undefined) {
      const shift = findShift(endedInEscape ? ESCAPE + clean : clean);
      if (shift !== -1) {
        throw new CampaignError(
          'BAD_LIST',
          `${name} is not in UTF-8: line ${line + countLines(clean.slice(0, shift))} holds an escape sequence of ISO-2022 (${ISO_2022.join(', ')})`,
          SHIFT_REMEDY,
        );
      }
      if (clean !== '') endedInEscape = clean.endsWith(ESCAPE);
    }
    line += countLines(clean);
    return clean;
  };

  const refuse = ({ claim, what, remedy }: DecodeFault): CampaignError =>
    new CampaignError('BAD_LIST', `${name} ${claim}: line ${line} ${what}`, remedy);

  const decode = (bytes: Uint8Array, last: boolean): string => {
    const { text, fault } = (decoder as Decoder).decode(bytes, last);
    const clean = finish(text);
    if (!fault) return clean;
    if (decoder !== utf8) throw refuse(fault);
    if (!utf8?.ascii) {
      throw refuse({
        claim: 'mixes encodings',
        what: 'holds bytes that are not UTF-8, behind characters that are',
        remedy: MIXED_REMEDY,
      });
    }
    decoder = new Windows1252Guess(utf8.recent);
    const example = { line, text: wordAcross(utf8) };
    onEncoding?.({ encoding: 'windows-1252', by: 'bytes', example });
    return clean + decode(utf8.rest, last);
  };

  const start = (bytes: Uint8Array): Uint8Array => {
    for (const { magic, what, remedy } of NOT_TEXT) {
      if (!beginsWith(bytes, magic)) continue;
      throw new CampaignError('BAD_LIST', `${name} is not a text file: ${what}`, remedy);
    }
    const { found, markBytes } = findEncoding(bytes, encoding);
    if (found) decoder = createDecoder(found.encoding);
    else decoder = utf8 = new UnicodeDecoder('utf-8');
    if (found && (found.encoding !== 'utf-8' || found.mark)) onEncoding?.(found);
    return bytes.subarray(markBytes);
  };

  for await (const chunk of chunks) {
    if (decoder) {
      yield decode(chunk, false);
      continue;
    }
    held = Buffer.concat([held, chunk]);
    if (held.length >= FIRST_BYTES) yield decode(start(held), false);
  }
  yield decode(decoder ? new Uint8Array(0) : start(held), true);
}
