import type { LimitUse } from '../domain/limit-use.js';
import { formatRate } from '../domain/rates.js';
import type { Relay } from '../domain/relay.js';
import { count } from '../domain/text.js';
import { holdText } from '../domain/waiting.js';
import { fieldLines } from './progress.js';

/** `500/h (120 used, 380 left)`. */
const limitText = (limit: LimitUse): string =>
  `${formatRate(limit)} (${count(limit.used)} used, ${count(limit.left)} left)`;

/** A relay as `key: value` lines, of which `held` says until when and why; an absent value is left empty. */
export const relayLines = ({
  name,
  rates,
  limits,
  connections,
  hold,
  lastAcceptedAt,
  now,
}: Relay): string =>
  fieldLines({
    name,
    rates: limits.length === 0 ? rates : limits.map(limitText).join(', '),
    connections,
    held: hold && holdText(hold, now),
    heldSince: hold?.since.toISOString() ?? null,
    lastAcceptedAt: lastAcceptedAt?.toISOString() ?? null,
  });
