import { type FileHandle, open, realpath } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';
import { fileError } from '../domain/file-error.js';
import type { RejectedLine } from '../domain/list-findings.js';
import { CampaignError } from '../errors.js';

/** Every rejected line of a list, as a CSV of line number, reason and the row itself. */
export interface RejectsFile {
  write(rejections: readonly RejectedLine[]): Promise<void>;
  close(): Promise<void>;
}

const REMEDY = 'give a file that can be written with --rejects';
const WHEN_WRITTEN = { ENOENT: 'its folder is not there', EACCES: 'it may not be written' };

const samePath = async (a: string, b: string): Promise<boolean> => {
  const [x, y] = await Promise.all([a, b].map((path) => realpath(path).catch(() => undefined)));
  return x !== undefined && x === y;
};

/**
 * Creates the file, or empties it.
 * @param inputs files of the same command, which must not be overwritten
 * @throws CampaignError BAD_FILE when it is one of the inputs or cannot be written
 */
export async function createRejects(
  path: string,
  inputs: readonly (string | null)[],
): Promise<RejectsFile> {
  for (const input of inputs) {
    if (input === null || !(await samePath(path, input))) continue;
    throw new CampaignError('BAD_FILE', `${path} would overwrite ${input}, which is read`, REMEDY);
  }
  let file: FileHandle;
  const guarded = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw fileError(path, error, REMEDY, WHEN_WRITTEN);
    }
  };
  await guarded(async () => {
    file = await open(path, 'w');
    await file.appendFile(stringify([['line', 'reason', 'record']]));
  });
  return {
    write: (rejections) =>
      guarded(async () => {
        if (rejections.length === 0) return;
        const rows = rejections.map(({ line, reason, cells }) => [
          line,
          reason,
          stringify([cells], { record_delimiter: '' }),
        ]);
        await file.appendFile(stringify(rows));
      }),
    close: () => guarded(() => file.close()),
  };
}
