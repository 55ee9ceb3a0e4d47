import { CampaignError } from '../errors.js';

/** What the file system answers where a folder, or the disk under it, cannot be used. */
const TROUBLE: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'something in its path is no folder',
  EEXIST: 'something that is no folder has its name',
  EISDIR: 'a folder has the name of one of its files',
  ENOENT: 'it cannot be made',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota of this user is used up',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its path is a loop of links',
  EIO: 'the disk fails',
};

/** The same, as a database server says it. */
const SAID_BY_SERVER =
  /Permission denied|Read-only file system|No space left|Disk quota|out of disk space|\b(?:error|err\w*:)(?: number)? (?:13|28|30|122)\b/i;

const REMEDY =
  'give CAMPAIGN_SANDBOX_DIR the absolute path of a folder that this user may write to, with some 300 MB free';

/**
 * Runs what works in the sandbox's folder.
 * @throws CampaignError BAD_SETTING where the folder cannot be used; whatever `work` throws else
 */
export async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const trouble = troubleWith(error);
    if (trouble === undefined) throw error;
    const remedy = [error instanceof CampaignError ? error.remedy : undefined, REMEDY];
    throw new CampaignError(
      'BAD_SETTING',
      `the sandbox cannot be kept in ${folder}: ${trouble}`,
      remedy.filter(Boolean).join('\n'),
      { cause: error },
    );
  }
}

function troubleWith(error: unknown): string | undefined {
  if (error instanceof CampaignError) {
    return SAID_BY_SERVER.test(error.message) ? error.message : undefined;
  }
  const { code = '', path, syscall } = error as NodeJS.ErrnoException;
  const trouble = Object.hasOwn(TROUBLE, code) ? TROUBLE[code] : undefined;
  if (trouble === undefined || syscall === undefined || syscall.startsWith('spawn')) {
    return undefined;
  }
  return `${trouble} (${[code, path].filter(Boolean).join(' ')})`;
}
