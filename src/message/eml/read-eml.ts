import addressparser from 'nodemailer/lib/addressparser';
import { faultOfName, type HeaderField, isOfBulk } from '../../domain/header-fields.js';
import { CampaignError } from '../../errors.js';
import { type MailFile, readContent } from './bodies.js';
import { NotText } from './charset.js';
import { BadMail, type Entity, type HeaderLine, readEntity } from './entity.js';
import { decodeWords } from './header-text.js';

/** What a message that was saved is made of, to be sent to a list. */
export interface Eml {
  /** As `parseSender` takes it; null where there is none. */
  from: string | null;
  replyTo: string | null;
  subject: string | null;
  /** Others that the sender may choose. */
  headers: HeaderField[];
  html: string | null;
  text: string | null;
  attachments: MailFile[];
  /** Those that the HTML shows. */
  inline: (MailFile & { cid: string })[];
  /** Names of headers, and types of alternatives, that are left out. */
  leftOut: string[];
}

const REMEDY =
  'mend it in a mail program and save it anew, or give its bodies and files by themselves';

/** What tells of the way of the message, or of the program that kept it, and of nothing that a reader is to see. */
const TRACE =
  /^x-(?:ms|microsoft|exchange|outlook|mozilla|google|gm|gmail|received|spam|virus|originating|original|forwarded|delivered|account|identity|unsent|uidl?|apple|mailer|mimeole|universally-unique|authentication|antivirus|yahoo|proofpoint|barracuda|ironport|status|thunderbird)(?:-|$)/i;

const OF_MIME = /^(?:mime-version|content-.*)$/i;
const RECIPIENTS = /^(?:b?cc|resent-.*)$/i;

/** Formats that are saved messages too, by how they begin. */
const OTHERS: readonly [begin: RegExp, what: string][] = [
  [/^\u00d0\u00cf.\u00e0/s, 'is a .msg of Outlook'],
  [/^\d+\s*\r?\n/, 'is an .emlx of Apple Mail'],
  [/^PK/, 'is a zip archive'],
];

/**
 * Reads a message as mail programs save it.
 * @param name what errors call it
 * @throws CampaignError BAD_FILE naming the line, for what is no whole message, is sealed, or names recipients
 */
export function readEml(bytes: Buffer, name: string): Eml {
  const bad = (what: string, remedy = REMEDY): CampaignError =>
    new CampaignError('BAD_FILE', `${name}${what.startsWith(',') ? '' : ' '}${what}`, remedy);
  const start = bytes.toString('latin1', 0, 64);
  const other = OTHERS.find(([begin]) => begin.test(start));
  if (other) throw bad(other[1], 'save the message as .eml');
  if (bytes.every((byte) => byte <= 32)) throw bad('is empty');
  try {
    const { skipped, line } = skipSeparator(bytes);
    const root = readEntity(bytes.subarray(skipped), line);
    return emlOf(root);
  } catch (error) {
    if (error instanceof BadMail) throw bad(`, line ${error.line}: ${error.message}`);
    throw error instanceof NotText ? bad(`has a header that ${error.message}`) : error;
  }
}

/** A byte order mark, empty lines, and the line that stands between messages of an mbox. */
function skipSeparator(bytes: Buffer): { skipped: number; line: number } {
  const text = bytes.toString('latin1', 0, 4096);
  const [all] = /^(?:\xef\xbb\xbf)?(?:[ \t]*\r?\n)*(?:From [^\n]*\n)?/.exec(text) ?? [''];
  return { skipped: all.length, line: all.split('\n').length };
}

function emlOf(root: Entity): Eml {
  const { headers } = root;
  const recipients = headers.find(({ name }) => RECIPIENTS.test(name));
  if (recipients) {
    throw new BadMail(
      recipients.line,
      `has ${recipients.name}, and who gets the message is what the list says`,
    );
  }
  const content = readContent(root);
  if (content.html === null && content.text === null) {
    throw new BadMail(root.line, 'has neither HTML nor text');
  }
  const isShown = (cid: string | null): boolean =>
    cid !== null && content.html !== null && namesCid(content.html, cid);
  const { taken, leftOut } = chooseHeaders(headers);
  return {
    from: mailboxOf(headers, 'from'),
    replyTo: mailboxOf(headers, 'reply-to'),
    subject: subjectOf(headers),
    headers: taken,
    html: content.html,
    text: content.text,
    attachments: content.files.filter(({ cid }) => !isShown(cid)),
    inline: content.files.flatMap((file) =>
      file.cid !== null && isShown(file.cid) ? [{ ...file, cid: file.cid }] : [],
    ),
    leftOut: [...new Set([...leftOut, ...content.leftOut])],
  };
}

const namesCid = (html: string, cid: string): boolean =>
  [cid, encodeURIComponent(cid), encodeURI(cid), cid.replaceAll('&', '&amp;')].some((written) =>
    html.toLowerCase().includes(`cid:${written.toLowerCase()}`),
  );

/** @throws BadMail for a second one */
function only(headers: readonly HeaderLine[], name: string): HeaderLine | undefined {
  const [first, second] = headers.filter((header) => header.name.toLowerCase() === name);
  if (second) throw new BadMail(second.line, `has ${second.name} a second time`);
  return first;
}

function subjectOf(headers: readonly HeaderLine[]): string | null {
  const subject = decodeWords(only(headers, 'subject')?.value ?? '').trim();
  return subject === '' ? null : subject;
}

/** Whose name was encoded, and may then hold anything, is quoted. */
function mailboxOf(headers: readonly HeaderLine[], name: 'from' | 'reply-to'): string | null {
  const header = only(headers, name);
  if (!header || header.value === '') return null;
  const [mailbox, ...others] = addressparser(header.value);
  if (!mailbox?.address || others.length > 0) return decodeWords(header.value);
  const shown = decodeWords(mailbox.name ?? '').trim();
  return shown === ''
    ? mailbox.address
    : `"${shown.replace(/["\\]/g, '\\$&')}" <${mailbox.address}>`;
}

/**
 * What relays take for commands, to copy the mail or to send it to others: SendGrid, Mandrill, SparkPost, Mailgun, Mailjet,
 * Postmark, Amazon SES, Brevo, Elastic Email.
 */
const COMMAND =
  /^x-(?:smtpapi|sg-|mc-|msys-|mailgun-|mailjet-|mj-|pm-|ses-|sib-|mailin-|elasticemail|b?cc|rcpt|envelope)/i;

/** Those that `--header` would take, but for what is others' and what stands twice; of the others their names. */
function chooseHeaders(headers: readonly HeaderLine[]): {
  taken: HeaderField[];
  leftOut: string[];
} {
  const taken: HeaderField[] = [];
  const leftOut: string[] = [];
  const count = (name: string): number =>
    headers.filter((header) => header.name.toLowerCase() === name.toLowerCase()).length;
  for (const { name, value } of headers) {
    if (/^(?:from|subject|reply-to)$/i.test(name) || OF_MIME.test(name)) continue;
    const isOthers = TRACE.test(name) || COMMAND.test(name) || isOfBulk(name);
    const isOwn = faultOfName(name) === undefined && !isOthers;
    if (isOwn && value !== '' && count(name) === 1) taken.push({ name, value: decodeWords(value) });
    else leftOut.push(name);
  }
  return { taken, leftOut };
}
