import { holdText } from '../domain/progress.js';
import type { Relay } from '../domain/relay.js';
import { fieldLines } from './progress.js';

/** A relay as `key: value` lines, of which `held` says until when and why; an absent value is left empty. */
export const relayLines = ({
  name,
  rates,
  connections,
  hold,
  lastAcceptedAt,
  now,
}: Relay): string =>
  fieldLines({
    name,
    rates,
    connections,
    held: hold && holdText(hold, now),
    heldSince: hold?.since.toISOString() ?? null,
    lastAcceptedAt: lastAcceptedAt?.toISOString() ?? null,
  });
