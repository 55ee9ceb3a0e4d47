import { isUtf8 } from 'node:buffer';
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import leven from 'leven';
import { fileError } from '../domain/file-error.js';
import { MAX_BODY_BYTES } from '../domain/queued.js';
import { CampaignError } from '../errors.js';
import { readRegular } from '../named-file.js';
import type { AnyOption } from './command.js';
import { readMessageToml } from './message-toml.js';

/** A file of a folder, from which none is taken that is a link to elsewhere. */
export interface FolderFile {
  /** With the folder, for people. */
  path: string;
  folder: string;
  /** Within the folder. */
  within: string;
}

/** What a folder holds of a message. */
export interface MessageFolder {
  /** Options, by their keys, as they would be typed. */
  options: Record<string, unknown>;
  /** The files in attachments/, in the order of their names. */
  attachments: FolderFile[];
  /** Paths of its bodies. */
  bodies: ReadonlySet<string>;
  /** Whether there is HTML of its own, whose pictures are in the folder. */
  hasHtml: boolean;
  /** Files that are no part of it. */
  leftOut: string[];
}

const BODIES = { html: 'message.html', markdown: 'message.md', text: 'message.txt' } as const;
const SUBJECT = 'subject.txt';
const TOML = 'message.toml';
const ATTACHMENTS = 'attachments';
const KNOWN: readonly string[] = [...Object.values(BODIES), SUBJECT, TOML, ATTACHMENTS];
const PICTURE = /\.(?:png|jpe?g|gif|webp|svg|bmp|avif|ico)$/i;

const REMEDY = `give a folder with ${KNOWN.join(', ')}, of which one body is enough`;

/**
 * Reads the folder of a message.
 * @throws CampaignError BAD_FILE, BAD_TEMPLATE naming the file, and USAGE for a value that its flag would not take
 */
export async function readMessageFolder(
  folder: string,
  options: Readonly<Record<string, AnyOption>>,
): Promise<MessageFolder> {
  const entries = await entriesOf(folder);
  const named = new Map(entries.map((entry) => [entry.name, entry]));
  const others = entries.filter(({ name }) => !KNOWN.includes(name));
  for (const { name } of others) refuseMistyped(folder, name);
  const has = (name: string): boolean => {
    const entry = named.get(name);
    if (entry) requireKind(folder, entry);
    return entry !== undefined;
  };
  const bodies = Object.entries(BODIES).filter(([, name]) => has(name));
  if (bodies.length === 0) throw bad(folder, 'has no message', REMEDY);
  if (has(BODIES.html) && has(BODIES.markdown)) {
    throw bad(folder, `has ${BODIES.html} and ${BODIES.markdown}`, 'leave one of them');
  }
  const given: Record<string, unknown> = has(TOML)
    ? await readMessageToml(join(folder, TOML), await readText(folder, TOML), options)
    : {};
  if (has(SUBJECT)) {
    if (given.subject !== undefined) {
      throw bad(join(folder, TOML), `gives a subject, and so does ${SUBJECT}`, 'leave one of them');
    }
    given.subject = await readSubject(folder);
  }
  // As the other paths of the folder, wherever the command is typed.
  if (typeof given.attachDir === 'string') given.attachDir = resolve(folder, given.attachDir);
  for (const [key, name] of bodies) given[key] = join(folder, name);
  const attachments = has(ATTACHMENTS) ? await entriesOf(join(folder, ATTACHMENTS)) : [];
  const attached = attachments.filter(({ name }) => !name.startsWith('.'));
  for (const entry of attached) requireFile(join(folder, ATTACHMENTS), entry);
  const left = [
    ...others.filter(({ name }) => name.startsWith('.') || !PICTURE.test(name)),
    ...attachments.filter(({ name }) => name.startsWith('.')),
  ];
  return {
    options: given,
    attachments: attached.map(({ name }) => ({
      path: join(folder, ATTACHMENTS, name),
      folder,
      within: join(ATTACHMENTS, name),
    })),
    bodies: new Set(bodies.map(([, name]) => join(folder, name))),
    hasHtml: has(BODIES.html) || has(BODIES.markdown),
    leftOut: left.map(({ name, parentPath }) => join(parentPath, name)),
  };
}

const bad = (path: string, what: string, remedy: string): CampaignError =>
  new CampaignError('BAD_FILE', `${path}: ${what}`, remedy);

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw fileError(folder, error, REMEDY, {
      ENOENT: 'there is no such folder',
      ENOTDIR: 'it is no folder',
    });
  }
}

/** @throws CampaignError BAD_FILE for a name that is nearly one of those that a message has */
function refuseMistyped(folder: string, name: string): void {
  if (name.startsWith('.') || PICTURE.test(name)) return;
  const written = name
    .toLowerCase()
    .replace(/\.htm$/, '.html')
    .replace(/\.markdown$/, '.md');
  const meant = KNOWN.find((known) => leven(known, written) <= 2);
  if (meant === undefined) return;
  throw bad(join(folder, name), `is no file of a message; did you mean ${meant}?`, 'rename it');
}

function requireKind(folder: string, entry: Dirent): void {
  if (entry.name !== ATTACHMENTS) requireFile(folder, entry);
  else if (!entry.isDirectory()) {
    throw bad(join(folder, entry.name), `it is ${kindOf(entry)}`, 'make it a folder of files');
  }
}

/** What leads out of the folder, or is a device, is taken for nothing. */
function requireFile(folder: string, entry: Dirent): void {
  if (entry.isFile()) return;
  throw bad(
    join(folder, entry.name),
    `it is ${kindOf(entry)}`,
    'put the file itself there: no link, no folder, no device',
  );
}

const kindOf = (entry: Dirent): string => {
  if (entry.isSymbolicLink()) return 'a symbolic link';
  if (entry.isDirectory()) return 'a folder';
  return entry.isFile() ? 'a file' : 'no regular file';
};

async function readText(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  const bytes = await readRegular(path, MAX_BODY_BYTES).catch((error) => {
    throw fileError(path, error, 'give a readable file in UTF-8');
  });
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw bad(path, 'is not text in UTF-8', 'save it in UTF-8');
  }
  return bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n');
}

async function readSubject(folder: string): Promise<string> {
  const path = join(folder, SUBJECT);
  const subject = (await readText(folder, SUBJECT)).trim();
  if (subject === '') throw bad(path, 'is empty', 'write the subject into it, on one line');
  const lineBreak = subject.indexOf('\n');
  if (lineBreak === -1) return subject;
  const line = subject.slice(0, lineBreak).split('\n').length + 1;
  throw bad(`${path}, line ${line}`, 'a subject has one line', 'leave out what follows the first');
}
