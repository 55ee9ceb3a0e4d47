import type { LintFinding } from '../domain/lint.js';
import type { CheckedKey } from './check-dkim.js';
import { type DmarcRecord, lowered, type Policy, policyFor } from './dmarc-record.js';
import { excerpt, found } from './findings.js';
import type { Lookups } from './lookups.js';
import { isWithin } from './spf-walk.js';
import { appliedRecord, dmarcNameOf, organizationOf, type Walked, walkTree } from './tree-walk.js';

/** What a message from a domain is authenticated by, as far as DNS tells. */
export interface Authenticated {
  /** The domain of From. */
  from: string;
  /** Whether there is one; undefined where DNS did not say. */
  exists: boolean | undefined;
  /** Keys that sign it. */
  keys: readonly CheckedKey[];
  /** The domain of the envelope sender. */
  envelope: string;
  /** Whether SPF of that domain can let anybody send. */
  spfCanPass: boolean | undefined;
}

export interface CheckedDmarc {
  findings: LintFinding[];
  /** What receivers are asked to do with what is not aligned; undefined where that is not known, or nothing is asked. */
  policy: Policy | undefined;
}

/**
 * The DMARC record that mail from a domain is treated by, and whether what is sent would be aligned (RFC 9989).
 * @param walked up from the domain of From
 */
export async function checkDmarc(
  mail: Authenticated,
  walked: Walked,
  lookups: Lookups,
): Promise<CheckedDmarc> {
  const { from } = mail;
  const record = appliedRecord(from, walked);
  const findings = [...faultsOf(walked)];
  // Without an answer from above, only the domain's own record is sure to be the one that counts.
  if (!walked.isWhole && record?.domain !== from) return { findings, policy: undefined };
  if (!record) {
    if (findings.length === 0 && mail.exists !== false) findings.push(missing(from));
    return { findings, policy: undefined };
  }
  const published = policyFor(record, from, mail.exists);
  findings.push(...weaknessesOf(record, published));
  if (published === null) return { findings, policy: undefined };
  const policy = record.isTest ? lowered(published) : published;
  const unaligned = await whyUnaligned(mail, record, policy, walked, lookups);
  if (unaligned !== undefined) findings.push(refused(mail, record, policy, unaligned));
  return { findings, policy };
}

const missing = (from: string): LintFinding =>
  found(
    'dmarc-missing',
    dmarcNameOf(from),
    `${from} has no DMARC record, nor has a domain above it: Gmail and Yahoo ask everybody who writes to many for one`,
    `publish as a TXT record of ${dmarcNameOf(from)}: v=DMARC1; p=none; rua=mailto:dmarc@${from}`,
  );

function faultsOf({ several, misread }: Walked): LintFinding[] {
  return [
    ...several.map((domain) =>
      found(
        'dmarc-invalid',
        dmarcNameOf(domain),
        `${domain} has several DMARC records, and receivers let all of them be`,
        'leave one of them alone',
      ),
    ),
    ...misread.map(({ domain, text }) =>
      found(
        'dmarc-invalid',
        dmarcNameOf(domain),
        `receivers do not take "${excerpt(text)}" for a DMARC record: it has to begin with v=DMARC1 and a semicolon`,
        'correct its beginning, such as: v=DMARC1; p=none; …',
      ),
    ),
  ];
}

function weaknessesOf(record: DmarcRecord, policy: Policy | null): LintFinding[] {
  const { domain, p, sp, np, rua } = record;
  const name = dmarcNameOf(domain);
  const bad = p === null ? 'p' : sp === null ? 'sp' : np === null ? 'np' : undefined;
  if (bad !== undefined) {
    return [
      found(
        'dmarc-invalid',
        name,
        `the DMARC record of ${domain} has no ${bad}= of none, quarantine or reject: receivers ${policy === null ? 'let it be' : 'read it as p=none'}`,
        `correct ${bad}= in the record`,
      ),
    ];
  }
  if (policy !== 'none' || rua === 'readable') return [];
  const why =
    rua === 'none' ? 'no address for reports (rua)' : 'a rua= that is no address (mailto:…)';
  return [
    found(
      'dmarc-no-reports',
      name,
      `the DMARC record of ${domain} asks for nothing (p=none), and has ${why}: nothing comes of it`,
      `add an address that takes the reports, such as rua=mailto:dmarc@${domain}`,
    ),
  ];
}

/** Words for why nothing is aligned; undefined where something is, or may be. */
async function whyUnaligned(
  mail: Authenticated,
  record: DmarcRecord,
  policy: Policy,
  walked: Walked,
  lookups: Lookups,
): Promise<string | undefined> {
  const isAligned = async (domain: string, mode: 'r' | 's'): Promise<boolean> => {
    if (domain === mail.from) return true;
    if (mode === 's') return false;
    const other = await walkTree(domain, lookups);
    if (!walked.isWhole || !other.isWhole) return true;
    return organizationOf(domain, other) === organizationOf(mail.from, walked);
  };
  const { from, keys, envelope } = mail;
  const verified = keys.filter(({ verifies }) => verifies !== false);
  for (const { key } of verified) {
    if (await isAligned(key.domain, record.adkim)) return undefined;
  }
  const isEnvelopeAligned = await isAligned(envelope, record.aspf);
  // That SPF or a key is broken is an error in itself, and told.
  if (isEnvelopeAligned && (mail.spfCanPass !== false || policy === 'none')) return undefined;
  const [signed] = verified;
  const signature = signed
    ? `its signature is for ${signed.key.domain}, ${distance(from, signed.key.domain, record.adkim, 'adkim')}`
    : keys.length > 0
      ? 'its signature cannot be verified'
      : 'no key of ours signs it';
  const sender = isEnvelopeAligned
    ? `SPF of ${envelope} lets nobody pass`
    : `its envelope sender is of ${envelope}, ${distance(from, envelope, record.aspf, 'aspf')}`;
  return `${signature}, and ${sender}`;
}

/** Why a domain is not aligned with From. */
function distance(from: string, domain: string, mode: 'r' | 's', tag: string): string {
  if (mode === 's') return `where ${tag}=s asks for ${from} itself`;
  return isWithin(domain, from)
    ? 'which the DMARC records in DNS make another organization'
    : 'which is of another organization';
}

const ASKED: Record<Exclude<Policy, 'none'>, string> = {
  quarantine: 'to put into the spam folder',
  reject: 'to refuse',
};

function refused(
  { from }: Authenticated,
  { domain }: DmarcRecord,
  policy: Policy,
  why: string,
): LintFinding {
  const remedy = `sign with a DKIM key of ${from} whose record stands in DNS (\`campaign help dkim\`), or send with an --envelope-from of ${from} that has an SPF record; where the relay itself signs for ${from}, that is enough`;
  const name = dmarcNameOf(domain);
  if (policy === 'none') {
    return found(
      'dmarc-unaligned',
      name,
      `nothing tells receivers that a message is of ${from}: ${why}. Its DMARC record asks for nothing in that case, but Gmail and Yahoo ask everybody who writes to many for such a proof`,
      remedy,
    );
  }
  return found(
    'dmarc-fails',
    name,
    `the DMARC record of ${domain} asks receivers ${ASKED[policy]} what is not proved to be of ${from}, and nothing proves it: ${why}`,
    remedy,
  );
}
