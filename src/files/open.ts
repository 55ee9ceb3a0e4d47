import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { isAbsolute, join, normalize, sep } from 'node:path';

/** Why a file is not taken, as the end of a sentence that names it. */
export class RefusedFile extends Error {}

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
  const inside = root.endsWith(sep) ? root : `${root}${sep}`;
  if (real === root || real.startsWith(inside)) return real;
  throw new RefusedFile(
    `it is a link that leads out of ${folder}, from which alone files are taken`,
  );
}

/**
 * Opens a regular file within a folder, wherever links in it lead; what is put in its place meanwhile is not followed.
 * @throws RefusedFile
 */
async function openInside(folder: string, path: string): Promise<FileHandle> {
  const real = await realPathInside(folder, path);
  // To open a device, or a pipe, may do something.
  requireRegular(await explained(lstat(real)));
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const file = await explained(open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  try {
    requireRegular(await file.stat());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function requireRegular(stat: { isFile(): boolean; isDirectory(): boolean }): void {
  if (stat.isDirectory()) throw new RefusedFile('it is a directory');
  if (!stat.isFile()) throw new RefusedFile('it is no regular file');
}

const tooLarge = (most: number): RefusedFile =>
  new RefusedFile(`it is larger than ${Math.floor(most / 1024 / 1024)} MB`);

/**
 * Reads a regular file within a folder.
 * @param most bytes that it may have
 * @throws RefusedFile, for an empty one too
 */
export async function readInside(folder: string, path: string, most: number): Promise<Buffer> {
  const file = await openInside(folder, path);
  try {
    const { size } = await file.stat();
    if (size > most) throw tooLarge(most);
    const bytes = await explained(file.readFile());
    if (bytes.length > most) throw tooLarge(most);
    if (bytes.length === 0) throw new RefusedFile('it is empty');
    return bytes;
  } finally {
    await file.close();
  }
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
