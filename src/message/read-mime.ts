import type { FilledMessage } from '../domain/message.js';
import { decodeQuoted } from './decode-quoted.js';
import {
  decodeWords,
  headerNamed,
  type MimeHeader,
  readHeaders,
  readParameters,
} from './mime-header.js';

/** A part of a message that has no parts itself. */
interface Part {
  /** Media type, in lower case. */
  type: string;
  /** `attachment`, `inline`, or nothing. */
  disposition: string;
  name: string | null;
  /** Content-ID, without angle brackets. */
  cid: string | null;
  content: Buffer;
}

/** A message of ours, taken apart again. */
export interface TakenApart {
  /** In their order, as people read them. */
  headers: MimeHeader[];
  text: string | null;
  html: string | null;
  /** All other parts. */
  files: Part[];
}

/** The bytes of a message as its receiver has them: without the dots that the wire needs. */
export function received({ header, body }: FilledMessage): Buffer {
  const bytes = Buffer.concat([
    Buffer.from(header),
    ...body.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
  ]);
  return Buffer.from(bytes.toString('latin1').replace(/(^|\n)\./g, '$1'), 'latin1');
}

/** Takes a message apart that we have made: quoted-printable, base64, UTF-8, and parts of parts. */
export function takeApart(message: Buffer): TakenApart {
  const whole = message.toString('latin1');
  const { headers } = readHeaders(whole);
  const parts = [...partsOf(whole)];
  const isBody = (part: Part): boolean => part.disposition !== 'attachment' && part.name === null;
  const plain = parts.find((part) => part.type === 'text/plain' && isBody(part));
  const html = parts.find((part) => part.type === 'text/html' && isBody(part));
  return {
    headers: headers.map(({ name, value }) => ({
      name,
      value: decodeWords(Buffer.from(value, 'latin1').toString('utf8')),
    })),
    text: plain ? textOf(plain) : null,
    html: html ? textOf(html) : null,
    files: parts.filter((part) => part !== plain && part !== html),
  };
}

const textOf = ({ content }: Part): string => content.toString('utf8').replaceAll('\r\n', '\n');

/** @param part in Latin-1, a character a byte */
function* partsOf(part: string): Generator<Part> {
  const { headers, bodyAt } = readHeaders(part);
  const body = part.slice(bodyAt);
  const { value: type, parameters } = readParameters(
    headerNamed(headers, 'content-type') ?? 'text/plain',
  );
  const boundary = parameters.get('boundary');
  if (type.startsWith('multipart/') && boundary !== undefined) {
    const escaped = boundary.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const [, ...rest] = `\r\n${body}`.split(new RegExp(`\r\n--${escaped}(?=--|[ \t]*\r\n)`));
    for (const piece of rest) {
      if (piece.startsWith('--')) return;
      yield* partsOf(piece.slice(piece.indexOf('\r\n') + 2));
    }
    return;
  }
  const disposition = readParameters(headerNamed(headers, 'content-disposition') ?? '');
  yield {
    type,
    disposition: disposition.value,
    name: disposition.parameters.get('filename') ?? parameters.get('name') ?? null,
    cid: headerNamed(headers, 'content-id')?.replace(/^<|>$/g, '') ?? null,
    content: contentOf(body, headerNamed(headers, 'content-transfer-encoding') ?? '7bit'),
  };
}

function contentOf(body: string, encoding: string): Buffer {
  switch (encoding.toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64');
    case 'quoted-printable':
      return decodeQuoted(body);
    default:
      return Buffer.from(body, 'latin1');
  }
}
