import { type FileHandle, lstat, readlink, realpath } from 'node:fs/promises';
import { isAbsolute, join, normalize, sep } from 'node:path';
import { openRegular, RefusedFile, readUpTo, regular, tooLarge } from '../named-file.js';

const REASONS: Partial<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  ELOOP: 'it is a symbolic link',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
};

/** @throws RefusedFile for what the system says */
async function explained<T>(doing: Promise<T>): Promise<T> {
  try {
    return await doing;
  } catch (error) {
    if (error instanceof RefusedFile) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new RefusedFile(REASONS[code] ?? message);
  }
}

/** Drive letters and shares of Windows are places of their own too. */
const isElsewhere = (path: string): boolean => isAbsolute(path) || /^(?:[a-z]:|\\)/i.test(path);

const leadsOut = (path: string): boolean => normalize(path).split(sep)[0] === '..';

/** Its real path, by which links are told that lead out of the folder. */
async function realPathInside(folder: string, path: string): Promise<string> {
  if (path.includes('\0')) throw new RefusedFile('its name has a NUL in it');
  if (isElsewhere(path)) {
    throw new RefusedFile(`it is no path within ${folder}, from which alone files are taken`);
  }
  if (leadsOut(path)) {
    throw new RefusedFile(`it leads out of ${folder}, from which alone files are taken`);
  }
  const root = await explained(realpath(folder));
  const real = await explained(realpath(join(root, path)));
  if (isInside(root, real)) return real;
  throw leadsOutByLink(folder);
}

const isInside = (root: string, real: string): boolean =>
  real === root || real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);

const leadsOutByLink = (folder: string): RefusedFile =>
  new RefusedFile(`it is a link that leads out of ${folder}, from which alone files are taken`);

/**
 * Opens a regular file within a folder, wherever links in it lead; what is put in its place meanwhile is not followed.
 * @throws RefusedFile
 */
async function openInside(folder: string, path: string): Promise<FileHandle> {
  const file = await explained(openRegular(await realPathInside(folder, path)));
  try {
    // A folder on the way may have become a link since it was looked at.
    const [root, opened] = await Promise.all([explained(realpath(folder)), pathOf(file)]);
    if (opened !== null && !isInside(root, opened)) throw leadsOutByLink(folder);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Where a file that is open is, on systems that tell. */
const pathOf = (file: FileHandle): Promise<string | null> =>
  readlink(`/proc/self/fd/${file.fd}`).catch(() => null);

/**
 * Reads a regular file within a folder.
 * @param most bytes that it may have
 * @throws RefusedFile, for an empty one too
 */
export async function readInside(folder: string, path: string, most: number): Promise<Buffer> {
  const file = await openInside(folder, path);
  const { size } = await file.stat();
  const bytes = await explained(readUpTo(regular(file, size), most));
  if (bytes.length === 0) throw new RefusedFile('it is empty');
  return bytes;
}

/**
 * Looks whether such a file could be read now.
 * @returns its bytes
 * @throws RefusedFile
 */
export async function checkInside(folder: string, path: string, most: number): Promise<number> {
  const file = await openInside(folder, path);
  try {
    const { size } = await file.stat();
    if (size > most) throw tooLarge(most);
    if (size === 0) throw new RefusedFile('it is empty');
    return size;
  } finally {
    await file.close();
  }
}

/** @throws RefusedFile for what is no folder that may be read */
export async function checkFolder(folder: string): Promise<void> {
  const stat = await explained(lstat(await explained(realpath(folder))));
  if (!stat.isDirectory()) throw new RefusedFile('it is no folder');
}
