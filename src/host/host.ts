import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { KnownWorker, LifeSign } from '../domain/life.js';
import { type Boot, readBoot } from './boot.js';
import { callSocket, type LifeSocket, listenForCalls, removeSocket } from './life-socket.js';
import { openStateFolder, type StateFolder } from './state-folder.js';

/**
 * This host, as one worker on it sees it: the sign of life that the worker leaves, and whether others are dead.
 */
export class Host {
  private constructor(
    private readonly boot: Boot,
    private readonly socket: LifeSocket | null,
    /** Why the worker keeps no files here, if it doesn't. */
    readonly trouble: string | null,
  ) {}

  /** @param folders the first that can be used is */
  static async open(folders: readonly StateFolder[], boot: Boot = readBoot()): Promise<Host> {
    if (boot.bootId === null) return new Host(boot, null, 'this system has no boot id');
    const reasons: string[] = [];
    for (const folder of folders) {
      try {
        const name = `${process.pid}-${randomBytes(4).toString('hex')}`;
        const directory = openStateFolder(folder);
        return new Host(boot, await listenForCalls(join(directory, `${name}.sock`)), null);
      } catch (error) {
        reasons.push((error as Error).message);
      }
    }
    return new Host(boot, null, reasons.join('; ') || 'no folder is known for it');
  }

  get life(): LifeSign {
    const { path = null, inode = null } = this.socket ?? {};
    return { ...this.boot, socket: path, socketInode: inode };
  }

  /**
   * Whether a worker's death is proved. On the same boot of the same kernel: nobody has its socket open, or, where there is
   * no socket to be found, nobody has its pid in our own pid namespace. A process that is stopped, hidden, not ours, on
   * another host or in another container is never taken for dead.
   */
  async isDead({ pid, life }: KnownWorker): Promise<boolean> {
    const { bootId, pidNamespace } = this.boot;
    if (bootId === null || life.bootId !== bootId) return false;
    const answer =
      life.socket === null ? 'no-file' : await callSocket(life.socket, life.socketInode);
    if (answer !== 'no-file') return answer === 'nobody';
    return pidNamespace !== null && life.pidNamespace === pidNamespace && isFree(pid);
  }

  /** Removes what a dead worker left. */
  forget({ life }: KnownWorker): void {
    if (life.socket !== null) removeSocket(life.socket);
  }

  close(): void {
    this.socket?.close();
  }
}

/** Whether no process, not even a zombie, has the pid (kill(2): ESRCH; one of another user's is EPERM). */
function isFree(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
