import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, lstat, open, stat } from 'node:fs/promises';
import { devNull } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';

/** Why a file is not taken, as the end of a sentence that names it. */
export class RefusedFile extends Error {
  /** @param code of the system, where that has one for it; such as EISDIR */
  constructor(
    message: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

/** A file that somebody has named. */
export interface NamedFile {
  /** Bytes in all; null for what ends when its writer does. */
  size: number | null;
  /**
   * What it holds, each piece good until the next is asked for. Closes it at the end.
   * @param pieceBytes of a piece at most
   */
  chunks(pieceBytes: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

type Kind = 'file' | 'stream';

const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants;
const PIECE_BYTES = 64 * 1024;
/** What a file of certificate authorities may have; those of a system take a quarter of a megabyte. */
export const MAX_AUTHORITIES_BYTES = 16 * 1024 * 1024;

/** Standard input, where that is a terminal: the only device that is read. */
const isOurTerminal = ({ rdev }: Stats): boolean => isatty(0) && fstatSync(0).rdev === rdev;

/** What stands for an empty file. */
const isNull = ({ rdev }: Stats): boolean =>
  statSync(devNull, { throwIfNoEntry: false })?.rdev === rdev;

/** @throws RefusedFile for what is never read: to open a device may do something, and many have no end */
function kindOf(stats: Stats): Kind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) throw new RefusedFile('it is a directory', 'EISDIR');
  if (stats.isFIFO()) return 'stream';
  if (stats.isCharacterDevice()) {
    if (isNull(stats)) return 'file';
    if (isOurTerminal(stats)) return 'stream';
  }
  throw new RefusedFile('it is no regular file');
}

/** @throws RefusedFile */
function requireRegular(stats: Stats): void {
  if (stats.isSymbolicLink()) throw new RefusedFile('it is a symbolic link', 'ELOOP');
  if (!stats.isFile()) {
    kindOf(stats);
    throw new RefusedFile('it is no regular file');
  }
}

/**
 * Opens a file that a user has named, or a pipe, such as `<(command)` and `/dev/stdin`.
 * @throws RefusedFile for anything else, and what the system says
 */
export async function openNamed(path: string): Promise<NamedFile> {
  kindOf(await stat(path));
  // An end of a pipe that nobody writes into yet would hold a thread until somebody does.
  const file = await open(path, O_RDONLY | O_NONBLOCK);
  try {
    const stats = await file.stat();
    return kindOf(stats) === 'file' ? regular(file, stats.size) : stream(file, isInherited(path));
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Opens a regular file that is no link, whatever is put in its place meanwhile.
 * @throws RefusedFile, and what the system says
 */
export async function openRegular(path: string): Promise<FileHandle> {
  requireRegular(await lstat(path));
  const file = await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  try {
    requireRegular(await file.stat());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A regular file that is open. */
export const regular = (file: FileHandle, size: number): NamedFile => ({
  size,
  chunks: (pieceBytes, signal) => readThrough(file, pieceBytes, signal),
  close: () => file.close(),
});

/** Through one buffer, so that a long file leaves no garbage. */
async function* readThrough(
  file: FileHandle,
  pieceBytes: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(pieceBytes);
  try {
    for (;;) {
      if (signal?.aborted) throw interrupted(signal);
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

export const interrupted = (signal: AbortSignal): DOMException =>
  new DOMException(`interrupted: ${signal.reason}`, 'AbortError');

/** What the shell has connected to somebody already, as it does for `<(command)`: without a writer it has ended. */
const isInherited = (path: string): boolean =>
  /^\/(?:dev\/(?:fd\/|stdin$)|proc\/[^/]+\/fd\/)/.test(path);

/** A pipe, or a terminal; `isBegun`: somebody has had it open for writing. */
const stream = (file: FileHandle, isBegun: boolean): NamedFile => ({
  size: null,
  chunks: (pieceBytes, signal) => readAsItComes(file, { pieceBytes, isBegun, signal }),
  close: () => file.close(),
});

/** It is looked at so often, … */
const LOOK_EVERY_MS = 20;
/** … and given up where nobody has written into it for so long: whoever opens it then waits for nobody. */
const UNWRITTEN_MS = 5_000;
const unwritten = (): RefusedFile =>
  new RefusedFile(`nobody writes into it: nothing came for ${UNWRITTEN_MS / 1000} s`);

/** Takes no thread while nothing comes, so that it can be left. */
async function* readAsItComes(
  file: FileHandle,
  {
    pieceBytes,
    isBegun,
    signal,
  }: { pieceBytes: number; isBegun: boolean; signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(pieceBytes);
  let hasBegun = isBegun;
  let unwrittenMs = 0;
  let waitMs = 1;
  try {
    for (;;) {
      if (signal?.aborted) throw interrupted(signal);
      const bytes = await file.read(buffer).then(({ bytesRead }) => bytesRead, noneYet);
      if (bytes !== 0) hasBegun = true;
      if (bytes !== null && bytes > 0) {
        waitMs = 1;
        yield buffer.subarray(0, bytes);
        continue;
      }
      // None at all: nobody has it open for writing.
      if (bytes === 0) {
        if (hasBegun) return;
        if (unwrittenMs >= UNWRITTEN_MS) throw unwritten();
        unwrittenMs += waitMs;
      }
      await sleep(waitMs, undefined, signal ? { signal } : {});
      waitMs = Math.min(waitMs * 2, LOOK_EVERY_MS);
    }
  } finally {
    await file.close();
  }
}

/** Nothing is there, and more may come. */
function noneYet(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null;
  throw error;
}

const inBytes = (bytes: number): string =>
  bytes >= 1024 * 1024 ? `${Math.floor(bytes / 1024 / 1024)} MB` : `${Math.floor(bytes / 1024)} kB`;

export const tooLarge = (most: number): RefusedFile =>
  new RefusedFile(`it is larger than ${inBytes(most)}`);

/**
 * Reads what a file holds, and closes it.
 * @param most bytes that it may have
 * @throws RefusedFile
 */
export async function readUpTo(file: NamedFile, most: number): Promise<Buffer> {
  if ((file.size ?? 0) > most) {
    await file.close();
    throw tooLarge(most);
  }
  const pieces: Buffer[] = [];
  let length = 0;
  const pieceBytes = file.size ? Math.min(PIECE_BYTES, file.size + 1) : PIECE_BYTES;
  for await (const piece of file.chunks(pieceBytes)) {
    length += piece.length;
    if (length > most) throw tooLarge(most);
    pieces.push(Buffer.from(piece));
  }
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, length);
}

/**
 * Reads a file that a user has named, or what comes through a pipe.
 * @param most bytes that it may have
 * @throws RefusedFile, and what the system says
 */
export const readNamed = async (path: string, most: number): Promise<Buffer> =>
  readUpTo(await openNamed(path), most);

/** The same of a regular file that is no link. */
export async function readRegular(path: string, most: number): Promise<Buffer> {
  const file = await openRegular(path);
  const { size } = await file.stat();
  return readUpTo(regular(file, size), most);
}

/** Whoever writes into a pipe is waited for so long where nothing else goes on: he may have to type a passphrase first. */
const SILENT_MS = 60_000;

/**
 * As `readNamed`, where nothing else goes on meanwhile: not even a signal is heard, so that nobody is waited for without end.
 * @throws RefusedFile, and what the system says
 */
export function readNamedSync(path: string, most: number): Buffer {
  kindOf(statSync(path));
  const fd = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    let hasBegun = kindOf(fstatSync(fd)) === 'file' || isInherited(path);
    const pieces: Buffer[] = [];
    let length = 0;
    for (let waitedMs = 0; ; ) {
      const piece = readThere(fd);
      if (piece?.length !== 0) hasBegun = true;
      if (piece !== null && piece.length > 0) {
        length += piece.length;
        if (length > most) throw tooLarge(most);
        pieces.push(piece);
        continue;
      }
      if (piece !== null && hasBegun) return Buffer.concat(pieces, length);
      if (piece !== null && waitedMs >= UNWRITTEN_MS) throw unwritten();
      if (waitedMs >= SILENT_MS) {
        throw new RefusedFile(`what is written into it has no end after ${SILENT_MS / 1000} s`);
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_EVERY_MS);
      waitedMs += LOOK_EVERY_MS;
    }
  } finally {
    closeSync(fd);
  }
}

/** A piece of what is there, empty at the end; null where more may come. */
function readThere(fd: number): Buffer | null {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  try {
    return piece.subarray(0, readSync(fd, piece));
  } catch (error) {
    return noneYet(error);
  }
}
