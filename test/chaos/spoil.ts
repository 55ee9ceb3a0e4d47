import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Edit {
  /** Below `dist/`. */
  file: string;
  from: string;
  to: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * A copy of the built program with faults put in.
 * @returns its folder, and the program's path
 * @throws Error when a text to replace is not there exactly once: the fault would not be in
 */
export function spoiltProgram(edits: readonly Edit[]): { directory: string; program: string } {
  const directory = mkdtempSync(join(tmpdir(), 'campaign-spoilt-'));
  for (const name of ['dist', 'sql', 'package.json', 'bin/campaign.js']) {
    cpSync(join(ROOT, name), join(directory, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  for (const { file, from, to } of edits) {
    const path = join(directory, 'dist', file);
    const parts = readFileSync(path, 'utf8').split(from);
    if (parts.length !== 2) throw new Error(`${file} has "${from}" ${parts.length - 1} times`);
    writeFileSync(path, parts.join(to));
  }
  execFileSync(process.execPath, [join(ROOT, 'bin/bundle.js'), directory]);
  return { directory, program: join(directory, 'bin/campaign.js') };
}
