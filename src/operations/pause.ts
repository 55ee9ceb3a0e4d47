import type { ProgressAfter } from '../domain/progress.js';
import { type Steering, steer } from './steer.js';
import type { Workspace } from './workspace.js';

/**
 * Stops handing out a send's messages, within a second.
 * @throws CampaignError NO_SUCH_SEND, WRONG_STATE
 */
export const pause = (workspace: Workspace, steering: Steering): Promise<ProgressAfter> =>
  steer(workspace, 'pause', steering);
