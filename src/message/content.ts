import type { FilledMessage, MessageSource } from '../domain/message.js';
import { usableFields } from '../domain/unsubscribe-link.js';
import { CampaignError } from '../errors.js';
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

/** What a message carries: its MIME headers but for MIME-Version, with the empty line after them, and its body. */
interface Content {
  header: string;
  fill(values: FieldValues, now: Date): FilledMessage['body'];
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
function deriveText(html: string, source: MessageSource): ParsedTemplate | null {
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

/**
 * MIME structure and parts of a message.
 * @param boundary between its parts
 */
export function compileContent(
  { html, text }: ParsedTemplates,
  source: MessageSource,
  boundary: string,
): Content {
  if (!html) {
    if (!text) throw new CampaignError('BAD_TEMPLATE', 'the message has neither HTML nor text');
    const fillText = compileBody(text);
    return {
      header: partHeaders('plain'),
      fill: (values, now) => [`${fillText(values, now)}\r\n`],
    };
  }
  const plain = text ?? (source.html === null ? null : deriveText(source.html, source));
  const fillText = plain ? compileBody(plain) : convertedBody(html);
  const fillHtml = compileBody(html);
  const start = `--${boundary}\r\n${partHeaders('plain')}`;
  const middle = `\r\n--${boundary}\r\n${partHeaders('html')}`;
  const end = `\r\n--${boundary}--\r\n`;
  return {
    header: `Content-Type: multipart/alternative;\r\n boundary="${boundary}"\r\n\r\n`,
    fill: (values, now) => [start + fillText(values, now) + middle + fillHtml(values, now) + end],
  };
}
