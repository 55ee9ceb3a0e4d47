import type { AddressInfo } from 'node:net';
import { createCaptureServer } from './capture-server.js';
import { Maildir } from './maildir.js';

/**
 * Makes this process the sandbox's SMTP server. It says once `{ port }` or `{ error }` on its IPC channel, stays when
 * it is told to there, and ends when its parent is gone before that: nobody would know of it.
 * @param args MAILDIR PORT; port 0 takes any free one
 */
export function runCaptureProcess(args: readonly string[]): void {
  const [directory = '', wanted = '0'] = args;
  const server = createCaptureServer(new Maildir(directory));

  let listening = false;
  server.on('error', (error: Error) => {
    if (listening) return console.error(new Date().toISOString(), error.message);
    process.send?.({ error: error.message }, () => process.exit(1));
  });
  const listener = server.listen(Number(wanted), '127.0.0.1', () => {
    listening = true;
    process.send?.({ port: (listener.address() as AddressInfo).port });
  });

  const endWithParent = (): void => process.exit(1);
  process.once('disconnect', endWithParent);
  process.once('message', () => {
    process.off('disconnect', endWithParent);
    process.disconnect?.();
  });

  // A message that is being written is whole on disk or still without its 250: nothing to wait for.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
}
