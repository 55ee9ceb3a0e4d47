import { once } from 'node:events';
import { lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/** What sun_path takes, its final zero aside (unix(7)); Node cuts a longer path short without a word. */
const LONGEST_PATH = 107;
/** A host so busy that a connect takes longer proves nothing. */
const ANSWER_WITHIN_MS = 1_000;

export interface LifeSocket {
  path: string;
  /** The file's inode number: a copy of the folder, which nobody listens on, has others. */
  inode: string;
  /** Stops listening and removes the file. */
  close(): void;
}

/**
 * Listens for as long as the process lives, stopped or not: the kernel itself takes the calls.
 * @throws Error when it cannot
 */
export async function listenForCalls(path: string): Promise<LifeSocket> {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new Error(
      `${path} is longer than the ${LONGEST_PATH} bytes that a socket's path may have`,
    );
  }
  const server = createServer((caller) => caller.destroy());
  server.listen(path);
  await once(server, 'listening');
  server.on('error', () => undefined);
  server.unref();
  const { ino } = lstatSync(path, { bigint: true });
  return { path, inode: ino.toString(), close: () => void server.close() };
}

/** What a call on a socket came to. */
export type Answer =
  /** Somebody has it open. */
  | 'alive'
  /** The file is there, and nobody has it open. */
  | 'nobody'
  /** There is no such file here. */
  | 'no-file'
  /** Anything else, which tells nothing. */
  | 'not-known';

/** @param inode the file's, when it was made: a call on any other, on what is no socket too, is refused as well */
export async function callSocket(path: string, inode: string | null): Promise<Answer> {
  const answer = await call(path);
  return answer !== 'nobody' || isTheSocket(path, inode) ? answer : 'not-known';
}

function isTheSocket(path: string, inode: string | null): boolean {
  try {
    const file = lstatSync(path, { bigint: true });
    return file.isSocket() && file.ino.toString() === inode;
  } catch {
    return false;
  }
}

function call(path: string): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (what: Answer): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(what);
    };
    const timer = setTimeout(() => answer('not-known'), ANSWER_WITHIN_MS);
    socket.once('connect', () => answer('alive'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      answer(code === 'ECONNREFUSED' ? 'nobody' : code === 'ENOENT' ? 'no-file' : 'not-known'),
    );
  });
}

/** Removes a socket that nobody has open. */
export function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else did.
  }
}
