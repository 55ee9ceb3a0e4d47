import { encodeWord, foldLines } from 'nodemailer/lib/mime-funcs';
import MimeNode, { type MimeNodeHeaderValue } from 'nodemailer/lib/mime-node';
import { holdsLinks, holdsMessageIds } from '../domain/header-fields.js';
import { MESSAGE_VALUES, VALUE_KEYS, type ValueKey } from '../domain/message-values.js';
import { parseSender } from './sender.js';

/** RFC 5322 §2.1.1: a line should have no more than 78 characters and must have no more than 998. */
const FOLD_AT = 76;
const MAX_LINE = 998;

const PLAIN_ADDRESS = /^[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+$/;
const PLAIN_TEXT = /^[!-~](?:[ -~]*[!-~])?$/;

/** One for all headers: a node that is made draws random bytes for a boundary. */
const encoder = new MimeNode();

const encoded = (key: string, value: MimeNodeHeaderValue): string =>
  `${foldLines(`${key}: ${encoder.encodeHeaderValue(key, value)}`, FOLD_AT)}\r\n`;

/** A From, Reply-To or To header with its CRLF; raw UTF-8 where only that can carry the address (RFC 6532). */
export const addressHeader = (key: string, address: string, name = ''): string =>
  name === '' && PLAIN_ADDRESS.test(address) && key.length + address.length + 2 <= FOLD_AT
    ? `${key}: ${address}\r\n`
    : encoded(key, { name, address });

function mailboxHeader(key: string): HeaderRule {
  return (text) => {
    const { address, name } = parseSender(text);
    return addressHeader(key, address, name);
  };
}

/** Line breaks and other control characters become spaces. */
const onOneLine = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  text.replace(/[\x00-\x1f\x7f\x85\u2028\u2029]+/g, ' ').trim();

/** A header of any text, with its CRLF. */
function textHeader(key: string, text: string): string {
  const line = onOneLine(text);
  if (PLAIN_TEXT.test(line) && key.length + line.length + 2 <= FOLD_AT && !line.includes('=?')) {
    return `${key}: ${line}\r\n`;
  }
  const header = encoded(key, line);
  return header.split('\r\n').every(({ length }) => length <= MAX_LINE)
    ? header
    : `${foldLines(`${key}: ${encodeWord(line, 'Q', 52)}`, FOLD_AT)}\r\n`;
}

export const subjectHeader = (text: string): string => textHeader('Subject', text);

/** @throws Error where a word has no room on a line */
function folded(key: string, words: string): string {
  const header = foldLines(`${key}: ${words}`, FOLD_AT);
  if (header.split('\r\n').every(({ length }) => length <= MAX_LINE)) return `${header}\r\n`;
  throw new Error(`${key} would have a word of more than ${MAX_LINE} characters`);
}

/** @throws Error where there is anything but Message-IDs */
function messageIdsHeader(key: string, text: string): string {
  const ids = onOneLine(text).replace(/<\s*>/g, '');
  if (/^\s*(?:<[!-;=?-~]+>[\s,]*)*$/.test(ids)) {
    const all = ids.match(/<[^>]+>/g) ?? [];
    return all.length === 0 ? '' : folded(key, all.join(' '));
  }
  throw new Error(`${key} would have something beside Message-IDs such as <a@example.org>`);
}

/** @throws Error where there is anything but URLs in angle brackets, with comments */
function urlsHeader(key: string, text: string): string {
  const line = onOneLine(text);
  const urls = line.startsWith('<') ? line : `<${line}>`;
  if (/^(?:<[a-z][a-z0-9+.-]*:[!-;=?-~]+>(?: *\([ -'*-~]*\))?[ ,]*)+$/i.test(urls)) {
    return folded(key, urls);
  }
  throw new Error(`${key} would have something beside URLs such as <https://example.org/help>`);
}

/** Headers of one word, or of some between colons, and what these look like. */
const WORDS: Readonly<Record<string, { form: RegExp; like: string }>> = {
  // RFC 3834 §5.
  'auto-submitted': { form: /^[a-z]+(?:-[a-z]+)*$/i, like: 'auto-generated' },
  precedence: { form: /^[a-z]+(?:-[a-z]+)*$/i, like: 'bulk' },
  'feedback-id': { form: /^[!-9;-~]*(?::[!-9;-~]*){0,3}$/, like: 'a:b:c:SenderId' },
};
/** With its brackets. */
const MAX_LIST_ID = 257;
const ATOM = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+";
/** RFC 2919 §3. */
const LIST_ID = new RegExp(`^<${ATOM}(?:\\.${ATOM})+>$`, 'i');

/** Whether values of a header are to have a form of its own. */
export const hasForm = (name: string): boolean =>
  Object.hasOwn(WORDS, name.toLowerCase()) || isListId(name);

const isListId = (name: string): boolean => name.toLowerCase() === 'list-id';

/** @throws Error where it is no identifier of a list */
function listIdHeader(name: string, text: string): string {
  const line = onOneLine(text);
  const open = line.indexOf('<');
  const [phrase, id] = [line.slice(0, open).trim(), line.slice(open)];
  if (open === -1 || !LIST_ID.test(id) || id.length > MAX_LIST_ID) {
    throw new Error(`${name} would be no identifier such as <news.example.org>`);
  }
  return folded(name, phrase === '' ? id : `${encodePhrase(phrase)} ${id}`);
}

const encodePhrase = (phrase: string): string =>
  /^[a-z0-9 ]+$/i.test(phrase) ? phrase : encodeWord(phrase.replace(/^"(.*)"$/, '$1'), 'Q', 52);

/** @throws Error where it has another form */
function wordsHeader(name: string, text: string): string {
  const { form, like } = WORDS[name.toLowerCase()] as (typeof WORDS)[string];
  const line = onOneLine(text);
  if (!form.test(line)) throw new Error(`${name} would be no value such as ${like}`);
  return folded(name, line);
}

/** How a header of the sender's own choice is written; nothing at all where its value comes to nothing. */
export const fieldRule =
  (name: string): HeaderRule =>
  (text) => {
    if (text.trim() === '') return '';
    if (holdsMessageIds(name)) return messageIdsHeader(name, text);
    if (hasForm(name)) return (isListId(name) ? listIdHeader : wordsHeader)(name, text);
    return holdsLinks(name) ? urlsHeader(name, text) : textHeader(name, text);
  };

/** What makes one click of a URL of the Web (RFC 8058 §3.1). */
const ONE_CLICK = 'List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n';

/**
 * The headers that let a recipient unsubscribe (RFC 2369 §3.2): each of these links does, the first one that a mail program
 * can use first. One line, for a folded one breaks at some relays.
 */
export const linksHeader = (links: readonly string[]): string =>
  `List-Unsubscribe: ${links.map((link) => `<${link}>`).join(', ')}\r\n${links[0]?.startsWith('https:') ? ONE_CLICK : ''}`;

/**
 * The same of a URL that somebody else answers.
 * @throws Error when a value that was not encoded makes no URL of it
 */
function unsubscribeHeaders(url: string): string {
  const header = `List-Unsubscribe: <${url}>`;
  if (!/^[!-;=?-~]+$/.test(url)) {
    throw new Error('List-Unsubscribe would have characters that no URL has');
  }
  if (header.length > MAX_LINE) {
    throw new Error(
      `List-Unsubscribe would be a URL of ${url.length} characters, which is too long`,
    );
  }
  return `${header}\r\n${/^https:/i.test(url) ? ONE_CLICK : ''}`;
}

/** Makes a header, with its CRLF, of a value; a mailbox is given as it was written, a template filled. */
export type HeaderRule = (value: string) => string;

/** What is written otherwise than a value of its kind is. */
const RULES: Readonly<Record<string, HeaderRule>> = {
  Subject: subjectHeader,
  'List-Unsubscribe': unsubscribeHeaders,
};

const HEADERS = new Map(
  VALUE_KEYS.flatMap((key): [ValueKey, HeaderRule][] => {
    const value = MESSAGE_VALUES[key];
    if (!('header' in value)) return [];
    const usual = value.kind === 'mailbox' ? mailboxHeader : fieldRule;
    return [[key, RULES[value.header] ?? usual(value.header)]];
  }),
);

/** How a value of a message becomes a header, and others that go with it; undefined for one that has none. */
export const headerOf = (key: ValueKey): HeaderRule | undefined => HEADERS.get(key);

/** A Date header (RFC 5322 §3.6.1) with its CRLF, in UTC. */
export const dateHeader = (date: Date): string =>
  `Date: ${date.toUTCString().replace(/GMT$/, '+0000')}\r\n`;
