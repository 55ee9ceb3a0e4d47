import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { CampaignError } from '../errors.js';
import { packageFolder } from '../package-folder.js';
import { Maildir } from './maildir.js';

const PROGRAM = 'bin/sandbox-smtp.js';

type Report = { port: number } | { error: string };

/**
 * Starts the capturing SMTP server as a process that outlives this one, on `wantedPort` or, if that is taken, any,
 * once `record` has kept where it is.
 * @throws CampaignError SMTP_UNREACHABLE when it does not come up
 */
export async function startCapture(
  mailDirectory: string,
  runDirectory: string,
  wantedPort: number,
  record: (pid: number, port: number) => void,
): Promise<void> {
  // Where it cannot be made, that is said here and not by a process that ends.
  new Maildir(mailDirectory);
  const log = join(runDirectory, 'smtp.log');
  const logFile = openSync(log, 'w', 0o600);
  const child = fork(join(packageFolder(), PROGRAM), [mailDirectory, String(wantedPort)], {
    detached: true,
    execArgv: [],
    stdio: ['ignore', logFile, logFile, 'ipc'],
  });
  closeSync(logFile);
  const report = await new Promise<Report>((resolve) => {
    child.once('message', (message) => resolve(message as Report));
    child.once('error', (error) => resolve({ error: error.message }));
    child.once('exit', (code) => resolve({ error: `it ended with code ${code}` }));
  });
  child.removeAllListeners();
  if ('port' in report && child.pid !== undefined) {
    record(child.pid, report.port);
    child.send('stay');
    child.unref();
    return;
  }
  if (wantedPort !== 0) return startCapture(mailDirectory, runDirectory, 0, record);
  throw new CampaignError(
    'SMTP_UNREACHABLE',
    `the sandbox's SMTP server did not start: ${'error' in report ? report.error : 'no pid'}`,
    `see its log, ${log}`,
  );
}

const GREETING_TIMEOUT_MS = 2_000;

/** Whether a sandbox's SMTP server greets on this loopback port. */
export const greets = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(GREETING_TIMEOUT_MS, () => end(false));
    socket.once('error', () => end(false));
    socket.once('data', (bytes) => end(bytes.toString().includes('campaign sandbox')));
  });
