import { type Progress, progressOf } from '../domain/progress.js';
import type { Executor } from '../store/mysql/packet.js';
import { readSnapshot } from '../store/sends/row.js';
import { noSuchSend } from './send-errors.js';
import type { Workspace } from './workspace.js';

/**
 * How a send stands.
 * @throws CampaignError NO_SUCH_SEND
 */
export const progress = async (workspace: Workspace, { id }: { id: number }): Promise<Progress> =>
  readProgress(await workspace.database(), id);

/** @throws CampaignError NO_SUCH_SEND */
export async function readProgress(database: Executor, id: number): Promise<Progress> {
  const snapshot = await readSnapshot(database, id);
  if (!snapshot) throw noSuchSend(id);
  return progressOf(snapshot);
}
