import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { WorkerIdentity } from '../domain/worker.js';

const HOST_LENGTH = 64;

/** A new name for a worker in this process; several in one process have names of their own. */
export function nameWorker(): Omit<WorkerIdentity, 'life'> {
  const host = hostname().slice(0, HOST_LENGTH);
  const { pid } = process;
  return { worker: `${host}:${pid}:${randomBytes(4).toString('hex')}`, host, pid };
}
