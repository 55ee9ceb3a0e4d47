import { describeCharacter, faultOfCharacter, hasNoFault } from './characters.js';
import { findDisallowed, mapDomain, toALabel, toULabel } from './idna.js';
import { undoDoubleEncoding } from './mojibake.js';

/** Octets of a local part and of a whole path without its angle brackets: RFC 5321 §4.5.3.1.1 and .3. */
const MAX_LOCAL_OCTETS = 64;
const MAX_PATH_OCTETS = 254;
/** RFC 1035 §2.3.4. */
const MAX_LABEL_OCTETS = 63;
/** UTF-16 units that NFC can make one character of, which then takes an octet or more of a path. */
const MAX_UNITS_PER_CHARACTER = 4;

const ATEXT = "A-Za-z0-9!#$%&'*+/=?^_`{|}~-";
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';

/** What nearly every address of a list looks like; whatever does not match is looked at piece by piece. */
const PLAIN_ADDRESS = new RegExp(
  `^[${ATEXT}]+(?:\\.[${ATEXT}]+)*@(?:${LABEL}\\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`,
);
const ALABEL_PREFIX = /(?:@|\.)xn--/i;

const ASCII_ATOM = new RegExp(`^[${ATEXT}]$`);
/** Quoted local parts, without what servers are known to misread inside quotes: spaces, <, >, @ and escapes. */
const QUOTED_LOCAL = /^"[!#-;=?A-[\]-~]+"$/;
const PLAIN_LABEL = new RegExp(`^${LABEL}$`);

const NON_ASCII = /[^\0-\x7f]/;
/** Zero width non-joiner and joiner, which some scripts need in domains. */
const JOINER = /^[\u200c\u200d]$/;
const LINE_BREAK = /[\r\n\u0085\u2028\u2029]/;

/** A mailbox that may be written to. */
interface Address {
  /** As it was given, without white space around it. */
  email: string;
  /**
   * The form two spellings of one mailbox share: NFC, the domain as lower-case A-labels (RFC 5890), the local
   * part in lower case and without needless quotes.
   */
  norm: string;
}

/** An address, or why it is none. */
export type AddressCheck = ({ ok: true } & Address) | { ok: false; reason: string };

const refuse = (reason: string): AddressCheck => ({ ok: false, reason });

/**
 * Checks one address by the limits and the grammar of RFC 5321 §4.1.2 and, for non-ASCII, RFC 6531 §3.3.
 * Not taken, though the grammar has them: address literals (`user@[192.0.2.1]`), domains of one label, quoted local
 * parts with spaces, <, >, @ or backslashes, and characters that cannot be seen. Domains follow IDNA 2008 (RFC 5890 to
 * 5895). An address that looks encoded twice is refused with what it probably was.
 */
export function checkAddress(text: string): AddressCheck {
  const email = text.trim();
  if (PLAIN_ADDRESS.test(email) && email.length <= MAX_PATH_OCTETS && !ALABEL_PREFIX.test(email)) {
    if (email.indexOf('@') > MAX_LOCAL_OCTETS) return longLocal(email.indexOf('@'));
    return { ok: true, email, norm: email.toLowerCase() };
  }
  const check = checkPieces(email);
  const probably = NON_ASCII.test(email) ? undoDoubleEncoding(email) : undefined;
  if (probably === undefined) return check;
  return refuse(
    `${check.ok ? 'an address' : `${check.reason} of an address`} that looks encoded twice: probably ${probably}`,
  );
}

const longLocal = (octets: number): AddressCheck =>
  refuse(`the part before the @ has ${octets} octets; ${MAX_LOCAL_OCTETS} are allowed`);

const longPath = (octets: number): AddressCheck =>
  refuse(`the address has ${octets} octets; ${MAX_PATH_OCTETS} are allowed`);

function checkPieces(email: string): AddressCheck {
  if (email === '') return refuse('no address');
  if (LINE_BREAK.test(email)) return refuse('a line break in the address');
  const at = email.lastIndexOf('@');
  const fault = findFault(email, at);
  if (fault !== undefined) return refuse(`${fault} in the address`);
  if (at === -1) return refuse('no @ in the address');
  if (email.length > MAX_PATH_OCTETS * MAX_UNITS_PER_CHARACTER) return longPath(email.length);
  const local = email.slice(0, at).normalize('NFC');
  const quoted = local.startsWith('"');
  if (!quoted && local.includes('@')) return refuse('more than one @ in the address');
  const wrongLocal = checkLocal(local, quoted);
  if (wrongLocal !== undefined) return refuse(wrongLocal);
  const octets = Buffer.byteLength(local);
  if (octets > MAX_LOCAL_OCTETS) return longLocal(octets);

  const domain = toAsciiDomain(email.slice(at + 1));
  if ('reason' in domain) return refuse(domain.reason);
  const length = octets + 1 + domain.ascii.length;
  if (length > MAX_PATH_OCTETS) return longPath(length);
  return { ok: true, email, norm: `${normalizeLocal(local, quoted)}@${domain.ascii}` };
}

/** The first character that no address may have, in words; joiners are for the rules of domains to judge. */
function findFault(email: string, at: number): string | undefined {
  if (hasNoFault(email)) return undefined;
  let index = 0;
  for (const character of email) {
    const isOfDomain = at !== -1 && index > at;
    const fault = isOfDomain && JOINER.test(character) ? undefined : faultOfCharacter(character);
    if (fault !== undefined) return fault;
    index += character.length;
  }
  return undefined;
}

function checkLocal(local: string, quoted: boolean): string | undefined {
  if (local === '') return 'nothing before the @';
  if (quoted) {
    return QUOTED_LOCAL.test(local)
      ? undefined
      : 'a quoted part before the @ with characters that servers misread';
  }
  if (local.startsWith('.') || local.endsWith('.')) {
    return 'a dot at the beginning or end of the part before the @';
  }
  if (local.includes('..')) return 'two dots in a row before the @';
  for (const character of local) {
    if (character !== '.' && character < '\u0080' && !ASCII_ATOM.test(character)) {
      return `the character ${describeCharacter(character)} before the @`;
    }
  }
  return undefined;
}

function normalizeLocal(local: string, quoted: boolean): string {
  const bare = quoted ? local.slice(1, -1) : local;
  const needsQuotes = quoted && checkLocal(bare, false) !== undefined;
  return (needsQuotes ? local : bare).toLowerCase().normalize('NFC');
}

function toAsciiDomain(domain: string): { ascii: string } | { reason: string } {
  if (domain === '') return { reason: 'nothing after the @' };
  if (domain.startsWith('[')) return { reason: 'an IP address in place of a domain' };
  const mapped = NON_ASCII.test(domain) ? mapDomain(domain) : domain.toLowerCase();
  if (mapped.endsWith('.')) return { reason: 'a dot at the end of the domain' };
  if (mapped.startsWith('.') || mapped.includes('..')) {
    return { reason: 'an empty label (two dots in a row) in the domain' };
  }
  const labels = mapped.split('.');
  // Before anything that takes long over a long label: an A-label has no fewer octets than its U-label has characters.
  for (const label of labels) {
    const { length } = [...label];
    if (length > MAX_LABEL_OCTETS) {
      return {
        reason: `a part of the domain has ${length} octets; ${MAX_LABEL_OCTETS} are allowed`,
      };
    }
  }
  for (const label of labels) {
    const wrong = findDisallowed(toULabel(label));
    if (wrong !== undefined) {
      return { reason: `the character ${describeCharacter(wrong)} in the domain` };
    }
  }
  if (/^\d+$/.test(labels.at(-1) ?? '')) return { reason: 'a domain that ends in a number' };
  if (labels.length === 1) return { reason: 'a domain without a dot' };
  const ascii: string[] = [];
  for (const label of labels) {
    const converted = toALabel(label);
    if (converted === undefined) {
      return { reason: `a domain with "${label}", which is no valid internationalised name` };
    }
    if (!PLAIN_LABEL.test(converted)) {
      return { reason: `a domain with the invalid part "${converted}"` };
    }
    ascii.push(converted);
  }
  return { ascii: ascii.join('.') };
}

/** Only a server with SMTPUTF8 (RFC 6531) can take this address: its local part is not ASCII. */
export const needsSmtpUtf8 = (norm: string): boolean => NON_ASCII.test(norm);

/** The domain of an address in its normal form. */
export const domainOf = (norm: string): string => norm.slice(norm.lastIndexOf('@') + 1);

/** An address as whoever has it knows it, and nobody else learns it: `a…@example.org`. */
export const maskedAddress = (norm: string): string => {
  const [first = ''] = norm;
  return `${first}…@${domainOf(norm)}`;
};
