import type { Relay, RelayLimits } from '../domain/relay.js';
import { CampaignError } from '../errors.js';
import {
  holdByOperator,
  listRelays,
  readRelay,
  releaseHold as releaseHoldOf,
  setLimits,
} from '../store/relays/relays.js';
import type { Workspace } from './workspace.js';

const noSuchRelay = (name: string): CampaignError =>
  new CampaignError(
    'NO_SUCH_RELAY',
    `there is no relay ${JSON.stringify(name)}`,
    '`campaign relay` shows those there are; that of CAMPAIGN_SMTP_URL is `default`',
  );

/** Every relay, by name. */
export async function* relays(workspace: Workspace): AsyncGenerator<Relay> {
  yield* await listRelays(await workspace.database());
}

/**
 * A relay's limits, and what holds it.
 * @throws CampaignError NO_SUCH_RELAY
 */
export async function relay(workspace: Workspace, name: string): Promise<Relay> {
  const found = await readRelay(await workspace.database(), name);
  if (found) return found;
  throw noSuchRelay(name);
}

/**
 * Starts nothing on a relay for so long, whatever held it before. What is on the wire ends as it would.
 * @throws CampaignError NO_SUCH_RELAY
 */
export async function holdRelay(
  workspace: Workspace,
  name: string,
  { seconds, reason }: { seconds: number; reason?: string | undefined },
): Promise<Relay> {
  const { actor } = workspace;
  const held = await holdByOperator(await workspace.database(), name, {
    seconds,
    reason: reason ?? `held by ${actor}`,
    actor,
  });
  if (!held) throw noSuchRelay(name);
  return relay(workspace, name);
}

/**
 * Sets how much may be sent over a relay, live on every host; what is left out stays.
 * @throws CampaignError NO_SUCH_RELAY
 */
export async function limitRelay(
  workspace: Workspace,
  name: string,
  limits: Partial<RelayLimits>,
): Promise<Relay> {
  const { actor } = workspace;
  if (!(await setLimits(await workspace.database(), name, limits, { actor }))) {
    throw noSuchRelay(name);
  }
  return relay(workspace, name);
}

/**
 * Ends a relay's hold, whoever began it: what is due starts at once.
 * @throws CampaignError NO_SUCH_RELAY, WRONG_STATE where nothing holds it
 */
export async function releaseRelay(workspace: Workspace, name: string): Promise<Relay> {
  const released = await releaseHoldOf(await workspace.database(), name, {
    actor: workspace.actor,
  });
  const now = await relay(workspace, name);
  if (released) return now;
  throw new CampaignError(
    'WRONG_STATE',
    `relay ${name} is not held, so there is nothing to release`,
    '`campaign progress <id>` says what a send waits for',
  );
}
