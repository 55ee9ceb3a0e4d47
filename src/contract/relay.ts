import type { Relay } from '../domain/relay.js';
import { timeOrNull } from './time.js';

/** How much a relay may take, and what holds it. */
export function relayJson({ name, connections, hold, lastAcceptedAt }: Relay) {
  return {
    name,
    rates: [],
    connections,
    heldUntil: timeOrNull(hold?.until ?? null),
    holdKind: hold?.kind ?? null,
    holdReason: hold?.reason ?? null,
    heldSince: timeOrNull(hold?.since ?? null),
    probes: hold?.tries ?? null,
    lastAcceptedAt: timeOrNull(lastAcceptedAt),
  };
}
