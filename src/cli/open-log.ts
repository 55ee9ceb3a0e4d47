import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { CampaignError } from '../errors.js';

/**
 * A mail log as it streams in.
 * @param file its path, or `-` for standard input
 * @throws CampaignError BAD_FILE when it cannot be read
 */
export async function* openLog(file: string, stdin: Readable): AsyncGenerator<Uint8Array | string> {
  const source: Readable = file === '-' ? stdin : createReadStream(file);
  try {
    yield* source;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new CampaignError(
      'BAD_FILE',
      `${file} cannot be read: ${(error as Error).message}`,
      'name a file that can be read, or - for stdin',
    );
  }
}
