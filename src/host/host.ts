import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FlightLog } from '../domain/flight.js';
import type { KnownWorker, LifeSign } from '../domain/worker.js';
import { type Boot, readBoot } from './boot.js';
import { FlightRecorder, readFlights, removeFlights } from './flight-recorder.js';
import { callSocket, type LifeSocket, listenForCalls, removeSocket } from './life-socket.js';
import { openStateFolder, type StateFolder } from './state-folder.js';

const SOCKET_ENDING = /\.sock$/;

/** The flight recorder beside a socket. */
const flightsBeside = (socket: string): string => socket.replace(SOCKET_ENDING, '.flights');

/** What a worker keeps in its state folder. */
interface Kept {
  socket: LifeSocket | null;
  recorder: FlightRecorder | null;
  /** Why there is no socket. */
  trouble: string | null;
  /** Why there is no recorder, though there is a socket. */
  recorderTrouble: string | null;
}

export interface HostOptions {
  /** The first that can be used is. */
  folders: readonly StateFolder[];
  /** The worker's name. */
  worker: string;
  /** Messages that it has in its hands at most. */
  flights: number;
}

/**
 * This host, as one worker on it sees it: the sign of life that the worker leaves, its flight recorder, and what others on it
 * left when they died.
 */
export class Host {
  private constructor(
    private readonly boot: Boot,
    private readonly kept: Kept,
  ) {}

  static async open(options: HostOptions, boot: Boot = readBoot()): Promise<Host> {
    if (boot.bootId === null) return new Host(boot, nothing('this system has no boot id'));
    const reasons: string[] = [];
    for (const folder of options.folders) {
      try {
        const name = `${process.pid}-${randomBytes(4).toString('hex')}.sock`;
        const socket = await listenForCalls(join(openStateFolder(folder), name));
        return new Host(boot, { socket, trouble: null, ...createRecorder(socket.path, options) });
      } catch (error) {
        reasons.push((error as Error).message);
      }
    }
    return new Host(boot, nothing(reasons.join('; ') || 'no folder is known for it'));
  }

  get life(): LifeSign {
    const { path = null, inode = null } = this.kept.socket ?? {};
    return { ...this.boot, socket: path, socketInode: inode };
  }

  get recorder(): FlightRecorder | null {
    return this.kept.recorder;
  }

  /** Why the worker leaves no sign of life but its pid. */
  get trouble(): string | null {
    return this.kept.trouble;
  }

  /** Why it has no recorder, where it leaves a sign of life. */
  get recorderTrouble(): string | null {
    return this.kept.recorderTrouble;
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

  /** What a dead worker recorded; null where there is nothing to be believed. */
  readFlights({ worker, life }: KnownWorker): FlightLog | null {
    return life.socket === null ? null : readFlights(flightsBeside(life.socket), worker);
  }

  /** Removes what a dead worker left. */
  forget({ life }: KnownWorker): void {
    if (life.socket === null) return;
    removeFlights(flightsBeside(life.socket));
    removeSocket(life.socket);
  }

  close(): void {
    this.recorder?.remove();
    this.kept.socket?.close();
  }
}

const nothing = (trouble: string): Kept => ({
  socket: null,
  recorder: null,
  trouble,
  recorderTrouble: null,
});

function createRecorder(
  socket: string,
  { worker, flights }: HostOptions,
): Pick<Kept, 'recorder' | 'recorderTrouble'> {
  const path = flightsBeside(socket);
  try {
    const recorder = FlightRecorder.create(path, worker, flights);
    return { recorder, recorderTrouble: null };
  } catch (error) {
    return { recorder: null, recorderTrouble: `${path}: ${(error as Error).message}` };
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
