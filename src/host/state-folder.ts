import { lstatSync, realpathSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { sep } from 'node:path';
import { makeFolder } from '../make-folder.js';

/** A folder that may hold a worker's files. */
export interface StateFolder {
  directory: string;
  /** Made only where this is there already; where left out, the folder and all above it are made. */
  within?: string;
}

/**
 * File systems of the kernel's own that only one kernel writes to (statfs(2), linux/magic.h): on any other, the network's and
 * FUSE's above all, a socket that nobody answers and a file that was written prove nothing.
 */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xf2f52010, // F2FS
  0x2fc12fc1, // ZFS
  0xca451a4e, // bcachefs
  0x794c7630, // overlayfs, on which containers live
  0x3153464a, // JFS
]);

const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** Folders that others may write to, and that are swept. */
function temporaryFolders(): string[] {
  return [tmpdir(), '/tmp', '/var/tmp'].flatMap((folder) => {
    try {
      return [realpathSync(folder)];
    } catch {
      return [];
    }
  });
}

/**
 * Makes the folder where it is not there, for its owner alone.
 * @returns its path without symbolic links
 * @throws Error saying why it cannot be used
 */
export function openStateFolder({ directory, within }: StateFolder): string {
  try {
    if (within !== undefined) lstatSync(within);
    makeFolder(directory);
  } catch (error) {
    throw new Error(`${directory} cannot be made: ${(error as Error).message}`);
  }
  const path = realpathSync(directory);
  if (temporaryFolders().some((folder) => isBelow(path, folder))) {
    throw new Error(`${directory} is a temporary folder`);
  }
  const { uid, mode } = lstatSync(path);
  if (uid !== process.getuid?.()) throw new Error(`${directory} belongs to another user`);
  if ((mode & 0o022) !== 0) throw new Error(`others may write to ${directory}`);
  if (!LOCAL.has(statfsSync(path).type)) {
    throw new Error(`${directory} is not on a local file system`);
  }
  return path;
}
