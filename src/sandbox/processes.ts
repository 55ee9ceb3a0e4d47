import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CampaignError } from '../errors.js';

/** A process by more than its id, which the system gives to another one some day. */
export interface ProcessRecord {
  pid: number;
  /** When it started, in the system's ticks since boot; null where the system has no /proc. */
  started: string | null;
}

/** State and start time of a process by proc(5); undefined where there is none, null without /proc. */
function readStat(pid: number): { state: string; started: string } | undefined | null {
  if (process.platform !== 'linux') return null;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

export const recordProcess = (pid: number): ProcessRecord => ({
  pid,
  started: readStat(pid)?.started ?? null,
});

/** Whether a process with this id runs; one that has ended and waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  const stat = readStat(pid);
  if (stat !== null) return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X';
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether this very process still runs. */
export const isSameProcess = (record: ProcessRecord): boolean =>
  isRunning(record.pid) && (readStat(record.pid)?.started ?? null) === record.started;

const LOOK_EVERY_MS = 20;

/**
 * Looks every 20 ms until `condition` holds.
 * @throws CampaignError INTERNAL with `otherwise` after `timeoutMs`; whatever `condition` throws at once
 */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  otherwise: string,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new CampaignError('INTERNAL', otherwise);
    await sleep(LOOK_EVERY_MS);
  }
}

const STOP_TIMEOUT_MS = 60_000;

/** Asks a process to end (SIGTERM) and waits until it has. */
export async function terminate(pid: number): Promise<void> {
  if (!isRunning(pid)) return;
  process.kill(pid, 'SIGTERM');
  await waitUntil(() => !isRunning(pid), STOP_TIMEOUT_MS, `process ${pid} did not end`);
}
