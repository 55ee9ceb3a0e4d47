import { setTimeout as sleep } from 'node:timers/promises';
import { CampaignError } from '../errors.js';

/** Whether a process with this id exists (ours or not). */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

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
