import { createHmac } from 'node:crypto';
import type { FilledMessage, MessageSource } from '../domain/message.js';
import type { MessageFile } from '../domain/message-file.js';
import { usableFields } from '../domain/unsubscribe-link.js';
import { CampaignError } from '../errors.js';
import { filePartHeader } from './file-part.js';
import { deriveTextTemplate, htmlToText } from './plain-text.js';
import { type QuotedPiece, QuotedWriter, quote } from './quoted-printable.js';
import {
  type FieldValues,
  lazyScope,
  type ParsedTemplate,
  type ParsedTemplates,
  parseText,
  renderPiece,
  renderTemplate,
  type TemplatePiece,
} from './template.js';

/** Content of one recipient's header or part. */
export type Filler = (values: FieldValues, now: Date) => string;

/** What a file holds: base64, in lines that end in CRLF. */
export type FileContents = (file: MessageFile) => Buffer;

/** What a message carries: its MIME headers but for MIME-Version, with the empty line after them, and its body. */
interface Content {
  header: string;
  fill(values: FieldValues, now: Date, own: OwnFiles): FilledMessage['body'];
}

/** The files of one message beside those that all have, and where to find what is in any of them. */
export interface OwnFiles {
  files: readonly MessageFile[];
  contents: FileContents;
}

function compileBody(template: ParsedTemplate): Filler {
  const pieces = template.pieces.map((piece): QuotedPiece | TemplatePiece =>
    piece.kind === 'static' ? quote(piece.text) : piece,
  );
  return (values, now) => {
    const writer = new QuotedWriter();
    const scope = lazyScope(template, values, now);
    for (const piece of pieces) {
      if ('kind' in piece) writer.value(renderPiece(piece, values, scope));
      else writer.piece(piece);
    }
    return writer.text;
  };
}

const convertedBody =
  (html: ParsedTemplate): Filler =>
  (values, now) => {
    const writer = new QuotedWriter();
    writer.piece(quote(htmlToText(renderTemplate(html, values, now))));
    return writer.text;
  };

const partHeaders = (subtype: 'plain' | 'html'): string =>
  `Content-Type: text/${subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n`;

/**
 * The text part for a message that has only HTML, its Liquid tags where they were. Null where it must be made from each
 * message's HTML.
 */
export function deriveText(
  html: string,
  source: Pick<MessageSource, 'fieldNames' | 'unsubscribeUrl' | 'unsubscribeMailto' | 'timezone'>,
): ParsedTemplate | null {
  const text = deriveTextTemplate(html);
  if (text === null) return null;
  try {
    return parseText(
      { name: 'html as text', source: text },
      { fieldNames: usableFields(source), timezone: source.timezone },
    );
  } catch {
    // Tags that were balanced in the HTML need not be in its text, as where one stood in a dropped element.
    return null;
  }
}

/** `=_` cannot stand in quoted-printable text (RFC 2045 §6.7), nor in base64. */
const boundaryOf = (secret: Buffer, of: string): string =>
  `=_${createHmac('sha256', secret).update(of).digest('hex').slice(0, 24)}`;

/** Multipart of a kind, with the empty line after its header. */
const multipart = (kind: string, boundary: string, parameters = ''): string =>
  `Content-Type: multipart/${kind};${parameters}\r\n boundary="${boundary}"\r\n\r\n`;

/** The text alone, or text and HTML beside each other (RFC 2046 §5.1.4). Ends in CRLF. */
function compileTexts(
  { html, text }: ParsedTemplates,
  source: MessageSource,
): { header: string; fill: Filler } {
  if (!html) {
    if (!text) throw new CampaignError('BAD_TEMPLATE', 'the message has neither HTML nor text');
    const fillText = compileBody(text);
    return {
      header: partHeaders('plain'),
      fill: (values, now) => `${fillText(values, now)}\r\n`,
    };
  }
  const boundary = boundaryOf(source.secret, 'boundary');
  const plain = text ?? (source.html === null ? null : deriveText(source.html, source));
  const fillText = plain ? compileBody(plain) : convertedBody(html);
  const fillHtml = compileBody(html);
  const start = `--${boundary}\r\n${partHeaders('plain')}`;
  const middle = `\r\n--${boundary}\r\n${partHeaders('html')}`;
  const end = `\r\n--${boundary}--\r\n`;
  return {
    header: multipart('alternative', boundary),
    fill: (values, now) => start + fillText(values, now) + middle + fillHtml(values, now) + end,
  };
}

/** Content around which files are put, as parts behind it. */
function withFiles(
  { header, fill }: Content,
  files: readonly MessageFile[],
  boundary: string,
  outer: string,
  ownFiles: (own: OwnFiles) => readonly MessageFile[],
): Content {
  const start = `--${boundary}\r\n${header}`;
  const headers = files.map((file) => [file, partStart(boundary, file)] as const);
  return {
    header: outer,
    fill: (values, now, own) => {
      const body = [start, ...fill(values, now, own)];
      for (const [file, partHeader] of headers) body.push(partHeader, own.contents(file));
      for (const file of ownFiles(own)) body.push(partStart(boundary, file), own.contents(file));
      body.push(`--${boundary}--\r\n`);
      return body;
    },
  };
}

const partStart = (boundary: string, file: MessageFile): string =>
  `--${boundary}\r\n${filePartHeader(file)}`;

const NONE = (): readonly MessageFile[] => [];

/**
 * MIME structure and parts of a message: what is attached beside (multipart/mixed, RFC 2046 §5.1.3) what the HTML shows
 * with its pictures (multipart/related, RFC 2387), beside the text.
 */
export function compileContent(templates: ParsedTemplates, source: MessageSource): Content {
  const { files, rowFilesBytes, secret } = source;
  const { header, fill } = compileTexts(templates, source);
  let content: Content = { header, fill: (values, now) => [fill(values, now)] };
  const inline = files.filter(({ disposition }) => disposition === 'inline');
  if (inline.length > 0) {
    const boundary = boundaryOf(secret, 'related');
    const type = templates.html ? 'multipart/alternative' : 'text/plain';
    const outer = multipart('related', boundary, ` type="${type}";`);
    content = withFiles(content, inline, boundary, outer, NONE);
  }
  const attached = files.filter(({ disposition }) => disposition === 'attachment');
  if (attached.length > 0 || rowFilesBytes > 0) {
    const boundary = boundaryOf(secret, 'mixed');
    const outer = multipart('mixed', boundary);
    content = withFiles(content, attached, boundary, outer, (own) => own.files);
  }
  return content;
}
