import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs a program to its end. */
export const run = (program: string, args: readonly string[], input = '') =>
  spawnSync(program, args, { encoding: 'utf8', input, maxBuffer: 64 * 1024 * 1024 });

/**
 * Installs a program that a test needs where it is missing and we are root on Debian.
 * @param packageName of Debian, Ubuntu and Fedora
 * @throws Error what to type elsewhere
 */
export function requireProgram(program: string, packageName: string = program): void {
  const isInstalled = (): boolean => !run(program, ['--version']).error;
  if (isInstalled()) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    // Test files that run side by side must not hold the package manager's locks against one another.
    const install = `apt-get update -q; apt-get install -q -y --no-install-recommends "$1"`;
    spawnSync(
      'flock',
      [join(tmpdir(), 'campaign-apt.lock'), 'sh', '-c', install, '', packageName],
      {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      },
    );
  }
  if (isInstalled()) return;
  throw new Error(
    [
      `this test needs ${program}. Install it:`,
      `  Debian, Ubuntu:  sudo apt-get install --no-install-recommends ${packageName}`,
      `  Fedora:          sudo dnf install ${packageName}`,
    ].join('\n'),
  );
}
