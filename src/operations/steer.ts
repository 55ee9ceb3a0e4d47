import type { ProgressAfter } from '../domain/progress.js';
import { cancel, pause, resume, type Steered } from '../store/sends/lifecycle.js';
import { readProgress } from './progress.js';
import { noSuchSend, wrongState } from './send-errors.js';
import type { Workspace } from './workspace.js';

/** What each verb does, and where it leads. */
const VERBS = {
  pause: { apply: pause, to: 'paused' },
  resume: { apply: resume, to: 'running' },
  cancel: { apply: cancel, to: 'cancelled' },
} as const;

export type SteeringVerb = keyof typeof VERBS;

export interface Steering {
  id: number;
  reason?: string | undefined;
}

/** @returns what came of it: done, or the status that did not allow it; undefined when there is no such send */
export async function trySteering(
  workspace: Workspace,
  verb: SteeringVerb,
  { id, reason }: Steering,
): Promise<Steered | undefined> {
  const database = await workspace.database();
  return VERBS[verb].apply(database, id, workspace.actor, reason);
}

/** @throws CampaignError NO_SUCH_SEND, WRONG_STATE */
export async function steer(
  workspace: Workspace,
  verb: SteeringVerb,
  steering: Steering,
): Promise<ProgressAfter> {
  const { id } = steering;
  const result = await trySteering(workspace, verb, steering);
  if (!result) throw noSuchSend(id);
  if (!result.done && result.status !== VERBS[verb].to) throw wrongState(id, result.status, verb);
  return {
    changed: result.done,
    progress: await readProgress(await workspace.database(), id),
  };
}
