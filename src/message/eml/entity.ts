import { isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import { decodeQuoted } from '../decode-quoted.js';
import { parseStructured, type Structured } from './header-text.js';

/** What is wrong with a message, and on which line. */
export class BadMail extends Error {
  constructor(
    readonly line: number,
    what: string,
  ) {
    super(what);
  }
}

/** A header, unfolded; encoded words are not read yet. */
export interface HeaderLine {
  name: string;
  value: string;
  line: number;
}

/** A message, or a part of one (RFC 2045 §2.4). */
export interface Entity {
  /** Line of the file on which it begins, from 1. */
  line: number;
  headers: readonly HeaderLine[];
  type: Structured;
  /** `value` is empty where nothing is said. */
  disposition: Structured;
  /** Of a multipart. */
  parts: readonly Entity[];
  /** The bytes of one that has no parts, its transfer encoding undone. */
  content: Buffer;
}

const MAX_DEPTH = 20;
const MAX_PARTS = 1000;

const linesIn = (bytes: Buffer): number => {
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
};

/** Text of headers: UTF-8 (RFC 6532), else what it mostly is then. */
const headerText = (bytes: Buffer): string =>
  isUtf8(bytes) ? bytes.toString('utf8') : iconv.decode(bytes, 'windows-1252');

/** @returns the headers, and where the body begins */
function readHeaders(bytes: Buffer, firstLine: number): { headers: HeaderLine[]; body: number } {
  const headers: HeaderLine[] = [];
  let at = 0;
  for (let line = firstLine; at < bytes.length; line++) {
    const newline = bytes.indexOf(10, at);
    const end = newline === -1 ? bytes.length : newline;
    const text = headerText(bytes.subarray(at, end)).replace(/\r$/, '');
    at = end + 1;
    if (text === '') return { headers, body: Math.min(at, bytes.length) };
    const last = headers.at(-1);
    if (/^[ \t]/.test(text) && last) {
      last.value += ` ${text.trim()}`;
      continue;
    }
    const [, name, value = ''] = /^([!-9;-~]+)[ \t]*:(.*)$/s.exec(text) ?? [];
    if (name === undefined) throw new BadMail(line, 'is no header, and no empty line stands above');
    headers.push({ name, value: value.trim(), line });
  }
  return { headers, body: bytes.length };
}

const headerValue = (headers: readonly HeaderLine[], name: string): string =>
  headers.find((header) => header.name.toLowerCase() === name)?.value ?? '';

/**
 * Reads a message with all its parts.
 * @param line of the file on which the bytes begin
 * @throws BadMail, NotText
 */
export function readEntity(
  bytes: Buffer,
  line: number,
  fallback = 'text/plain',
  depth = 0,
): Entity {
  if (depth > MAX_DEPTH) throw new BadMail(line, `has parts in parts, more than ${MAX_DEPTH} deep`);
  const { headers, body } = readHeaders(bytes, line);
  const type = parseStructured(headerValue(headers, 'content-type') || fallback);
  const disposition = parseStructured(headerValue(headers, 'content-disposition'));
  const encoding = headerValue(headers, 'content-transfer-encoding')
    .replace(/\s*[;(].*$/, '')
    .toLowerCase();
  const rest = bytes.subarray(body);
  const bodyLine = line + linesIn(bytes.subarray(0, body));
  const own = { line, headers, type, disposition };
  if (!type.value.startsWith('multipart/')) {
    return { ...own, parts: [], content: decodeTransfer(rest, encoding, bodyLine) };
  }
  const within = type.value === 'multipart/digest' ? 'message/rfc822' : 'text/plain';
  const parts = splitParts(rest, type.params.boundary ?? '', bodyLine);
  if (parts.length > MAX_PARTS) throw new BadMail(line, `has more than ${MAX_PARTS} parts`);
  return {
    ...own,
    parts: parts.map((part) => readEntity(part.bytes, part.line, within, depth + 1)),
    content: Buffer.alloc(0),
  };
}

/** The parts between the lines of a boundary (RFC 2046 §5.1.1), each without the line break before the next one. */
function splitParts(
  body: Buffer,
  boundary: string,
  firstLine: number,
): { bytes: Buffer; line: number }[] {
  if (boundary === '') throw new BadMail(firstLine, 'is a multipart whose boundary is not named');
  const delimiter = Buffer.from(`--${boundary}`, isAscii(boundary) ? 'latin1' : 'utf8');
  const parts: { bytes: Buffer; line: number }[] = [];
  let begin: { at: number; line: number } | undefined;
  let line = firstLine;
  let counted = 0;
  for (let at = body.indexOf(delimiter); at !== -1; at = body.indexOf(delimiter, at + 1)) {
    if (at > 0 && body[at - 1] !== 10) continue;
    const newline = body.indexOf(10, at);
    const end = newline === -1 ? body.length : newline;
    const rest = body.toString('latin1', at + delimiter.length, end);
    if (!/^(?:--)?[ \t]*\r?$/.test(rest)) continue;
    line += linesIn(body.subarray(counted, at));
    counted = at;
    if (begin) {
      let stop = Math.max(begin.at, at - 1);
      if (stop > begin.at && body[stop - 1] === 13) stop--;
      parts.push({ bytes: body.subarray(begin.at, stop), line: begin.line });
    }
    if (rest.startsWith('--')) {
      if (parts.length === 0) break;
      return parts;
    }
    begin = { at: Math.min(end + 1, body.length), line: line + 1 };
  }
  throw new BadMail(
    firstLine,
    begin
      ? `begins a multipart that has no end (--${boundary}--): the file is cut short`
      : 'begins a multipart without parts',
  );
}

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

function decodeTransfer(bytes: Buffer, encoding: string, line: number): Buffer {
  switch (encoding) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return bytes;
    case 'base64':
      return decodeBase64(bytes, line);
    case 'quoted-printable':
      return decodeQuoted(bytes.toString('latin1'));
    default:
      throw new BadMail(line, `is encoded as ${encoding}, which is not known`);
  }
}

function decodeBase64(bytes: Buffer, line: number): Buffer {
  const text = bytes.toString('latin1').replace(/\s+/g, '');
  const isWhole = /^[a-z0-9+/]*={0,2}$/i.test(text) && text.replace(/=+$/, '').length % 4 !== 1;
  if (!isWhole) throw new BadMail(line, 'is no base64, as its part says');
  return Buffer.from(text, 'base64');
}
