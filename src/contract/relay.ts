import { formatRate } from '../domain/rates.js';
import type { Relay } from '../domain/relay.js';
import { timeOrNull } from './time.js';

/** How much a relay may take, and what holds it. */
export function relayJson({ name, limits, connections, hold, lastAcceptedAt }: Relay) {
  return {
    name,
    rates: limits.map((limit) => ({
      limit: formatRate(limit),
      perSeconds: limit.perSeconds,
      used: limit.used,
      left: limit.left,
    })),
    connections,
    heldUntil: timeOrNull(hold?.until ?? null),
    holdKind: hold?.kind ?? null,
    holdReason: hold?.reason ?? null,
    heldSince: timeOrNull(hold?.since ?? null),
    probes: hold?.tries ?? null,
    lastAcceptedAt: timeOrNull(lastAcceptedAt),
  };
}
