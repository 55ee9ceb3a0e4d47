import { fileError } from '../domain/file-error.js';
import type { HeaderField } from '../domain/header-fields.js';
import { CampaignError } from '../errors.js';
import { readNamed } from '../named-file.js';
import { mergeHeaders, readSavedMail, type SavedMail } from '../operations/saved-mail.js';
import type { AnyOption } from './command.js';
import { type FolderFile, readMessageFolder } from './message-folder.js';
import { Unfit } from './readers.js';

type Options = Readonly<Record<string, AnyOption>>;
type Values = Readonly<Record<string, unknown>>;

/** What a folder, or a saved message, has beside what options can say. */
export interface MessageSource {
  mail: SavedMail | null;
  /** Files of the folder that are to be attached. */
  attachments: readonly FolderFile[];
  /** Paths of the folder's bodies. */
  bodies: ReadonlySet<string>;
}

export const NO_SOURCE: MessageSource = { mail: null, attachments: [], bodies: new Set() };

/** A message that was saved has its files in it, a third larger than they are. */
const MAX_MAIL_BYTES = 64 * 1024 * 1024;

/**
 * Completes the options by what `--message` or `--eml` names, as far as the command has such; those that were typed win.
 * @param options those of `queue`, by which a folder is read
 * @param isGiven tells of an option whether it was typed
 * @param warn is told what is left out
 * @throws CampaignError BAD_FILE and others naming the file
 */
export async function withMessageSource<I extends object>(
  input: I & { readonly message?: string | undefined; readonly eml?: string | undefined },
  isGiven: (key: string) => boolean,
  options: Options,
  warn: (text: string) => void,
): Promise<{ input: I; source: MessageSource }> {
  const { message, eml } = input;
  if (message !== undefined) {
    const folder = await readMessageFolder(message, options);
    if (folder.leftOut.length > 0) {
      warn(`No part of the message, and left out: ${folder.leftOut.join(', ')}`);
    }
    const values = completedBy(input as Values, folder.options, isGiven, options);
    return {
      input: values as I,
      source: { mail: null, attachments: folder.attachments, bodies: folder.bodies },
    };
  }
  if (eml === undefined) return { input, source: NO_SOURCE };
  const mail = await readMail(eml);
  if (mail.leftOut.length > 0) warn(`Left out of ${eml}: ${mail.leftOut.join(', ')}`);
  const { from, replyTo, headers } = mail;
  const given = {
    ...(from === null ? {} : { from }),
    ...(replyTo === null ? {} : { replyTo }),
    ...(mail.subject === null ? {} : { subject: await subjectOf(eml, mail.subject, options) }),
    header: headers,
  };
  const values = completedBy(input as Values, given, isGiven, options);
  return { input: values as I, source: { ...NO_SOURCE, mail } };
}

/** They name what is read, and go with none of it where it is typed. */
const NAMING: ReadonlySet<string> = new Set(['message', 'eml']);

/** What was typed wins over what is read, and over what does not go with it. */
function completedBy(
  typed: Values,
  read: Values,
  isGiven: (key: string) => boolean,
  options: Options,
): Values {
  const excludes = (key: string, other: string): boolean =>
    options[key]?.conflicts?.includes(other) === true;
  const keys = Object.keys(options).filter((key) => isGiven(key) && !NAMING.has(key));
  const used = Object.entries(read).filter(
    ([key]) =>
      Object.hasOwn(typed, key) &&
      !isGiven(key) &&
      !keys.some((other) => excludes(key, other) || excludes(other, key)),
  );
  const headers = (values: Values): readonly HeaderField[] =>
    (values.header as readonly HeaderField[] | undefined) ?? [];
  return {
    ...typed,
    ...Object.fromEntries(used),
    header: mergeHeaders(headers(typed), headers(read)),
  };
}

async function readMail(path: string): Promise<SavedMail> {
  const remedy = 'give a message that was saved as .eml with --eml';
  const bytes = await readNamed(path, MAX_MAIL_BYTES).catch((error) => {
    throw fileError(path, error, remedy);
  });
  return readSavedMail(bytes, path);
}

async function subjectOf(path: string, subject: string, options: Options): Promise<unknown> {
  const option = options.subject;
  try {
    return option?.kind === 'value' ? await option.read(subject) : subject;
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    throw new CampaignError(
      'BAD_FILE',
      `the Subject of ${path} is not allowed`,
      `give ${error.wanted(String)} with --subject`,
    );
  }
}
