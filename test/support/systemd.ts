import { requireProgram, run } from './programs.ts';

/** Installs systemd-analyze where it is missing and we are root on Debian, or throws what to type; no systemd need run. */
export const requireSystemdAnalyze = (): void => requireProgram('systemd-analyze', 'systemd');

/** Runs `systemd-analyze`; its output is what it prints on both streams. */
export function systemdAnalyze(...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = run('systemd-analyze', args);
  return { code: status, output: stdout + stderr };
}
