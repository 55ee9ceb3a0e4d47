import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { StoredMessage } from '../domain/message.js';
import { MAX_FILE_BYTES, MAX_FILE_NAME, type MessageFile } from '../domain/message-file.js';
import type { QueueFinding } from '../domain/queued.js';
import { CampaignError } from '../errors.js';
import type { FileContent, GivenFile, GivenFiles, GivenInline } from '../files/given.js';
import { readInside } from '../files/open.js';
import { fileTypeOf, isMimeType } from '../message/file-type.js';
import { findImages, type ImageReference, replaceImages } from '../message/image-references.js';
import { parseSender } from '../message/sender.js';
import type { NamedTemplate } from '../message/template.js';
import { RefusedFile } from '../named-file.js';

/** A file of every message, read. */
export interface ReadFile {
  file: MessageFile;
  bytes: Buffer;
}

/** A file, but for its place among others. */
type Loose = Omit<MessageFile, 'position'>;

interface LooseFile {
  file: Loose;
  bytes: Buffer;
}

const badFile = (called: string, reason: string, remedy: string): CampaignError =>
  new CampaignError('BAD_FILE', `${called}: ${reason}`, remedy);

const REMEDY = 'give a readable file that is not empty';

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** @throws CampaignError BAD_FILE for a name that mail programs cannot be told */
function checkName(called: string, name: string): void {
  const remedy = 'rename the file';
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(name)) {
    throw badFile(called, 'its name has characters that no name of a file should have', remedy);
  }
  if (/[/\\]/.test(name) || /^\.*$/.test(name)) {
    throw badFile(called, `"${name}" is no name of a file`, remedy);
  }
  if (Buffer.byteLength(name) > MAX_FILE_NAME) {
    throw badFile(called, `its name has more than ${MAX_FILE_NAME} bytes`, remedy);
  }
}

/** Reads a file that is named by its path, for its name to be shown. @throws CampaignError BAD_FILE */
export async function readPath(
  called: string,
  folder: string,
  path: string,
  remedy = REMEDY,
): Promise<LooseFile> {
  const name = basename(path);
  try {
    const bytes = await readInside(folder, path, MAX_FILE_BYTES);
    checkName(called, name);
    return { file: describe(name, bytes), bytes };
  } catch (error) {
    throw error instanceof RefusedFile ? badFile(called, error.message, remedy) : error;
  }
}

const describe = (name: string, bytes: Buffer, type?: string): Loose => ({
  name,
  type: fileTypeOf(name, bytes, type),
  bytes: bytes.length,
  sha256: sha256Of(bytes),
  disposition: 'attachment',
  cid: null,
});

/** @throws CampaignError BAD_FILE */
async function readGiven({ called, name, type, content }: GivenFile): Promise<LooseFile> {
  checkName(called, name);
  if (type !== undefined && !isMimeType(type)) {
    throw badFile(called, `"${type}" is no type of a file`, 'give one such as application/pdf');
  }
  const bytes = await readContent(called, content);
  if (bytes.length === 0) throw badFile(called, 'it is empty', REMEDY);
  return { file: describe(name, bytes, type), bytes };
}

async function readContent(called: string, content: FileContent): Promise<Buffer> {
  const tooLarge = (): CampaignError =>
    badFile(called, `it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB`, 'send a link to it');
  if (Buffer.isBuffer(content)) {
    if (content.length > MAX_FILE_BYTES) throw tooLarge();
    return content;
  }
  if ('path' in content) {
    const { path, folder } = content;
    const place: [string, string] =
      folder === undefined ? [dirname(path), basename(path)] : [folder, path];
    return (await readPath(called, ...place)).bytes;
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    length += bytes.length;
    if (length > MAX_FILE_BYTES) throw tooLarge();
    pieces.push(bytes);
  }
  return Buffer.concat(pieces, length);
}

/**
 * Reads the files that every message has, the pictures among them that its HTML names, and has the HTML name those by
 * Content-IDs. Each picture is one part, however often, and by whatever path, it is named.
 * @throws CampaignError BAD_FILE naming the file, and the place that names it
 */
export async function readFiles(
  { attachments = [], inline = [], imageFolder }: GivenFiles,
  html: NamedTemplate | null,
  from: string,
  onFinding: (finding: QueueFinding) => void,
): Promise<{ files: ReadFile[]; html: NamedTemplate | null }> {
  const pictures = new Pictures(parseSender(from).domain, imageFolder);
  for (const given of inline) await pictures.give(given);
  const shown = html && (await pictures.show(html, onFinding));
  const files = pictures.files;
  if (html === null && files[0]) {
    throw badFile(
      files[0].file.name,
      'there is no HTML that would show it',
      'attach it, or give the HTML',
    );
  }
  for (const given of attachments) files.push(await readGiven(given));
  const total = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (total > MAX_FILE_BYTES) {
    throw badFile(
      'the files of the message',
      `together they are larger than ${MAX_FILE_BYTES / 1024 / 1024} MB`,
      'send a link to what is large',
    );
  }
  return {
    files: files.map(({ file, bytes }, index) => ({
      file: { ...file, position: index + 1 },
      bytes,
    })),
    html: shown,
  };
}

/** Says which pictures the HTML names of a message that has its files already. */
export function tellOfPictures(
  { html, files }: Pick<StoredMessage, 'html' | 'files'>,
  onFinding: (finding: QueueFinding) => void,
): void {
  if (html === null) return;
  const images = findImages(html).filter(
    ({ names }) =>
      names === 'liquid' || !('cid' in names) || !files.some(({ cid }) => cid === names.cid),
  );
  if (images.length > 0) onFinding({ kind: 'images-left', html: 'the HTML', images });
}

const CID = /^[!#-;=?-~]{1,200}$/;

/** The pictures of a message. */
class Pictures {
  /** By what they hold. */
  private readonly bySha256 = new Map<string, LooseFile>();
  private readonly byCid = new Map<string, LooseFile>();
  private readonly byName = new Map<string, LooseFile>();
  private readonly byPath = new Map<string, LooseFile>();

  /**
   * @param domain of the Content-IDs
   * @param folder where the HTML's paths lead
   */
  constructor(
    private readonly domain: string,
    private readonly folder: string | undefined,
  ) {}

  get files(): LooseFile[] {
    return [...new Set([...this.byCid.values(), ...this.bySha256.values()])];
  }

  /** @throws CampaignError BAD_FILE */
  async give(given: GivenInline): Promise<void> {
    const { called, cid } = given;
    const loose = await readGiven(given);
    if (cid === undefined) {
      this.byName.set(given.name, this.named(loose));
      return;
    }
    if (!CID.test(cid)) throw badFile(called, `"${cid}" is no Content-ID`, 'give one such as logo');
    if (this.byCid.has(cid)) {
      throw badFile(called, `another file has the Content-ID ${cid} already`, 'give another');
    }
    const own = { ...loose, file: { ...loose.file, disposition: 'inline' as const, cid } };
    this.byCid.set(cid, own);
    this.byName.set(given.name, own);
  }

  /** @throws CampaignError BAD_FILE naming the place */
  async show(
    html: NamedTemplate,
    onFinding: (finding: QueueFinding) => void,
  ): Promise<NamedTemplate> {
    const cids = new Map<ImageReference, string>();
    const left: ImageReference[] = [];
    for (const reference of findImages(html.source)) {
      const { names } = reference;
      if (names === 'liquid') left.push(reference);
      else if ('cid' in names) {
        if (!this.byCid.has(names.cid)) left.push(reference);
      } else {
        const found = this.byName.get(names.path) ?? (await this.look(html, reference, names.path));
        if (found) cids.set(reference, `cid:${encodeURI(found.file.cid ?? '')}`);
        else left.push(reference);
      }
    }
    if (left.length > 0) onFinding({ kind: 'images-left', html: html.name, images: left });
    return { ...html, source: replaceImages(html.source, cids) };
  }

  private async look(
    html: NamedTemplate,
    { line, written }: ImageReference,
    path: string,
  ): Promise<LooseFile | undefined> {
    if (this.folder === undefined) return undefined;
    const known = this.byPath.get(path);
    if (known) return known;
    const own = line - (html.linesAbove ?? 0);
    const where = own < 1 ? html.name : `${html.name}, line ${own}`;
    const remedy =
      'put the picture into the folder of the HTML, or name one on the Web (https://…)';
    const read = await readPath(`${where}: ${written}`, this.folder, path, remedy);
    const found = this.named(read);
    this.byPath.set(path, found);
    return found;
  }

  /** The one picture that holds this. */
  private named({ file, bytes }: LooseFile): LooseFile {
    const known = this.bySha256.get(file.sha256);
    if (known) return known;
    const cid = `${file.sha256.slice(0, 32)}@${this.domain}`;
    const named = { file: { ...file, disposition: 'inline' as const, cid }, bytes };
    this.bySha256.set(file.sha256, named);
    return named;
  }
}
