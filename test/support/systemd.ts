import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const BY_HAND = [
  'this test needs systemd-analyze; no systemd need run. Install it:',
  '  Debian, Ubuntu:  sudo apt-get install --no-install-recommends systemd',
  '  Fedora:          sudo dnf install systemd',
].join('\n');

const run = (program: string, ...args: string[]) =>
  spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });

/** Installs systemd-analyze where it is missing and we are root on Debian, or throws what to type. */
export function requireSystemdAnalyze(): void {
  const isInstalled = (): boolean => !run('systemd-analyze', '--version').error;
  if (isInstalled()) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    run('apt-get', 'update', '-q');
    run('apt-get', 'install', '-q', '-y', '--no-install-recommends', 'systemd');
  }
  if (!isInstalled()) throw new Error(BY_HAND);
}

/** Runs `systemd-analyze`; its output is what it prints on both streams. */
export function systemdAnalyze(...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = run('systemd-analyze', ...args);
  return { code: status, output: stdout + stderr };
}
