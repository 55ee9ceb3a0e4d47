import { domainOf, needsSmtpUtf8 } from '../domain/address.js';
import { EMAIL_FIELD } from '../domain/fields.js';
import { type FilledMessage, identifiedBy, type MessageSource } from '../domain/message.js';
import { encodedBytesOf, type MessageFile } from '../domain/message-file.js';
import { messageIdsOf } from '../domain/message-id.js';
import { MAILBOX_KEYS, mapTemplates, OPTIONAL_HEADER_TEMPLATES } from '../domain/message-values.js';
import type { Recipient } from '../domain/recipient.js';
import { mailLink, UNSUBSCRIBE_FIELD, usableFields, webLink } from '../domain/unsubscribe-link.js';
import { unsubscribeTokensOf } from '../domain/unsubscribe-token.js';
import { bulkHeaders } from './bulk-headers.js';
import { compileContent, type FileContents, type Filler } from './content.js';
import {
  addressHeader,
  dateHeader,
  type HeaderRule,
  headerOf,
  linksHeader,
  subjectHeader,
} from './headers.js';
import { type OwnHeader, parseOwnHeaders } from './own-headers.js';
import { envelopeAddress, parseSender } from './sender.js';
import {
  type FieldValues,
  type ParsedTemplate,
  type ParsedTemplates,
  parseTemplates,
  renderTemplate,
} from './template.js';

/** A send's message, compiled once: templates parsed, MIME structure and everything static encoded. */
export interface Compiled {
  /** Files that every message has. */
  readonly files: readonly MessageFile[];
  /** What the files of one row have at most beside those, as they are sent; 0 where rows have none. */
  readonly rowFilesBytes: number;
  /** What the largest message has at least: values of its templates aside. */
  readonly leastBytes: number;
  /**
   * @param contents what its files hold, and those of the recipient: needed where there are any
   * @throws Error when a template cannot be rendered with these fields
   */
  fill(recipient: Recipient, now: Date, contents?: FileContents): FilledMessage;
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
function compileHeaders(templates: ParsedTemplates, fields: readonly OwnHeader[]): Filler {
  const headers = OPTIONAL_HEADER_TEMPLATES.flatMap((key) => {
    const [template, rule] = [templates[key], headerOf(key)];
    return template && rule ? [compileHeader(template, rule)] : [];
  });
  for (const { template, rule } of fields) headers.push(compileHeader(template, rule));
  return (values, now) => {
    let text = '';
    for (const fillHeader of headers) text += fillHeader(values, now);
    return text;
  };
}

/** Stands for a token, and in no link. */
const TOKEN = '\0';

/** A recipient's own links, where the message has any: the one that its text shows, and the headers of both. */
function compileLinks(
  { unsubscribeUrl, unsubscribeMailto }: MessageSource,
  { tokenOf }: MadeForRows,
): ((seq: number) => { shown: string; headers: string }) | null {
  if (unsubscribeUrl === null && unsubscribeMailto === null) return null;
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

/** Of the bodies, what is the same in all messages. */
const staticBytes = ({ html, text }: ParsedTemplates): number =>
  [html, text]
    .flatMap((template) => template?.pieces ?? [])
    .reduce((sum, piece) => sum + (piece.kind === 'static' ? Buffer.byteLength(piece.text) : 0), 0);

const NO_FILES: readonly MessageFile[] = [];

const noContents: FileContents = ({ name }) => {
  throw new Error(`${name} was not read`);
};

/** What each row's message has of its own beside its fields, by the row's number. */
export interface MadeForRows {
  /** With its angle brackets. */
  messageIdOf(seq: number): string;
  /** In its links to unsubscribe. */
  tokenOf(seq: number): string;
  /** The header, with its CRLF. */
  dateHeader(now: Date): string;
}

/** As a message has it that is sent. */
function madeWhenSent(source: MessageSource): MadeForRows {
  const { sendId, secret } = source;
  return {
    messageIdOf: messageIdsOf(sendId, secret, parseSender(identifiedBy(source)).domain),
    tokenOf: unsubscribeTokensOf(sendId, secret),
    dateHeader,
  };
}

/** `list-unsubscribe`, as errors name it. */
const inWords = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * What fills a recipient's templates.
 * @param link of theirs to unsubscribe; undefined where the message has none
 */
export const valuesFor =
  ({ email, fields }: Pick<Recipient, 'email' | 'fields'>, link: string | undefined): FieldValues =>
  (field) => {
    // A test mail goes to somebody else than whom it is about.
    if (field === EMAIL_FIELD) return fields[EMAIL_FIELD] ?? email;
    if (link !== undefined && field === UNSUBSCRIBE_FIELD) return link;
    return fields[field] ?? '';
  };

/**
 * @param made other than what is sent: in a preview
 * @param isCounted whether it has what complaints are counted by, as `bulkHeaders` has it
 * @throws CampaignError BAD_TEMPLATE, BAD_ADDRESS as `parseTemplates` and `parseSender` do
 */
export function compileMessage(
  source: MessageSource,
  made: MadeForRows = madeWhenSent(source),
  isCounted = false,
): Compiled {
  const { timezone } = source;
  const fieldNames = usableFields(source);
  const templates = parseTemplates({
    ...mapTemplates(source, (template, key) => ({ name: inWords(key), source: template })),
    fieldNames,
    timezone,
  });
  const sender = parseSender(source.from);
  const topHeaders = mailboxHeaders(source);
  const fillSubject = compileHeader(templates.subject, subjectHeader);
  const fillHeaders = compileHeaders(
    templates,
    parseOwnHeaders(source.headers, { fieldNames, timezone }),
  );
  const content = compileContent(templates, source);
  const lastHeaders = `${bulkHeaders(source, isCounted)}MIME-Version: 1.0\r\n${content.header}`;
  const linksOf = compileLinks(source, made);
  const { messageIdOf } = made;
  const envelopeFrom = source.envelopeFrom ?? sender.envelope;
  const senderNeedsUtf8 = needsSmtpUtf8(sender.envelope) || needsSmtpUtf8(envelopeFrom);

  let second = Number.NaN;
  let date = '';
  const dateAt = (now: Date): string => {
    const current = Math.floor(now.getTime() / 1000);
    if (current !== second) {
      second = current;
      date = made.dateHeader(now);
    }
    return date;
  };

  return {
    files: source.files,
    rowFilesBytes: source.rowFilesBytes,
    leastBytes: encodedBytesOf(source.files) + source.rowFilesBytes + staticBytes(templates),
    fill(recipient, now, contents = noContents) {
      const { seq, email, emailNorm, files = NO_FILES } = recipient;
      if (source.rowFilesBytes > 0 && files.length === 0) throw new Error('its file was removed');
      const links = linksOf?.(seq);
      const values = valuesFor(recipient, links?.shown);
      const to = envelopeAddress(email, domainOf(emailNorm));
      return {
        envelope: {
          from: envelopeFrom,
          to,
          utf8: senderNeedsUtf8 || needsSmtpUtf8(to),
        },
        header:
          topHeaders +
          addressHeader('To', to) +
          fillSubject(values, now) +
          dateAt(now) +
          `Message-ID: ${messageIdOf(seq)}\r\n` +
          (links?.headers ?? '') +
          fillHeaders(values, now) +
          lastHeaders,
        body: content.fill(values, now, { files, contents }),
      };
    },
  };
}
