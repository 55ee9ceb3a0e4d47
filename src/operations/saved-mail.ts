import type { HeaderField } from '../domain/header-fields.js';
import type { GivenFile, GivenInline } from '../files/given.js';
import type { Eml } from '../message/eml/read-eml.js';
import { readEml } from '../message/eml/read-eml.js';
import type { NamedTemplate } from '../message/template.js';
import { checkSender } from './check-sender.js';

/** A message that was saved, as what it gives to a request. */
export interface SavedMail
  extends Pick<Eml, 'from' | 'replyTo' | 'subject' | 'headers' | 'leftOut'> {
  html: NamedTemplate | null;
  text: NamedTemplate | null;
  files: { attachments: readonly GivenFile[]; inline: readonly GivenInline[] };
}

/**
 * Reads a message that was saved as .eml.
 * @param name what errors call it
 * @throws CampaignError BAD_FILE, BAD_ADDRESS
 */
export function readSavedMail(bytes: Buffer, name: string): SavedMail {
  const { from, replyTo, html, text, attachments, inline, ...rest } = readEml(bytes, name);
  const template = (part: string, source: string | null): NamedTemplate | null =>
    source === null ? null : { name: `the ${part} of ${name}`, source };
  const sender = (header: string, value: string | null): string | null =>
    value === null ? null : checkSender(`${header} of ${name}`, value);
  return {
    ...rest,
    from: sender('From', from),
    replyTo: sender('Reply-To', replyTo),
    html: template('HTML', html),
    text: template('text', text),
    files: {
      attachments: attachments.map(
        ({ name: file, type, content }): GivenFile => ({
          called: `${name}: ${file}`,
          name: file,
          type,
          content,
        }),
      ),
      inline: inline.map(
        ({ name: file, type, content, cid }): GivenInline => ({
          called: `${name}: ${file}`,
          name: file,
          type,
          content,
          cid,
        }),
      ),
    },
  };
}

/** Headers that were given, and of others those that have no name of theirs. */
export function mergeHeaders(
  given: readonly HeaderField[],
  others: readonly HeaderField[],
): HeaderField[] {
  const names = new Set(given.map(({ name }) => name.toLowerCase()));
  return [...given, ...others.filter(({ name }) => !names.has(name.toLowerCase()))];
}
