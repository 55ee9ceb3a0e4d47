import { createHmac } from 'node:crypto';
import { domainOf, needsSmtpUtf8 } from '../domain/address.js';
import { EMAIL_FIELD } from '../domain/fields.js';
import type { FilledMessage, MessageSource } from '../domain/message.js';
import { messageIdsOf } from '../domain/message-id.js';
import { MAILBOX_KEYS, mapTemplates, OPTIONAL_HEADER_TEMPLATES } from '../domain/message-values.js';
import type { Recipient } from '../domain/recipient.js';
import { mailLink, UNSUBSCRIBE_FIELD, usableFields, webLink } from '../domain/unsubscribe-link.js';
import { unsubscribeTokensOf } from '../domain/unsubscribe-token.js';
import { CampaignError } from '../errors.js';
import {
  addressHeader,
  dateHeader,
  type HeaderRule,
  headerOf,
  linksHeader,
  subjectHeader,
} from './headers.js';
import { deriveTextTemplate, htmlToText } from './plain-text.js';
import { type QuotedPiece, QuotedWriter, quote } from './quoted-printable.js';
import { envelopeAddress, parseSender } from './sender.js';
import {
  type FieldValues,
  lazyScope,
  type ParsedTemplate,
  type ParsedTemplates,
  parseTemplates,
  parseText,
  renderPiece,
  renderTemplate,
  type TemplatePiece,
} from './template.js';

/** A send's message, compiled once: templates parsed, MIME structure and everything static encoded. */
export interface Compiled {
  /** @throws Error when a template cannot be rendered with these fields */
  fill(recipient: Recipient, now: Date): FilledMessage;
}

/** Content of one recipient's message or part. */
type Filler = (values: FieldValues, now: Date) => string;

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

/** Everything after the headers that differ from message to message: the MIME headers and the body. */
function compileContent(
  { html, text }: ParsedTemplates,
  derivedText: ParsedTemplate | null,
  boundary: string,
): Filler {
  if (!html) {
    if (!text) throw new CampaignError('BAD_TEMPLATE', 'the message has neither HTML nor text');
    const fillText = compileBody(text);
    const headers = partHeaders('plain');
    return (values, now) => `${headers}${fillText(values, now)}\r\n`;
  }
  const plain = text ?? derivedText;
  const fillText = plain ? compileBody(plain) : convertedBody(html);
  const fillHtml = compileBody(html);
  const start = `Content-Type: multipart/alternative;\r\n boundary="${boundary}"\r\n\r\n--${boundary}\r\n${partHeaders('plain')}`;
  const middle = `\r\n--${boundary}\r\n${partHeaders('html')}`;
  const end = `\r\n--${boundary}--\r\n`;
  return (values, now) => start + fillText(values, now) + middle + fillHtml(values, now) + end;
}

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

/** A header of a template, made once where it is the same in all messages. */
function compileHeader(template: ParsedTemplate, rule: HeaderRule): Filler {
  if (template.pieces.every(({ kind }) => kind === 'static')) {
    const header = rule(renderTemplate(template, () => '', new Date(0)));
    return () => header;
  }
  return (values, now) => rule(renderTemplate(template, values, now));
}

/** The headers that are the same in all messages: who sends them, who is to be answered. */
const mailboxHeaders = (source: MessageSource): string =>
  MAILBOX_KEYS.map((key) => {
    const value = source[key];
    return value === null ? '' : headerOf(key)?.(value);
  }).join('');

/** The headers of templates, but for the subject, which has a place of its own. */
function compileHeaders(templates: ParsedTemplates): Filler {
  const headers = OPTIONAL_HEADER_TEMPLATES.flatMap((key) => {
    const [template, rule] = [templates[key], headerOf(key)];
    return template && rule ? [compileHeader(template, rule)] : [];
  });
  return (values, now) => {
    let text = '';
    for (const fillHeader of headers) text += fillHeader(values, now);
    return text;
  };
}

/** Stands for a token, and in no link. */
const TOKEN = '\0';

/** A recipient's own links, where the message has any: the one that its text shows, and the headers of both. */
function compileLinks({
  sendId,
  secret,
  unsubscribeUrl,
  unsubscribeMailto,
}: MessageSource): ((seq: number) => { shown: string; headers: string }) | null {
  if (unsubscribeUrl === null && unsubscribeMailto === null) return null;
  const tokenOf = unsubscribeTokensOf(sendId, secret);
  const links = [
    ...(unsubscribeUrl === null ? [] : [webLink(unsubscribeUrl, TOKEN)]),
    ...(unsubscribeMailto === null ? [] : [mailLink(unsubscribeMailto, TOKEN)]),
  ];
  const headers = linksHeader(links).split(TOKEN);
  const shown = (links[0] ?? '').split(TOKEN);
  return (seq) => {
    const token = tokenOf(seq);
    return { shown: shown.join(token), headers: headers.join(token) };
  };
}

/** `list-unsubscribe`, as errors name it. */
const inWords = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * @throws CampaignError BAD_TEMPLATE, BAD_ADDRESS as `parseTemplates` and `parseSender` do
 */
export function compileMessage(source: MessageSource): Compiled {
  const { sendId, secret, timezone } = source;
  const fieldNames = usableFields(source);
  const templates = parseTemplates({
    ...mapTemplates(source, (template, key) => ({ name: inWords(key), source: template })),
    fieldNames,
    timezone,
  });
  const sender = parseSender(source.from);
  const topHeaders = mailboxHeaders(source);
  const fillSubject = compileHeader(templates.subject, subjectHeader);
  const fillHeaders = compileHeaders(templates);
  // `=_` cannot stand in quoted-printable text (RFC 2045 §6.7).
  const boundary = `=_${createHmac('sha256', secret).update('boundary').digest('hex').slice(0, 24)}`;
  const derivedText =
    source.html !== null && source.text === null ? deriveText(source.html, source) : null;
  const fillContent = compileContent(templates, derivedText, boundary);
  const linksOf = compileLinks(source);
  const messageIdOf = messageIdsOf(sendId, secret, sender.domain);
  const senderNeedsUtf8 = needsSmtpUtf8(sender.envelope);

  let second = Number.NaN;
  let date = '';
  const dateAt = (now: Date): string => {
    const current = Math.floor(now.getTime() / 1000);
    if (current !== second) {
      second = current;
      date = dateHeader(now);
    }
    return date;
  };

  return {
    fill({ seq, email, emailNorm, fields }, now) {
      const links = linksOf?.(seq);
      const values: FieldValues = (field) => {
        if (field === EMAIL_FIELD) return email;
        if (links && field === UNSUBSCRIBE_FIELD) return links.shown;
        return fields[field] ?? '';
      };
      const to = envelopeAddress(email, domainOf(emailNorm));
      return {
        envelope: {
          from: sender.envelope,
          to,
          utf8: senderNeedsUtf8 || needsSmtpUtf8(to),
        },
        data:
          topHeaders +
          addressHeader('To', to) +
          fillSubject(values, now) +
          dateAt(now) +
          `Message-ID: ${messageIdOf(seq)}\r\n` +
          (links?.headers ?? '') +
          fillHeaders(values, now) +
          'MIME-Version: 1.0\r\n' +
          fillContent(values, now),
      };
    },
  };
}
