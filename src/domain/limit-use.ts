import { AHEAD_MS, countOf, freeAtOf, isSpaced, leasedOf, spacingMs, windowMs } from './leased.js';
import type { LeaseState } from './leases.js';
import type { RateLimit } from './rates.js';

/** How a limit stands. Of one of up to 2 s, what is leased ahead counts as used. */
export interface LimitUse extends RateLimit {
  used: number;
  left: number;
  /** Milliseconds until a message may start, and until all of it is free again. */
  opensInMs: number;
  resetsInMs: number;
}

export const limitUse = (
  { leased, nextAt }: Pick<LeaseState, 'leased' | 'nextAt'>,
  limits: readonly RateLimit[],
  now: number,
): LimitUse[] =>
  limits.map((limit) => {
    const { count } = limit;
    const aheadMs = Math.max(0, nextAt - now);
    const used = isSpaced(limit)
      ? Math.ceil(aheadMs / spacingMs([limit]))
      : countOf(leasedOf(leased, limit), now);
    return {
      ...limit,
      used: Math.min(used, count),
      left: Math.max(0, count - used),
      opensInMs: isSpaced(limit)
        ? Math.max(0, aheadMs - AHEAD_MS)
        : freeAtOf(leased, limit, now, 1) - now,
      resetsInMs: isSpaced(limit) ? aheadMs : freeAtOf(leased, limit, now, count) - now,
    };
  });

/** The limit that opens last. */
export const slowestOf = <L extends Pick<LimitUse, 'opensInMs'>>(
  uses: readonly L[],
): L | undefined => uses.toSorted((a, b) => b.opensInMs - a.opensInMs)[0];

/** Milliseconds that so many messages take at least. */
export const lastsMs = (uses: readonly LimitUse[], messages: number): number =>
  uses.reduce((longest, limit) => {
    if (isSpaced(limit)) return Math.max(longest, messages * spacingMs([limit]));
    const later = messages - limit.left;
    if (later <= 0) return longest;
    const first = Math.min(later, limit.used);
    const rounds = Math.ceil((later - first) / limit.count);
    return Math.max(longest, (first > 0 ? limit.resetsInMs : 0) + rounds * windowMs(limit));
  }, 0);
