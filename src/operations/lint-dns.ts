import { checkInDns } from '../dns/check.js';
import { openDnsClient, withLookups } from '../dns/lookups.js';
import type { DkimKey, DkimMode } from '../domain/dkim.js';
import type { LintFinding } from '../domain/lint.js';
import { parseSender } from '../message/sender.js';

/** Whom DNS is asked of, and for which keys. */
export interface DnsSettings {
  /** Addresses of DNS servers; none for those of the system. */
  servers: readonly string[];
  /** What messages are signed with, where they are. */
  keys: readonly DkimKey[];
  signal: AbortSignal;
}

/** Who a message is from, as it is given to `queue`, or kept. */
export interface SentBy {
  from: string;
  replyTo?: string | null | undefined;
  envelopeFrom?: string | null | undefined;
  dkim?: DkimMode | undefined;
}

/** What DNS says against a message; `dns/` has the rules. */
export async function lintInDns(
  { from, replyTo, envelopeFrom, dkim = 'auto' }: SentBy,
  relay: string | undefined,
  { servers, keys, signal }: DnsSettings,
): Promise<LintFinding[]> {
  const sender = parseSender(from);
  const sent = {
    from: sender.domain,
    replyTo: replyTo ? parseSender(replyTo).domain : undefined,
    envelopeFrom: envelopeFrom ?? sender.envelope,
    keys,
    dkim,
    relay,
  };
  const client = await openDnsClient(servers);
  return withLookups(client, signal, (lookups) => checkInDns(sent, lookups));
}
