import {
  AHEAD_MS,
  countOf,
  freeAtOf,
  freeOf,
  isSpaced,
  leasedOf,
  spacingMs,
  windowMs,
} from './leased.js';
import type { LeaseState } from './leases.js';
import type { RateLimit } from './rates.js';

/** How a limit stands. Of one that is spaced, what is leased ahead counts as used. */
export interface LimitUse extends RateLimit {
  used: number;
  left: number;
}

export const limitUse = (
  state: LeaseState,
  limits: readonly RateLimit[],
  now: number,
): LimitUse[] =>
  limits.map((limit) => {
    const used = isSpaced(limit)
      ? Math.max(0, Math.ceil((state.nextAt - now) / spacingMs([limit])))
      : countOf(leasedOf(state.leased, limit), now);
    return { ...limit, used: Math.min(used, limit.count), left: Math.max(0, limit.count - used) };
  });

/** When the next message may start, as far as the limits go. */
export const freeAt = (
  state: LeaseState,
  limits: readonly RateLimit[],
  now: number,
): { at: number; limit: RateLimit | null } =>
  limits.reduce<{ at: number; limit: RateLimit | null }>(
    (latest, limit) => {
      const at = isSpaced(limit) ? state.nextAt - AHEAD_MS : freeAtOf(state.leased, limit, now, 1);
      return at > latest.at ? { at, limit } : latest;
    },
    { at: now, limit: null },
  );

/** Milliseconds that so many messages take at least. */
export const lastsMs = (
  state: LeaseState,
  limits: readonly RateLimit[],
  now: number,
  messages: number,
): number =>
  limits.reduce((longest, limit) => {
    if (isSpaced(limit)) return Math.max(longest, messages * spacingMs([limit]));
    const free = freeOf(state.leased, limit, now);
    const later = messages - free;
    if (later <= 0) return longest;
    const first = Math.min(later, limit.count - free);
    const firstMs = first > 0 ? freeAtOf(state.leased, limit, now, free + first) - now : 0;
    const lasts = firstMs + Math.ceil((later - first) / limit.count) * windowMs(limit);
    return Math.max(longest, lasts);
  }, 0);
