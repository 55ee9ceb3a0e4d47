import { CampaignError } from '../errors.js';
import type { FileContent, GivenFile, GivenFiles, GivenInline } from '../files/given.js';
import type { QueueOptions } from './library-types.js';
import { pieces, type Reader, refuse, shown, text } from './option-readers.js';
import { readPieces } from './pieces.js';

/** A file as a program gives it; a stream is not read before it is stored. */
export interface OptionFile {
  called: string;
  name: string;
  type: string | undefined;
  cid: string | undefined;
  content: Buffer | ReturnType<typeof pieces>;
}

const KEYS = ['name', 'content', 'type', 'cid'];

const optional = (value: unknown, name: string): string | undefined =>
  value === undefined ? undefined : text(255)(value, name);

function content(value: unknown, name: string): OptionFile['content'] {
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  if (typeof value === 'object' && value !== null) return pieces(value, name);
  // A text might be a path.
  throw refuse(name, value, 'a Buffer, or a stream such as createReadStream gives');
}

function file(value: unknown, called: string): OptionFile {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse(called, value, 'an object with name and content');
  }
  for (const key of Object.keys(value)) {
    if (KEYS.includes(key)) continue;
    throw new CampaignError(
      'BAD_SETTING',
      `${called} has no option ${JSON.stringify(key)}`,
      `its options are ${KEYS.join(', ')}`,
    );
  }
  const given = value as Readonly<Record<string, unknown>>;
  if (typeof given.name !== 'string') {
    throw refuse(`${called}.name`, given.name, 'the name that mail programs are to show');
  }
  return {
    called: `${called} (${shown(given.name)})`,
    name: given.name,
    type: optional(given.type, `${called}.type`),
    cid: optional(given.cid, `${called}.cid`),
    content: content(given.content, `${called}.content`),
  };
}

const files: Reader<OptionFile[]> = (value, name) => {
  if (!Array.isArray(value)) throw refuse(name, value, 'an array of files');
  return value.map((one, index) => file(one, `${name}[${index}]`));
};

/** Readers of the options that give files. */
export const FILE_READERS = {
  attachments: files,
  inline: files,
  imageFolder: text(4096),
  attachColumn: text(255),
  attachDir: text(4096),
};

type ReadFileOptions = {
  [Name in keyof typeof FILE_READERS]: ReturnType<(typeof FILE_READERS)[Name]> | undefined;
};

const contentOf = ({ called, content: given }: OptionFile, signal: AbortSignal): FileContent =>
  Buffer.isBuffer(given) ? given : readPieces(given, { name: called, code: 'BAD_FILE', signal });

/** @throws CampaignError BAD_SETTING */
export function givenFiles(read: ReadFileOptions, signal: AbortSignal): GivenFiles {
  const { attachColumn: column, attachDir: folder } = read;
  if ((column === undefined) !== (folder === undefined)) {
    throw new CampaignError(
      'BAD_SETTING',
      `${column === undefined ? 'attachDir' : 'attachColumn'} is given without ${column === undefined ? 'attachColumn' : 'attachDir'}`,
      'give both: the column that names the file of each row, and the folder where those are',
    );
  }
  const attached = read.attachments?.find(({ cid }) => cid !== undefined);
  if (attached) {
    throw new CampaignError(
      'BAD_SETTING',
      `${attached.called} has a cid`,
      'give what the HTML shows as inline',
    );
  }
  return {
    attachments: read.attachments?.map(
      (one): GivenFile => ({ ...one, content: contentOf(one, signal) }),
    ),
    inline: read.inline?.map((one): GivenInline => ({ ...one, content: contentOf(one, signal) })),
    imageFolder: read.imageFolder,
    rowFiles: column === undefined || folder === undefined ? undefined : { column, folder },
  };
}

/** The streams among the options of `queue`, checked or not. */
export function streamsOf(options: QueueOptions | undefined): unknown[] {
  const lists: unknown[] = [options?.attachments, options?.inline];
  return [
    options?.list,
    ...lists
      .flatMap((list) => (Array.isArray(list) ? list : []))
      .map((one: unknown) => (Object(one) as { content?: unknown }).content),
  ];
}
