import { isLargeProvider } from '../domain/large-providers.js';
import {
  checkSuppressed,
  isDomain,
  NAMED_REJECTIONS,
  type NewSuppression,
  type SuppressionCheck,
  type SuppressionRejection,
  type SuppressionResult,
} from '../domain/suppression.js';
import { andMore, plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import { lookUp } from '../store/suppressions/look-up.js';
import { suppress } from '../store/suppressions/suppress.js';
import type { Workspace } from './workspace.js';

/**
 * Sessions of whoever changes suppressions. Of an entry that was removed on another node a moment ago nothing may be seen: it
 * would be taken for one that is there already, and nothing written.
 */
export const SUPPRESSION_SESSIONS = { causalReads: true } as const;

/** Somebody as a person or a file names them. */
export interface GivenAddress {
  /** Null where it stands in no file. */
  line: number | null;
  value: string;
}

/** What was given, apart: who can be suppressed, and what is nobody. */
export interface ReadAddresses {
  /** By what was given. */
  norms: { value: string; norm: string }[];
  rejected: SuppressionRejection[];
}

export function readAddresses(given: readonly GivenAddress[]): ReadAddresses {
  const read: ReadAddresses = { norms: [], rejected: [] };
  for (const { line, value } of given) {
    const check = checkSuppressed(value);
    if (check.ok) read.norms.push({ value: value.trim(), norm: check.norm });
    else read.rejected.push({ line, value, reason: check.reason });
  }
  return read;
}

/** A result in which nothing has happened yet. */
export const noResult = (rejected: readonly SuppressionRejection[]): SuppressionResult => ({
  changed: 0,
  unchanged: 0,
  rejected: rejected.length,
  rejections: rejected.slice(0, NAMED_REJECTIONS),
  leftOut: 0,
  dryRun: false,
  saved: null,
});

export interface Addition extends Pick<NewSuppression, 'topic' | 'reason' | 'source'> {
  addresses: readonly GivenAddress[];
  /** Asked before domains of large providers are suppressed whole; what it throws leaves everything as it is. */
  confirm(domains: readonly string[]): Promise<void>;
}

/**
 * Keeps addresses and whole domains from being mailed, from when it returns. What is no address is named in the result;
 * the others are done.
 */
export async function addSuppressions(
  workspace: Workspace,
  { addresses, confirm, ...entry }: Addition,
): Promise<SuppressionResult> {
  const { norms, rejected } = readAddresses(addresses);
  const large = norms.filter(({ norm }) => isWholeProvider(norm)).map(({ norm }) => norm);
  if (large.length > 0) await confirm(large);
  const database = await workspace.database(SUPPRESSION_SESSIONS);
  const change = await suppress(
    database,
    norms.map(({ norm }) => ({ emailNorm: norm, ...entry })),
  );
  return { ...noResult(rejected), ...change };
}

/** Whether it names a whole domain under which anybody has a mailbox. */
export const isWholeProvider = (norm: string): boolean =>
  isDomain(norm) && isLargeProvider(norm.slice(1));

/** How many were somebody of what was given. */
export const othersOf = ({ changed, unchanged }: SuppressionResult): number => changed + unchanged;

/**
 * For who is to be told that part of what was given was nobody.
 * @param done what became of the others, where there are any
 */
export function rejectionError(
  { rejected, rejections }: Pick<SuppressionResult, 'rejected' | 'rejections'>,
  others: number,
  done: string,
): CampaignError | undefined {
  if (rejected === 0) return undefined;
  const named = rejections.map(({ line, value, reason }) => {
    const shown = value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value;
    return `${line === null ? '' : `line ${line}: `}"${shown}": ${reason}`;
  });
  const more = rejected - named.length;
  return new CampaignError(
    'BAD_ADDRESS',
    [
      `${plural(rejected, 'of them is no address', 'of them are no addresses')}:`,
      ...named.map((line) => `  ${line}`),
      ...andMore(more),
    ].join('\n'),
    `${others > 0 ? `${done}; ` : ''}give an address such as ann@example.org, or @example.org for a whole domain`,
  );
}

const SHOWN_CHARACTERS = 80;
const LOOKED_UP_AT_ONCE = 1000;

/**
 * Whether addresses may be mailed, and what keeps them from it.
 * @param topic of the send that is meant; left out, an entry of any topic counts
 */
export async function checkSuppressions(
  workspace: Workspace,
  addresses: readonly GivenAddress[],
  topic: string | undefined,
): Promise<{ checks: SuppressionCheck[]; rejected: SuppressionRejection[] }> {
  const { norms, rejected } = readAddresses(addresses);
  const database = await workspace.database();
  const checks: SuppressionCheck[] = [];
  for (let at = 0; at < norms.length; at += LOOKED_UP_AT_ONCE) {
    const block = norms.slice(at, at + LOOKED_UP_AT_ONCE);
    const found = await lookUp(
      database,
      block.map(({ norm }) => norm),
      topic,
    );
    for (const { value, norm } of block) {
      checks.push({ email: value, entries: found.get(norm) ?? [] });
    }
  }
  return { checks, rejected };
}
