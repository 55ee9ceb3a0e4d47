import type { Readable } from 'node:stream';
import { fileError } from '../domain/file-error.js';
import { openNamed, RefusedFile } from '../named-file.js';

const PIECE_BYTES = 64 * 1024;

/**
 * A mail log as it streams in.
 * @param file its path, or `-` for standard input
 * @throws CampaignError BAD_FILE when it cannot be read
 */
export async function* openLog(file: string, stdin: Readable): AsyncGenerator<Uint8Array | string> {
  try {
    yield* file === '-' ? stdin : (await openNamed(file)).chunks(PIECE_BYTES);
  } catch (error) {
    const isOfSystem = (error as NodeJS.ErrnoException).syscall !== undefined;
    if (!isOfSystem && !(error instanceof RefusedFile)) throw error;
    throw fileError(file, error, 'name a file that can be read, or - for stdin');
  }
}
