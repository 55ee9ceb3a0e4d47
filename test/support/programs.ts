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
export const requireProgram = (program: string, packageName: string = program): void =>
  requireInstalled(program, [packageName], () => !run(program, ['--version']).error);

/** The system's own, which its packages are for. */
export const PYTHON = '/usr/bin/python3';

/** The same of modules of Python's. */
export const requirePython = (modules: readonly string[], packages: readonly string[]): void =>
  requireInstalled(
    `${PYTHON} with ${modules.join(' and ')}`,
    packages,
    () => run(PYTHON, ['-c', `import ${modules.join(', ')}`]).status === 0,
  );

function requireInstalled(
  what: string,
  packages: readonly string[],
  isInstalled: () => boolean,
): void {
  if (isInstalled()) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    // Test files that run side by side must not hold the package manager's locks against one another.
    const install = `apt-get update -q; apt-get install -q -y --no-install-recommends "$@"`;
    spawnSync(
      'flock',
      [join(tmpdir(), 'campaign-apt.lock'), 'sh', '-c', install, '', ...packages],
      {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      },
    );
  }
  if (isInstalled()) return;
  throw new Error(
    [
      `this test needs ${what}. Install it:`,
      `  Debian, Ubuntu:  sudo apt-get install --no-install-recommends ${packages.join(' ')}`,
      `  Fedora:          sudo dnf install ${packages.join(' ')}`,
    ].join('\n'),
  );
}
