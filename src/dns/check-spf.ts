import { BlockList, isIP, isIPv6 } from 'node:net';
import { domainOf } from '../domain/address.js';
import type { LintFinding } from '../domain/lint.js';
import { plural } from '../domain/text.js';
import { excerpt, found } from './findings.js';
import type { Answer, Lookups } from './lookups.js';
import { isMisreadSpf, isSpf, parseSpf } from './spf-record.js';
import { type Cost, MAX_SPF_LOOKUPS, SpfWalk } from './spf-walk.js';

/** RFC 7208 §4.6.4: names behind which there is nothing. */
const MAX_VOIDS = 2;
/** Names, records or terms that a finding shows. */
const SHOWN = 5;

export interface CheckedSpf {
  findings: LintFinding[];
  /** Whether SPF can let anybody send; undefined where DNS did not say. */
  canPass: boolean | undefined;
}

/**
 * The SPF record of the envelope sender's domain.
 * @param sender the address of MAIL FROM
 * @param relay the host that messages are handed to
 */
export async function checkSpf(
  sender: string,
  relay: string | undefined,
  lookups: Lookups,
): Promise<CheckedSpf> {
  const domain = domainOf(sender);
  const answer = await lookups.txt(domain);
  if (answer.is === 'no-answer') return { findings: [], canPass: undefined };
  // That there is no such domain is said by itself.
  if (answer.is === 'no-name') return { findings: [], canPass: false };
  const texts = textsOf(answer);
  const [text] = texts.filter(isSpf);
  const fault = faultOf(domain, texts);
  if (fault || text === undefined) return { findings: fault ? [fault] : [], canPass: false };
  const record = parseSpf(text);
  if ('why' in record) {
    const { term, why } = record;
    const finding = found(
      'spf-invalid',
      domain,
      `receivers cannot read the SPF record of ${domain} at "${excerpt(term)}": ${why}`,
      `correct the record, which is "${excerpt(text)}"`,
    );
    return { findings: [finding], canPass: false };
  }
  const walk = new SpfWalk(sender, domain, lookups);
  await walk.read(record);
  const findings = [...walk.findings, ...limitsOf(domain, walk)];
  const openEnd = openEndOf(domain, walk);
  if (openEnd) findings.push(openEnd);
  if (!walk.letsSome && findings.length === 0) findings.push(nobody(domain, text));
  if (findings.length === 0) findings.push(...(await checkRelay(domain, relay, walk, lookups)));
  return { findings, canPass: walk.letsSome };
}

/** As domains have it that send no mail. */
const nobody = (domain: string, text: string): LintFinding =>
  found(
    'spf-nobody',
    domain,
    `the SPF record of ${domain} lets no host send: "${excerpt(text)}"`,
    'name what your relay sends from, as its provider says, in front of "all"; or give another envelope sender with --envelope-from',
  );

const textsOf = (answer: Answer<string>): readonly string[] =>
  answer.is === 'found' ? answer.records : [];

/** What keeps receivers from having one record. */
function faultOf(domain: string, texts: readonly string[]): LintFinding | undefined {
  const records = texts.filter(isSpf);
  if (records.length > 1) {
    return found(
      'spf-invalid',
      domain,
      `${domain} has ${records.length} SPF records, and receivers take that for an error: nobody passes`,
      `make one TXT record of them: ${records
        .slice(0, SHOWN)
        .map((one) => `"${excerpt(one)}"`)
        .join(', ')}`,
    );
  }
  if (records.length === 1) return undefined;
  const misread = texts.find(isMisreadSpf);
  if (misread !== undefined) {
    return found(
      'spf-invalid',
      domain,
      `receivers do not take the TXT record "${excerpt(misread)}" of ${domain} for SPF: such a record begins with "v=spf1" and a space`,
      'correct its beginning; where it is written in several strings, they are joined without a space',
    );
  }
  return found(
    'spf-missing',
    domain,
    `${domain} has no SPF record: receivers cannot tell which hosts may send as it, and the large ones ask for one`,
    `publish a TXT record of ${domain} that names what your relay sends from: "v=spf1 include:… ~all", as its provider says, or "v=spf1 ip4:192.0.2.1 ~all" with its address`,
  );
}

function limitsOf(domain: string, walk: SpfWalk): LintFinding[] {
  const findings: LintFinding[] = [];
  if (walk.lookups > MAX_SPF_LOOKUPS) {
    findings.push(
      found(
        'spf-lookups',
        domain,
        `the SPF record of ${domain} takes ${walk.isWhole ? '' : 'at least '}${plural(walk.lookups, 'lookup')}, and receivers stop at ${MAX_SPF_LOOKUPS} with an error: ${dearest(walk.costs)}`,
        'take out what does not send for you any more, name hosts by ip4: and ip6:, or send from a subdomain with a record of its own',
      ),
    );
  }
  if (walk.voidLookups > MAX_VOIDS) {
    const names = [...walk.voids].slice(0, SHOWN).map(excerpt).join(', ');
    findings.push(
      found(
        'spf-void-lookups',
        domain,
        `the SPF record of ${domain} looks up hosts that do not exist ${walk.voidLookups} times (${names}), and receivers may stop at more than ${MAX_VOIDS} with an error`,
        'take them out of the record',
      ),
    );
  }
  return findings;
}

const dearest = (costs: readonly Cost[]): string => {
  const shown = [...costs].sort((a, b) => b.lookups - a.lookups).slice(0, SHOWN);
  const rest = costs.length - shown.length;
  const terms = shown.map(({ term, lookups }) => `${term} takes ${lookups}`).join(', ');
  return rest > 0 ? `${terms}, and ${rest} more` : terms;
};

function openEndOf(domain: string, walk: SpfWalk): LintFinding | undefined {
  if (!walk.isWhole || (walk.end !== null && walk.end !== '?')) return undefined;
  if (walk.findings.some(({ rule }) => rule !== 'spf-ptr')) return undefined;
  return found(
    'spf-open-end',
    domain,
    `the SPF record of ${domain} ${walk.end === null ? 'has no "all" at its end' : 'ends in ?all'}: of hosts that it does not name it says nothing`,
    'end it in ~all, or in -all once all that sends for you is named',
  );
}

/** Addresses that are nobody's in the Internet: what sends from there is somewhere else (RFC 6890, RFC 4193). */
const INTERNAL = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  INTERNAL.addSubnet(network, prefix, 'ipv4');
}
INTERNAL.addAddress('::1', 'ipv6');
INTERNAL.addSubnet('fc00::', 7, 'ipv6');
INTERNAL.addSubnet('fe80::', 10, 'ipv6');

const isIn = (list: BlockList, address: string): boolean =>
  list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

/**
 * Of a record that names hosts of its domain alone, whether the relay is one. Where it leads to others' records nothing
 * can be told: most relays send from other addresses than they take mail at.
 */
async function checkRelay(
  domain: string,
  relay: string | undefined,
  walk: SpfWalk,
  lookups: Lookups,
): Promise<LintFinding[]> {
  if (relay === undefined || !walk.isClosed || !walk.isWhole) return [];
  const answer: Answer<string> =
    isIP(relay) === 0 ? await lookups.addresses(relay) : { is: 'found', records: [relay] };
  if (answer.is !== 'found') return [];
  const { records } = answer;
  if (records.some((one) => isIn(INTERNAL, one) || isIn(walk.hosts, one))) return [];
  return [
    found(
      'spf-relay',
      domain,
      `the SPF record of ${domain} names hosts of its own alone, and the relay ${relay} (${records.slice(0, SHOWN).join(', ')}) is none of them`,
      'add what its provider tells you to, such as "include:…"; where it is a host of yours that sends from another address, that one is enough',
    ),
  ];
}
