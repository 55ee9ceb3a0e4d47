import type { Holder } from '../domain/lease.js';
import type { Released } from '../domain/settled.js';
import { release as freeClaim, readHolder } from '../store/sends/release.js';
import { readProgress } from './progress.js';
import { noSuchSend } from './send-errors.js';
import type { Workspace } from './workspace.js';

/**
 * Frees the claim of a scheduler that is known to be dead, at once; its messages in flight become unknown.
 * @param confirm asked before a claim is freed; what it throws leaves it
 * @throws CampaignError NO_SUCH_SEND
 */
export async function release(
  workspace: Workspace,
  { id, confirm }: { id: number; confirm?(holder: Holder): Promise<void> },
): Promise<Released> {
  const database = await workspace.database();
  const holder = await readHolder(database, id);
  if (!holder) throw noSuchSend(id);
  const { by } = holder;
  let changed = false;
  if (by !== null) {
    await confirm?.({ ...holder, by });
    changed = (await freeClaim(database, { sendId: id, by }, workspace.actor)) !== null;
  }
  return { changed, heldBy: by, progress: await readProgress(database, id) };
}
