import { CampaignError } from '../errors.js';

const REASONS: Partial<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read',
  EISDIR: 'it is a directory',
  ELOOP: 'it is a symbolic link',
};

/**
 * A file that cannot be used, in words.
 * @param reasons by code of the error, where a file is not read
 */
export function fileError(
  path: string,
  error: unknown,
  remedy: string,
  reasons: Partial<Record<string, string>> = {},
): CampaignError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reason = reasons[code] ?? REASONS[code] ?? (error as Error).message;
  return new CampaignError('BAD_FILE', `${path}: ${reason}`, remedy, { cause: error });
}
