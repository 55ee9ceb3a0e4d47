import type { Fragment } from '../mysql/packet.js';

/** A send that needs no key (0046). */
export const NEEDS_NO_KEY = "DKIM_KEY = ''";

/** A send that needs a key, and may be signed with those of these domains: a range of DKIM_KEY for each of them. */
export function signableBy(domains: readonly string[]): Fragment | null {
  if (domains.length === 0) return null;
  const prefixes = domains.map((domain) => `${[...domain].reverse().join('')}.`);
  return {
    sql: `(${prefixes.map(() => '(DKIM_KEY >= ? AND DKIM_KEY < ?)').join(' OR ')})`,
    // What begins with a prefix that ends in a dot comes before the same with the character behind the dot.
    params: prefixes.flatMap((prefix) => [prefix, `${prefix.slice(0, -1)}/`]),
  };
}

/** A send that needs no key, or has one among those of these domains. */
export function claimableBy(domains: readonly string[]): Fragment {
  const signable = signableBy(domains);
  if (!signable) return { sql: NEEDS_NO_KEY, params: [] };
  return { sql: `(${NEEDS_NO_KEY} OR ${signable.sql})`, params: signable.params };
}
