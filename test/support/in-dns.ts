import { checkInDns, type SentAs } from '../../src/dns/check.ts';
import {
  LOOKUP_LIMITS,
  type LookupLimits,
  openDnsClient,
  withLookups,
} from '../../src/dns/lookups.ts';
import type { LintFinding } from '../../src/domain/lint.ts';
import { startDnsServer, type Zone } from './dns-server.ts';

/** A domain that everything is right with, but for signatures: mail, SPF and DMARC of example.org. */
export const GOOD: Zone = {
  'example.org': { mx: [[10, 'mail.example.org']], txt: ['v=spf1 mx -all'] },
  'mail.example.org': { a: ['203.0.113.25'] },
  '_dmarc.example.org': { txt: ['v=DMARC1; p=none; rua=mailto:dmarc@example.org'] },
};

const SENT: SentAs = {
  from: 'example.org',
  replyTo: undefined,
  envelopeFrom: 'news@example.org',
  keys: [],
  dkim: 'auto',
  relay: undefined,
};

export interface Checked {
  findings: LintFinding[];
  /** The rules that found something, but for there being no key. */
  rules: string[];
  asked: string[];
  overTcp: string[];
}

/** What is found against a send, by a DNS server that has this zone. */
export async function checkIn(
  zone: Zone,
  sent: Partial<SentAs> = {},
  limits: LookupLimits = LOOKUP_LIMITS,
): Promise<Checked> {
  const server = await startDnsServer(zone);
  try {
    const { signal } = new AbortController();
    const findings = await withLookups(
      await openDnsClient([server.address]),
      signal,
      (lookups) => checkInDns({ ...SENT, ...sent }, lookups),
      limits,
    );
    const rules = findings.map(({ rule }) => rule).filter((rule) => rule !== 'dkim-unsigned');
    return { findings, rules, asked: server.asked, overTcp: server.overTcp };
  } finally {
    await server.close();
  }
}

/** The finding of a rule. */
export function findingOf({ findings }: Checked, rule: string): LintFinding {
  const finding = findings.find((one) => one.rule === rule);
  if (!finding) throw new Error(`${rule} found nothing; found: ${JSON.stringify(findings)}`);
  return finding;
}
