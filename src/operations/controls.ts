import type { Controls } from '../domain/pacing.js';
import type { Progress } from '../domain/progress.js';
import { setControls } from '../store/sends/lifecycle.js';
import { readProgress } from './progress.js';
import { noSuchSend, wrongState } from './send-errors.js';
import type { Workspace } from './workspace.js';

/**
 * Changes the pacing of a send, live, or only reads it where nothing is to be changed.
 * @throws CampaignError NO_SUCH_SEND, WRONG_STATE
 */
export async function controls(
  workspace: Workspace,
  { id, change }: { id: number; change: Partial<Controls> },
): Promise<Progress> {
  const database = await workspace.database();
  if (Object.keys(change).length > 0) {
    const result = await setControls(database, id, workspace.actor, change);
    if (!result) throw noSuchSend(id);
    if (!result.done) throw wrongState(id, result.status, 'changed in its pacing');
  }
  return readProgress(database, id);
}
