import { decodeCharset, NotText } from './charset.js';
import { BadMail, type Entity } from './entity.js';
import { decodeWords } from './header-text.js';

/** A part that is no body. */
export interface MailFile {
  name: string;
  /** MIME type, with its charset where it has one. */
  type: string;
  /** Content-ID without brackets; null where it has none. */
  cid: string | null;
  content: Buffer;
}

/** What a message holds. */
export interface MailContent {
  html: string | null;
  text: string | null;
  files: MailFile[];
  /** Types of alternatives that are left out. */
  leftOut: string[];
}

/** Whoever signed or encrypted a message did so for these bytes. */
const SEALED = new Map([
  ['multipart/signed', 'signed'],
  ['application/pkcs7-signature', 'signed'],
  ['application/x-pkcs7-signature', 'signed'],
  ['application/pgp-signature', 'signed'],
  ['multipart/encrypted', 'encrypted'],
  ['application/pkcs7-mime', 'signed or encrypted'],
  ['application/x-pkcs7-mime', 'signed or encrypted'],
  ['application/pgp-encrypted', 'encrypted'],
]);
const NO_MESSAGE = new Map([
  ['multipart/report', 'is a report of a mail server'],
  ['message/partial', 'is a piece of a message'],
  ['message/external-body', 'has a part that is elsewhere'],
]);

/**
 * The bodies of a message, and all else that it has.
 * @throws BadMail, NotText
 */
export function readContent(root: Entity): MailContent {
  const content: MailContent = { html: null, text: null, files: [], leftOut: [] };
  collect(root, content, null);
  const inline = /^-----BEGIN PGP (?:SIGNED )?MESSAGE-----/m.exec(content.text ?? '');
  if (inline) throw new BadMail(root.line, 'is signed or encrypted by PGP in its text');
  return content;
}

function collect(entity: Entity, content: MailContent, parent: string | null): void {
  const { type, line, parts } = entity;
  const sealed = SEALED.get(type.value);
  if (sealed !== undefined) {
    throw new BadMail(line, `is ${sealed} (${type.value}), which holds for these bytes alone`);
  }
  const other = NO_MESSAGE.get(type.value);
  if (other !== undefined) throw new BadMail(line, `${other} (${type.value})`);
  if (type.value.startsWith('multipart/')) {
    for (const [index, part] of parts.entries()) {
      // All but the first part of a related are what that shows (RFC 2387 §3).
      const isResource = type.value === 'multipart/related' && index > 0;
      collect(part, content, isResource ? 'resource' : type.value);
    }
    return;
  }
  if (isBody(entity, parent)) addBody(entity, content, parent);
  else if (parent === 'multipart/alternative' && !/^text\/calendar$/.test(type.value)) {
    content.leftOut.push(type.value);
  } else content.files.push(fileOf(entity, content.files.length + 1));
}

function isBody({ type, disposition }: Entity, parent: string | null): boolean {
  if (type.value !== 'text/plain' && type.value !== 'text/html') return false;
  if (disposition.value === 'attachment' || parent === 'resource') return false;
  return disposition.params.filename === undefined && type.params.name === undefined;
}

function addBody(entity: Entity, content: MailContent, parent: string | null): void {
  const { type, line } = entity;
  const text = textOf(entity);
  if (type.value === 'text/html') {
    if (content.html !== null) throw new BadMail(line, 'is a second HTML part');
    content.html = withCharset(text);
  } else if (content.text === null) {
    content.text = text;
  } else if (parent === 'multipart/alternative') {
    throw new BadMail(line, 'is a second text part');
  } else {
    content.text = `${content.text.replace(/\n*$/, '\n\n')}${text}`;
  }
}

/** What is sent is UTF-8, whatever the HTML says of itself. */
const withCharset = (html: string): string =>
  html.replace(/(<meta\b[^<>]*\bcharset\s*=\s*["']?)[\w.:-]+/gi, '$1utf-8');

function textOf({ content, type, line }: Entity): string {
  let text: string;
  try {
    text = decodeCharset(content, type.params.charset ?? '');
  } catch (error) {
    throw error instanceof NotText ? new BadMail(line, `is text that ${error.message}`) : error;
  }
  if (text.includes('\0')) throw new BadMail(line, 'is text with a NUL in it');
  const lines = text.replace(/\r\n?/g, '\n');
  const isFlowed = /^flowed$/i.test(type.params.format ?? '');
  return isFlowed ? unflowed(lines, /^yes$/i.test(type.params.delsp ?? '')) : lines;
}

/** Lines that a mail program broke, joined again (RFC 3676 §4.2); quoted ones stay as they are. */
function unflowed(text: string, deletesSpace: boolean): string {
  const paragraphs: string[] = [];
  let pieces: string[] = [];
  for (const line of text.split('\n')) {
    const own = line.replace(/^ /, '');
    const last = pieces.at(-1);
    const isSignature = pieces.length === 1 && last === '-- ';
    if (last?.endsWith(' ') && !isSignature && !own.startsWith('>')) {
      if (deletesSpace) pieces[pieces.length - 1] = last.slice(0, -1);
      pieces.push(own);
      continue;
    }
    if (last !== undefined) paragraphs.push(pieces.join(''));
    pieces = [own];
  }
  return [...paragraphs, pieces.join('')].join('\n');
}

/** A name as mail programs show it: whatever folders it tells of are nobody's business. */
function nameOf({ type, disposition, headers }: Entity, number: number): string {
  const given = disposition.params.filename ?? type.params.name ?? '';
  const name = (given.split(/[/\\]/).at(-1) ?? '').replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  if (name !== '' && !/^\.+$/.test(name)) return name;
  if (type.value === 'message/rfc822') return `message-${number}.eml`;
  if (type.value === 'text/calendar') return `invite-${number}.ics`;
  const described = headers.find(({ name: key }) => /^content-description$/i.test(key));
  const ending = (type.value.split('/')[1] ?? 'bin').replace(/^x-|\+.*$|[^a-z0-9]/g, '');
  const start =
    described &&
    decodeWords(described.value)
      .replace(/[^\p{L}\p{N} _-]+/gu, '')
      .trim();
  return `${start || 'attachment'}-${number}.${ending === 'plain' ? 'txt' : ending || 'bin'}`;
}

function fileOf(entity: Entity, number: number): MailFile {
  const { type, headers, content } = entity;
  const cid = headers.find(({ name }) => /^content-id$/i.test(name))?.value.trim();
  const params = ['charset', 'method'].flatMap((key) => {
    const value = type.params[key];
    return value !== undefined && /^[\w.:-]+$/.test(value) ? [`; ${key}=${value}`] : [];
  });
  return {
    name: nameOf(entity, number),
    type: `${/^[\w.+-]+\/[\w.+-]+$/.test(type.value) ? type.value : 'application/octet-stream'}${params.join('')}`,
    cid: cid ? cid.replace(/^<|>$/g, '') : null,
    content,
  };
}
