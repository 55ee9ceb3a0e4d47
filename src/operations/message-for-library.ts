import type { HeaderField } from '../domain/header-fields.js';
import { QUEUE_LENGTHS } from '../domain/queued.js';
import { CampaignError } from '../errors.js';
import type { NamedTemplate } from '../message/template.js';
import { type Reader, refuse, required, text } from './option-readers.js';
import { mergeHeaders, readSavedMail, type SavedMail } from './saved-mail.js';

/** The options that say what the message is, read. */
interface ReadMessage {
  from: string | undefined;
  replyTo: string | undefined;
  subject: string | undefined;
  headers: HeaderField[] | undefined;
  html: NamedTemplate | undefined;
  text: NamedTemplate | undefined;
  markdown: NamedTemplate | undefined;
  eml: SavedMail | undefined;
  inlineCss: boolean | undefined;
}

/** @throws CampaignError BAD_SETTING, BAD_FILE, BAD_ADDRESS */
export const savedMail: Reader<SavedMail> = (value, name) => {
  if (!(value instanceof Uint8Array)) {
    throw refuse(name, value, 'the bytes of a saved message as a Buffer');
  }
  return readSavedMail(Buffer.from(value.buffer, value.byteOffset, value.byteLength), name);
};

/**
 * What the message is made of: the options, and what a saved message has where they say nothing.
 * @param call what errors call it
 * @throws CampaignError BAD_SETTING for what is missing, or does not go together
 */
export function messageOf(call: string, read: ReadMessage) {
  const { html, text: plain, markdown, eml } = read;
  const bodies = Object.entries({ html, markdown, text: plain }).flatMap(([key, body]) =>
    body ? [key] : [],
  );
  const bad = (what: string, remedy: string): CampaignError =>
    new CampaignError('BAD_SETTING', what, remedy);
  if (eml && bodies.length > 0) {
    throw bad(`eml is given beside ${bodies.join(', ')}`, 'give one of them');
  }
  if (!eml && bodies.length === 0) {
    throw bad(
      'there is nothing to send: neither html nor text is given',
      'give a template as html, as text or as both, or markdown or eml',
    );
  }
  if (html && markdown) throw bad('markdown is given beside html', 'give one of them');
  if (read.inlineCss && !html && !markdown && !eml?.html) {
    throw bad(
      'inlineCss is given, and there is no HTML',
      'give html or markdown, or leave inlineCss out',
    );
  }
  const subject = read.subject ?? (eml?.subject ? subjectOf(eml.subject) : undefined);
  return {
    from: required(call, 'from', read.from ?? eml?.from ?? undefined),
    replyTo: read.replyTo ?? eml?.replyTo,
    subject: required(call, 'subject', subject),
    headers: mergeHeaders(read.headers ?? [], eml?.headers ?? []),
    html: html ?? eml?.html,
    text: plain ?? eml?.text,
    markdown,
    inlineCss: read.inlineCss,
    ...eml?.files,
  };
}

const subjectOf = (subject: string): string =>
  text(QUEUE_LENGTHS.subject)(subject, 'the Subject of eml');
