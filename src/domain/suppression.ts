import { checkAddress } from './address.js';

/** Characters that REASON and SOURCE of an entry hold. */
export const SUPPRESSION_REASON_LENGTH = 255;
export const SUPPRESSION_SOURCE_LENGTH = 32;

/** The topic of an entry that is a no to everything, and of a send that is about nothing in particular. */
export const EVERYTHING = '';

/** Who must not be mailed: an address, or with an `@` first a whole domain, and never its subdomains. */
export interface SuppressionKey {
  /** As `Address.norm`; of a domain `@` and its A-labels. */
  emailNorm: string;
  /** To what the no is; empty: to everything. */
  topic: string;
}

/** A no that is to be kept. */
export interface NewSuppression extends SuppressionKey {
  /** Why, in words. */
  reason: string;
  /** What wrote it, in a word. */
  source: string;
}

/** A no that is kept. */
export interface Suppression extends NewSuppression {
  createdAt: Date;
}

/** What suppresses whoever a server has no mailbox of. */
export const SMTP_SOURCE = 'smtp';
/** What suppresses whoever says so by a link. */
export const UNSUBSCRIBE_SOURCE = 'unsubscribe';

/**
 * Whether a no takes the place of one that is there, which keeps its date: what a server said is undone in bulk, and a list
 * too, and neither must take along what people said themselves.
 */
export const takesOver = (source: string, there: string): boolean =>
  there !== source &&
  (there === SMTP_SOURCE || (source === UNSUBSCRIBE_SOURCE && /^import(-|$)/.test(there)));

/** What has changed since a version that is known. */
export interface SuppressionChanges {
  version: number;
  /** Addresses and domains that were written since; null where there are too many, or it is not known which: then one asks. */
  names: readonly string[] | null;
}

/** What a change came to: entries that were written or removed, and those that were so already. */
export interface SuppressionChange {
  changed: number;
  unchanged: number;
}

type Check = { ok: true; norm: string } | { ok: false; reason: string };

/**
 * Checks what is to be suppressed: an address, or `@example.org` for a whole domain. Both in the form that two spellings
 * share; see `checkAddress`.
 */
export function checkSuppressed(text: string): Check {
  const trimmed = text.trim();
  if (!isDomain(trimmed)) return checkAddress(trimmed);
  const check = checkAddress(`x${trimmed}`);
  return check.ok ? { ok: true, norm: check.norm.slice(1) } : check;
}

/** Whether an entry names a whole domain. */
export const isDomain = (norm: string): boolean => norm.startsWith('@');

/** How RESPONSE begins in a row that an entry keeps from being mailed. */
export const SUPPRESSED = 'suppressed: ';

/** What it says there. */
export const skippedWords = ({
  emailNorm,
  reason,
}: Pick<Suppression, 'emailNorm' | 'reason'>): string =>
  `${SUPPRESSED}${reason || 'no reason was given'}${isDomain(emailNorm) ? ` (${emailNorm})` : ''}`;

/** The entry that names the whole domain of an address; of a domain itself. */
export const domainEntry = (norm: string): string => norm.slice(norm.lastIndexOf('@'));

const TOPIC = /^[a-z0-9][a-z0-9.-]{0,62}$/i;

/** A topic as it is stored, in lower case; undefined for what is none. */
export function readTopic(text: string): string | undefined {
  const topic = text.trim();
  return TOPIC.test(topic) ? topic.toLowerCase() : undefined;
}

/** The topics whose entries keep a send's recipients from being mailed: its own, and everything. */
export const topicsThatStop = (topic: string): readonly string[] =>
  topic === EVERYTHING ? [EVERYTHING] : [EVERYTHING, topic];

/** Which entries are meant: those that fit everything that is given. */
export interface SuppressionFilter {
  topic?: string | undefined;
  source?: string | undefined;
  /** Words of the reason, in the case it is written in. */
  reason?: string | undefined;
  /** Written at this time or later … */
  since?: Date | undefined;
  /** … and before this one. */
  until?: Date | undefined;
  /** Of addresses the domain, in A-labels; its own entry too. */
  domain?: string | undefined;
}

/** What was given and is nobody who could be suppressed. */
export interface SuppressionRejection {
  /** Of a file or of standard input; null of what a command line or a call gives. */
  line: number | null;
  value: string;
  reason: string;
}

/** How many rejections a result names; all of them are counted. */
export const NAMED_REJECTIONS = 100;

/** What became of suppressions that were to be added, removed or imported. */
export interface SuppressionResult extends SuppressionChange {
  /** Of what was given, nobody who could be suppressed. */
  rejected: number;
  /** The first of those. */
  rejections: SuppressionRejection[];
  /** Rows of a list that say no no. */
  leftOut: number;
  /** Nothing was changed: it was only counted. */
  dryRun: boolean;
  /** File that puts back what was removed; null where there is none. */
  saved: string | null;
}

/** Whether somebody may be mailed, and what keeps them from it. */
export interface SuppressionCheck {
  /** As it was given. */
  email: string;
  /** The oldest first: the address's own and its domain's. */
  entries: Suppression[];
}

/** Entries in the order of their keys. */
export interface SuppressionPage {
  entries: Suppression[];
  /** The key that the next page begins after, null on the last. */
  next: SuppressionKey | null;
}

/** A place between two entries as users pass it from page to page. */
export const formatSuppressionCursor = ({ emailNorm, topic }: SuppressionKey): string =>
  Buffer.from(`${topic}\n${emailNorm}`).toString('base64url');

/** @returns undefined for what no page ended with */
export function parseSuppressionCursor(text: string): SuppressionKey | undefined {
  const [, topic, emailNorm] =
    /^([^\n]*)\n(.+)$/s.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  if (topic === undefined || emailNorm === undefined) return undefined;
  return formatSuppressionCursor({ emailNorm, topic }) === text ? { emailNorm, topic } : undefined;
}
