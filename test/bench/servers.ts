import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { waitUntil } from '../../src/sandbox/processes.ts';
import { freePort } from '../../src/sandbox/server.ts';
import { startTestServer, type TestServer } from '../support/database.ts';
import { ROOT } from './processes.ts';

export const BUFFER_POOL_MB = 1024;

export const DATABASE_NOTE =
  `a private database server as it comes, every commit waiting for the disk, ` +
  `but for a buffer pool of ${BUFFER_POOL_MB} MB and LOCAL INFILE allowed`;

/** A durable server of the bench's own. */
export const startBenchDatabase = (): Promise<TestServer> =>
  startTestServer({
    durable: true,
    extra: [`--innodb-buffer-pool-size=${BUFFER_POOL_MB}M`, '--local-infile=ON'],
  });

export interface PortServer {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

const BACKLOG = 1024;

/** Postfix's smtp-sink: takes every message and forgets it. */
export async function startSink(): Promise<PortServer> {
  const port = await freePort();
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const args = [...user, `127.0.0.1:${port}`, String(BACKLOG)];
  return portServer(spawn('smtp-sink', args, { stdio: 'ignore' }), port);
}

/**
 * A server that notes in `file` what it accepts, and answers each message after a while.
 * @param starts whether it notes when each began, to the microsecond, instead of when it was accepted
 */
export async function startCountingServer(
  file: string,
  delayMs: number,
  starts = false,
): Promise<PortServer> {
  const port = await freePort();
  const script = join(ROOT, 'test/bench/parties/counting-server.js');
  const given = JSON.stringify({ port, file, delayMs, starts });
  return portServer(spawn(process.execPath, [script, given], { stdio: 'ignore' }), port);
}

/** A proxy that holds every byte for a while, each way, as a long line would. */
export async function startDelayProxy(target: number, delayMs: number): Promise<PortServer> {
  const port = await freePort();
  const script = join(ROOT, 'test/bench/parties/delay-proxy.js');
  const given = JSON.stringify({ port, target, delayMs });
  return portServer(spawn(process.execPath, [script, given], { stdio: 'ignore' }), port);
}

async function portServer(child: ChildProcess, port: number): Promise<PortServer> {
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  await waitUntil(
    () => {
      if (failure) throw failure;
      return listens(port);
    },
    10_000,
    `nothing listens on port ${port}`,
  );
  return {
    port,
    pid: child.pid as number,
    stop: async () => {
      const exit = once(child, 'exit');
      kill();
      await exit;
      process.off('exit', kill);
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
