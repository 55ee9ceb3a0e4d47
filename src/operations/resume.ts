import type { ProgressAfter } from '../domain/progress.js';
import { steer } from './steer.js';
import type { Workspace } from './workspace.js';

/**
 * Lets a paused send go on.
 * @throws CampaignError NO_SUCH_SEND, WRONG_STATE
 */
export const resume = (workspace: Workspace, { id }: { id: number }): Promise<ProgressAfter> =>
  steer(workspace, 'resume', { id });
