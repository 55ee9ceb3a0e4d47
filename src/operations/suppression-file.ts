import { type FileHandle, open } from 'node:fs/promises';
import { fileError } from '../domain/file-error.js';
import type { Suppression } from '../domain/suppression.js';
import { exportHeader, exportLines } from '../domain/suppression-csv.js';

/** A file that `suppress import` puts back what it holds from. */
export interface SuppressionFile {
  readonly path: string;
  /** Resolves when the entries are on the disk. */
  write(entries: readonly Suppression[]): Promise<void>;
  close(): Promise<void>;
}

const REMEDY = 'name a file that is not there yet, in a folder that can be written';
const WHEN_WRITTEN = {
  ENOENT: 'its folder is not there',
  EACCES: 'it may not be written',
  EEXIST: 'it is there already, and may hold what can be had nowhere else',
};

/**
 * Creates a file for entries that are about to be removed; one that is there is left as it is.
 * @throws CampaignError BAD_FILE, at each step
 */
export async function createSuppressionFile(path: string): Promise<SuppressionFile> {
  const guarded = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw fileError(path, error, REMEDY, WHEN_WRITTEN);
    }
  };
  let file: FileHandle;
  await guarded(async () => {
    // It names people: for its owner alone.
    file = await open(path, 'wx', 0o600);
    await file.appendFile(exportHeader());
  });
  return {
    path,
    write: (entries) =>
      guarded(async () => {
        await file.appendFile(exportLines(entries));
        await file.datasync();
      }),
    close: () => guarded(() => file.close()),
  };
}
