import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const CAMPAIGN = fileURLToPath(new URL('../../bin/campaign.js', import.meta.url));

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  /** Added to an environment that has PATH and nothing of campaign's. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** What the program reads; nothing by default. */
  stdin?: string;
}

/** Runs the built program as a user does, off a terminal, and waits until it has ended. */
export function campaign(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CAMPAIGN, ...args], {
      cwd: options.cwd ?? '/',
      env: { PATH: process.env.PATH, HOME: '/nonexistent', ...options.env },
      stdio: 'pipe',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
  });
}
