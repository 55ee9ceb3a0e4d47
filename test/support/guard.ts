import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

export interface Guard {
  /** Tells the guard a line; its script finds the last one in `$last`. */
  tell(line: string): void;
  /** Lets the script run now, and waits until it has ended. */
  end(): Promise<void>;
}

/**
 * Cleans up after this process, however that ends: a shell that waits on a pipe from us and, once that is closed by us
 * or by our death, runs `script` with `args` as `$1`, `$2`, …
 */
export function spawnGuard(script: string, args: readonly string[]): Guard {
  const shell = spawn(
    'sh',
    ['-c', `while read -r line; do last=$line; done; ${script}`, 'guard', ...args],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
  );
  const stdin = shell.stdin as Socket;
  shell.unref();
  stdin.unref();
  return {
    tell: (line) => stdin.write(`${line}\n`),
    end: async () => {
      const closed = once(shell, 'close');
      shell.ref();
      stdin.end();
      await closed;
    },
  };
}
