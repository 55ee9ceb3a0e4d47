import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../domain/file-error.js';

/** Characters that are kept in memory before they go to the file. */
const MEMORY_CHARACTERS = 4 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

/**
 * What is to be known of some rows of a list when all of it has been read, in the order of its lines. A long log goes to a
 * file without a name, which is gone with the process.
 */
export class RowLog<Entry> {
  private held: string[] = [];
  private heldCharacters = 0;
  private file: FileHandle | undefined;

  /** @param memoryCharacters before what is logged goes to a file */
  constructor(private readonly memoryCharacters = MEMORY_CHARACTERS) {}

  /** @param entry what JSON can hold */
  add(entry: Entry): void {
    const line = `${JSON.stringify(entry)}\n`;
    this.held.push(line);
    this.heldCharacters += line.length;
  }

  /**
   * Writes what has grown too long for the memory.
   * @throws CampaignError BAD_FILE when the folder of temporary files takes no more
   */
  async flush(): Promise<void> {
    if (this.heldCharacters < this.memoryCharacters) return;
    await inTemporaryFolder(async () => {
      this.file ??= await openUnnamed();
      await this.file.appendFile(this.held.join(''));
    });
    this.held = [];
    this.heldCharacters = 0;
  }

  /** What was logged, in pages. */
  async *pages(size: number): AsyncGenerator<Entry[]> {
    let page: Entry[] = [];
    for await (const entry of this.entries()) {
      page.push(entry);
      if (page.length < size) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  async *entries(): AsyncGenerator<Entry> {
    for await (const line of this.lines()) yield JSON.parse(line) as Entry;
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
  }

  private async *lines(): AsyncGenerator<string> {
    if (this.file) yield* linesOf(this.file);
    yield* this.held;
  }
}

/** Lines of a file, from its beginning. */
async function* linesOf(file: FileHandle): AsyncGenerator<string> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let rest = Buffer.alloc(0);
  for (let position = 0; ; ) {
    const { bytesRead } = await inTemporaryFolder(() => file.read(buffer, 0, READ_BYTES, position));
    if (bytesRead === 0) return;
    position += bytesRead;
    const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    rest = bytes.subarray(end);
    if (end > 0) yield* bytes.toString('utf8', 0, end - 1).split('\n');
  }
}

async function openUnnamed(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'campaign-'));
  try {
    return await open(join(folder, 'rows'), 'wx+', 0o600);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function inTemporaryFolder<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(
      tmpdir(),
      error,
      'give a folder for temporary files that can be written (TMPDIR), or free some space there',
      { ENOSPC: 'it is full' },
    );
  }
}
