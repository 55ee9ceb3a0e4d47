import type { ChildProcess } from 'node:child_process';

/** What a process has written, and how it ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Collects what a process writes to its pipes. */
export function collectOutput(child: ChildProcess): {
  /** So far. */
  readonly stderr: string;
  ended: Promise<Ended>;
} {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return {
    get stderr() {
      return stderr;
    },
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    }),
  };
}
