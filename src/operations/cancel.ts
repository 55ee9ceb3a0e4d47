import type { ProgressAfter } from '../domain/progress.js';
import type { Send } from '../domain/send.js';
import { readSend } from '../store/sends/row.js';
import { noSuchSend, wrongState } from './send-errors.js';
import { type Steering, steer } from './steer.js';
import type { Workspace } from './workspace.js';

/**
 * Ends a send for good; what is pending is never sent.
 * @param confirm asked before a send that has not ended yet is cancelled; what it throws leaves the send as it is
 * @throws CampaignError NO_SUCH_SEND, WRONG_STATE
 */
export async function cancel(
  workspace: Workspace,
  { confirm, ...steering }: Steering & { confirm?(send: Send): Promise<void> },
): Promise<ProgressAfter> {
  const { id } = steering;
  if (confirm) {
    const send = await readSend(await workspace.database(), id);
    if (!send) throw noSuchSend(id);
    if (send.status === 'completed') throw wrongState(id, send.status, 'cancel');
    if (send.status !== 'cancelled') await confirm(send);
  }
  return steer(workspace, 'cancel', steering);
}
