import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Decline } from '../domain/declined.js';
import type { RowNo } from './consent.js';
import { fileError } from './source.js';

/** Characters that are kept in memory before they go to the file. */
const MEMORY_CHARACTERS = 4 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

/** A no, its column by number. */
type Entry = readonly [column: number, value: string, norm: string];

/**
 * The noes of a list in the order of its lines, kept until all of it is read: only then is it known which of them count, and
 * which addresses are in the ledger. A long log goes to a file without a name, which is gone with the process.
 */
export class DeclineLog {
  private held: string[] = [];
  private heldCharacters = 0;
  private file: FileHandle | undefined;

  /** @param memoryCharacters before what is logged goes to a file */
  constructor(private readonly memoryCharacters = MEMORY_CHARACTERS) {}

  add(norm: string, noes: readonly RowNo[]): void {
    for (const [column, value] of noes) {
      const line = `${JSON.stringify([column, value, norm] satisfies Entry)}\n`;
      this.held.push(line);
      this.heldCharacters += line.length;
    }
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

  /**
   * What was logged, in the order of the list, in pages.
   * @param labelOf the header of a column whose noes count
   */
  async *pages(
    size: number,
    labelOf: (column: number) => string | undefined,
  ): AsyncGenerator<Decline[]> {
    let page: Decline[] = [];
    for await (const line of this.lines()) {
      const [column, value, norm] = JSON.parse(line) as Entry;
      const label = labelOf(column);
      if (label === undefined) continue;
      page.push({ norm, column: label, value });
      if (page.length < size) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
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
    return await open(join(folder, 'declined'), 'wx+', 0o600);
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
