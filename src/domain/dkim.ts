import { createPrivateKey, type KeyObject } from 'node:crypto';
import { checkAddress, domainOf } from './address.js';

/**
 * Whether a send's messages are signed: `required` by whoever claims it, `auto` where its scheduler has a key for them,
 * `off` never.
 */
export const DKIM_MODES = ['auto', 'required', 'off'] as const;
export type DkimMode = (typeof DKIM_MODES)[number];

/** A private key that signs mail of a domain (RFC 6376; of Ed25519 RFC 8463). */
export interface DkimKey {
  /** As lower-case A-labels. */
  domain: string;
  selector: string;
  algorithm: 'rsa-sha256' | 'ed25519-sha256';
  bits: number;
  key: KeyObject;
}

/** Where the key's public half is looked for. */
export const dnsNameOf = ({ selector, domain }: Pick<DkimKey, 'selector' | 'domain'>): string =>
  `${selector}._domainkey.${domain}`;

/** What a scheduler signs with, and what it leaves unsigned. */
export interface DkimSettings {
  keys: readonly DkimKey[];
  /** Header fields that are not signed, in lower case. */
  skip: readonly string[];
  /** What a key should be and is not: a line each. */
  doubts: readonly string[];
}

export const NO_DKIM: DkimSettings = { keys: [], skip: [], doubts: [] };

/** Those of the domain itself or, where there are none, of its nearest parent that has some. */
export function keysFor(keys: readonly DkimKey[], domain: string): readonly DkimKey[] {
  for (let name = domain; name !== ''; name = parentOf(name)) {
    const found = keys.filter((key) => key.domain === name);
    if (found.length > 0) return found;
  }
  return [];
}

const parentOf = (domain: string): string => {
  const dot = domain.indexOf('.');
  return dot === -1 ? '' : domain.slice(dot + 1);
};

/** Whether a key of one of these domains signs mail of `domain`. */
export const hasKeyFor = (domains: readonly string[], domain: string): boolean =>
  domains.some((one) => `.${domain}`.endsWith(`.${one}`));

/** The first that has the same place in DNS as one before it. */
export const sameInDns = (keys: readonly DkimKey[]): DkimKey | undefined =>
  keys.find((key, i) => keys.slice(0, i).some((other) => dnsNameOf(other) === dnsNameOf(key)));

/** Header fields that are signed where a message has them, besides all whose names begin with `list-` (RFC 6376 §5.4.1). */
const SIGNED_FIELDS = [
  'from',
  'sender',
  'reply-to',
  'to',
  'subject',
  'date',
  'message-id',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'in-reply-to',
  'references',
  'feedback-id',
  'auto-submitted',
  'precedence',
] as const;
const SIGNED: ReadonlySet<string> = new Set(SIGNED_FIELDS);

/** @param name in lower case */
export const isSignedField = (name: string): boolean =>
  SIGNED.has(name) || name.startsWith('list-');

/** Signed once more than a message has them, so that nobody can add one (RFC 6376 §8.15). */
export const OVERSIGNED = ['from', 'to', 'subject', 'reply-to'] as const;

/** What Amazon SES replaces in every message, and what it adds its own of. */
const REWRITTEN_BY_SES = ['date', 'message-id', 'feedback-id'];

/**
 * Header fields that are not signed, since the relay replaces them.
 * @param named in a setting
 */
export const skippedFields = (named: readonly string[], relayHost: string): string[] => [
  ...named,
  ...(/(?:^|\.)amazonaws\.com(?:\.cn)?\.?$/i.test(relayHost) ? REWRITTEN_BY_SES : []),
];

/**
 * Reads `Date, Message-ID`.
 * @returns the names in lower case, or the one that cannot be left out, and why
 */
export function readSkippedFields(text: string): string[] | { name: string; why: string } {
  const names = text
    .split(/[\s,;:]+/)
    .filter((name) => name !== '')
    .map((name) => name.toLowerCase());
  if (names.includes('from')) return { name: 'From', why: 'which every signature must cover' };
  const unknown = names.find((name) => !isSignedField(name));
  return unknown === undefined ? names : { name: unknown, why: 'which is never signed' };
}

/** Header fields that may be left unsigned, for people. */
export const SKIPPABLE = SIGNED_FIELDS.slice(1).join(', ');

/** A domain as lower-case A-labels; null where it is none that mail can come from. */
export function readDkimDomain(text: string): string | null {
  const given = text.trim();
  if (given.includes('@')) return null;
  const check = checkAddress(`x@${given}`);
  return check.ok ? domainOf(check.norm) : null;
}

const LABEL = '[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?';
const SELECTOR = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`, 'i');
const MAX_NAME_OCTETS = 253;

/** Whether it can be a selector of that domain (RFC 6376 §3.1). */
export const isSelector = (selector: string, domain: string): boolean =>
  SELECTOR.test(selector) && dnsNameOf({ selector, domain }).length <= MAX_NAME_OCTETS;

/** RFC 8301 §3.2: signers must use 1,024 bits at least, and should use 2,048; no verifier need know more than 4,096. */
const LEAST_BITS = 1024;
const GOOD_BITS = 2048;
const MOST_BITS = 4096;

/** What a file or an option gave as a key. */
export type ReadKey = Pick<DkimKey, 'algorithm' | 'bits' | 'key'> & { doubt: string | null };

/**
 * Reads a private key in PEM.
 * @returns why it is none that can sign, in words that hold no part of it
 */
export function readDkimKey(pem: string): ReadKey | { unfit: string } {
  const label = /-----BEGIN ([A-Z0-9 ]{0,40})-----/.exec(pem)?.[1];
  if (label === undefined) return { unfit: 'holds no private key in PEM (-----BEGIN …)' };
  if (/\bENCRYPTED\b/.test(label) || /^Proc-Type:.*\bENCRYPTED\b/m.test(pem)) {
    return { unfit: 'holds a key with a passphrase' };
  }
  if (/OPENSSH/.test(label)) return { unfit: 'holds a key of SSH, not one in PKCS #8 or PKCS #1' };
  if (!/PRIVATE KEY$/.test(label)) return { unfit: `holds a ${label}, not a private key` };
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return { unfit: 'holds a private key that cannot be read: it is damaged or cut off' };
  }
  const { asymmetricKeyType: type } = key;
  if (type === 'ed25519') return { algorithm: 'ed25519-sha256', bits: 256, key, doubt: null };
  if (type !== 'rsa') {
    return { unfit: `holds a key of the type ${type}; DKIM takes RSA and Ed25519` };
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < LEAST_BITS) {
    return { unfit: `holds an RSA key of ${bits} bits; ${LEAST_BITS} are the least allowed` };
  }
  return { algorithm: 'rsa-sha256', bits, key, doubt: doubtOf(bits) };
}

function doubtOf(bits: number): string | null {
  if (bits < GOOD_BITS) return `is an RSA key of ${bits} bits, where ${GOOD_BITS} are advised`;
  return bits > MOST_BITS
    ? `is an RSA key of ${bits} bits; receivers need not know more than ${MOST_BITS}`
    : null;
}
