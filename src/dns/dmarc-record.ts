import { readTags, type Tag } from './tag-list.js';

export const POLICIES = ['none', 'quarantine', 'reject'] as const;
/** What a domain asks receivers to do with what is not aligned with it. */
export type Policy = (typeof POLICIES)[number];

/** A DMARC policy record (RFC 9989 §4.7), with the defaults of what it leaves out. */
export interface DmarcRecord {
  /** Whose it is: `_dmarc` stands before it in DNS. */
  domain: string;
  /** `null` where it is missing or none. */
  p: Policy | null;
  /** `undefined` where they are left out, `null` where they are no policies. */
  sp: Policy | null | undefined;
  np: Policy | null | undefined;
  psd: 'y' | 'n' | 'u';
  adkim: 'r' | 's';
  aspf: 'r' | 's';
  /** Whether the policy is one level below what it says (t=y). */
  isTest: boolean;
  /** Whether there is an address for reports, and it can be read. */
  rua: 'none' | 'readable' | 'unreadable';
}

/** Whether receivers take a TXT record for one of DMARC: the version comes first, and is exactly this (§4.7). */
export const isDmarc = (text: string): boolean =>
  /^\s{0,9}v[ \t]{0,9}=[ \t]{0,9}DMARC1[ \t]{0,9}(?:;|$)/.test(
    // The name of a tag is an ABNF literal, and so in either case.
    text.slice(0, 80).replace(/^(\s{0,9})V/, '$1v'),
  );

/** Whether one was meant that they do not take for one. */
export function isMisreadDmarc(text: string): boolean {
  if (isDmarc(text)) return false;
  if (/^["'\\\s]*v\s*=\s*dmarc/i.test(text.slice(0, 80))) return true;
  const { tags } = readTags(text);
  return tags.some(
    ({ name, value }) =>
      (name === 'v' && /^DMARC/i.test(value)) || (name === 'p' && policyOf(value) !== null),
  );
}

/** Reads a record that `isDmarc`. Unknown tags are passed over, and of two of a name the first counts. */
export function parseDmarc(domain: string, text: string): DmarcRecord {
  const { tags } = readTags(text);
  const value = (name: string): string | undefined => valueIn(tags, name);
  const policy = (name: string): Policy | null | undefined => {
    const given = value(name);
    return given === undefined ? undefined : policyOf(given);
  };
  const rua = value('rua');
  return {
    domain,
    p: policy('p') ?? null,
    sp: policy('sp'),
    np: policy('np'),
    psd: oneOf(['y', 'n'] as const, value('psd')) ?? 'u',
    adkim: oneOf(['s'] as const, value('adkim')) ?? 'r',
    aspf: oneOf(['s'] as const, value('aspf')) ?? 'r',
    isTest: value('t')?.toLowerCase() === 'y',
    rua: rua === undefined ? 'none' : hasUri(rua) ? 'readable' : 'unreadable',
  };
}

const valueIn = (tags: readonly Tag[], wanted: string): string | undefined =>
  tags.find(({ name }) => name.toLowerCase() === wanted)?.value;

const oneOf = <Value extends string>(
  values: readonly Value[],
  given: string | undefined,
): Value | undefined => values.find((value) => value === given?.toLowerCase());

const policyOf = (text: string): Policy | null => oneOf(POLICIES, text) ?? null;

/** Whether a list of addresses for reports has one that is a URI. */
const hasUri = (list: string): boolean =>
  list.split(',').some((uri) => /^[a-z][a-z0-9+.-]*:[^\s]+$/i.test(uri.trim()));

/**
 * The policy of a record for mail of a domain (§4.10.1), tests left aside.
 * @param exists whether there is the domain in DNS; undefined where that is not known
 * @returns null where receivers let the record be: it is no policy, and asks for no reports
 */
export function policyFor(
  record: DmarcRecord,
  domain: string,
  exists: boolean | undefined,
): Policy | null {
  const { p, sp, np, rua } = record;
  if (p === null || sp === null || np === null) return rua === 'readable' ? 'none' : null;
  if (record.domain === domain) return p;
  return (exists === false ? np : undefined) ?? sp ?? p;
}

/** The policy that a testing domain asks for in place of another (§4.7, t). */
export const lowered = (policy: Policy): Policy => (policy === 'reject' ? 'quarantine' : 'none');
