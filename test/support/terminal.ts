import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { vi } from 'vitest';

/** A shell on a terminal of its own, as `script` (util-linux) makes one. */
export interface Terminal {
  /** All that the terminal has been sent so far. */
  readonly screen: string;
  /** Types keys. */
  type(keys: string): void;
  /** Waits until the terminal is sent this, after what was waited for before. */
  shows(what: string | RegExp): Promise<void>;
  close(): Promise<void>;
}

/** Starts an interactive shell whose prompt is `$ `, 100 columns wide. */
export async function openTerminal(
  env: Record<string, string> = {},
  shell = 'bash --norc --noprofile -i',
): Promise<Terminal> {
  const child = spawn('script', ['-qfc', shell, '/dev/null'], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'xterm', PS1: '$ ', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let screen = '';
  let seen = 0;
  child.stdout.on('data', (chunk) => {
    screen += chunk;
  });
  const ended = once(child, 'close');
  const terminal: Terminal = {
    get screen() {
      return screen;
    },
    type: (keys) => void child.stdin.write(keys),
    shows: (what) =>
      vi.waitFor(
        () => {
          const rest = screen.slice(seen);
          const at = typeof what === 'string' ? rest.indexOf(what) : rest.search(what);
          if (at === -1) throw new Error(`the terminal does not show ${what}: ${rest}`);
          seen +=
            at + (typeof what === 'string' ? what.length : (what.exec(rest)?.[0].length ?? 0));
        },
        { timeout: 20_000, interval: 20 },
      ),
    close: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
  terminal.type('stty cols 100\n');
  await terminal.shows('cols 100');
  return terminal;
}
