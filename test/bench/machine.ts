import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { requireServer } from '../../src/sandbox/server.ts';
import { median } from './report.ts';

/** What the figures were measured on. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  kernel: string;
  node: string;
  database: string;
  postfix: string;
  /** Milliseconds a write of 512 bytes takes to reach the disk that holds the database. */
  fsyncMs: number;
  commit: string;
}

export async function describeMachine(): Promise<Machine> {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    database: (await requireServer()).version.replace(/^\S+\s+/, ''),
    postfix: output('postconf', ['-d', '-h', 'mail_version']),
    fsyncMs: measureFsync(),
    commit: output('git', ['rev-parse', '--short', 'HEAD']),
  };
}

function output(program: string, args: string[]): string {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

const FSYNC_TRIES = 50;

function measureFsync(): number {
  const directory = mkdtempSync(join(tmpdir(), 'campaign-fsync-'));
  const file = openSync(join(directory, 'file'), 'w');
  try {
    const block = Buffer.alloc(512);
    const times = Array.from({ length: FSYNC_TRIES }, () => {
      writeSync(file, block);
      const begun = performance.now();
      fsyncSync(file);
      return performance.now() - begun;
    });
    return Number(median(times).toFixed(3));
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
}

export const showMachine = (machine: Machine): string =>
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB; Linux ${machine.kernel}, Node ${machine.node}, ` +
  `${machine.database}, Postfix ${machine.postfix}; fsync ${machine.fsyncMs} ms; commit ${machine.commit}\n`;
