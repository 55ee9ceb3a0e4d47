import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, type Progress } from '../domain/progress.js';
import { unlessAborted } from '../domain/races.js';
import type { Database } from '../store/mysql/database.js';
import { isUnavailable } from '../store/mysql/errors.js';
import { readProgress } from './progress.js';
import type { Workspace } from './workspace.js';

const LOOK_EVERY_MS = 500;

/**
 * Readings of a send twice a second, until it is completed or cancelled: that is the last. A database that goes away
 * meanwhile is waited for. Ends with the signal, too.
 * @param onAway told at each look that the database is away, and why
 * @throws CampaignError NO_SUCH_SEND, and whatever the first reading meets
 */
export async function* watch(
  workspace: Workspace,
  { id, signal, onAway }: { id: number; signal: AbortSignal; onAway?(reason: string): void },
): AsyncGenerator<Progress, void, undefined> {
  const database = await workspace.database();
  for (
    let latest: Progress | null = await readProgress(database, id);
    ;
    // A database that hangs must not hold up the end.
    latest = await unlessAborted(readAgain(workspace, database, id, onAway), signal)
  ) {
    if (latest) {
      yield latest;
      if (hasEnded(latest)) return;
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** @returns null while the database is away */
async function readAgain(
  workspace: Workspace,
  database: Database,
  id: number,
  onAway?: (reason: string) => void,
): Promise<Progress | null> {
  try {
    return await readProgress(database, id);
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    onAway?.((workspace.explain(error) as Error).message);
    return null;
  }
}
