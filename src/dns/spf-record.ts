import { isIPv4, isIPv6 } from 'node:net';
import { excerpt } from './findings.js';

type Qualifier = '+' | '-' | '~' | '?';
type WithDomain = 'include' | 'a' | 'mx' | 'ptr' | 'exists';

/** A mechanism of an SPF record, with what it says of who matches (RFC 7208 §4.6.1). */
export type Directive = { qualifier: Qualifier; text: string } & (
  | { mechanism: 'all' }
  /** `domain` may have macros; without one it is that of the record. */
  | { mechanism: WithDomain; domain: string | undefined; prefix4: number; prefix6: number }
  | { mechanism: 'ip4' | 'ip6'; network: string; prefix: number }
);

/** An SPF record, taken apart. */
export interface SpfRecord {
  /** Up to `all`, behind which nothing is looked at (§5.1). */
  directives: readonly Directive[];
  /** Where it goes on, of a record without `all` (§6.1); may have macros. */
  redirect: string | undefined;
}

/** A term that cannot be read: by one of them the whole record fails (§4.6). */
export interface BadTerm {
  term: string;
  why: string;
}

/** Whether receivers take a TXT record for one of SPF (§4.5). */
export const isSpf = (text: string): boolean => /^v=spf1(?: |$)/i.test(text);

/** Whether one was meant that they do not take for one. */
export const isMisreadSpf = (text: string): boolean =>
  !isSpf(text) && /^[\s"'\\]*v\s*=\s*spf/i.test(text.slice(0, 100));

/** Reads a record that `isSpf`, by the grammar of §12. */
export function parseSpf(text: string): SpfRecord | BadTerm {
  const directives: Directive[] = [];
  const modifiers = new Map<string, string>();
  for (const term of text.split(' ').slice(1)) {
    if (term === '') continue;
    const modifier = /^([a-z][a-z0-9_.-]*)=(.*)$/is.exec(term);
    const read = modifier
      ? readModifier(modifier[1] as string, modifier[2] as string, modifiers)
      : readDirective(term);
    if (typeof read === 'string') return { term, why: read };
    if (read) directives.push(read);
  }
  const end = directives.findIndex(({ mechanism }) => mechanism === 'all');
  return {
    directives: end === -1 ? directives : directives.slice(0, end + 1),
    redirect: end === -1 ? modifiers.get('redirect') : undefined,
  };
}

/** @returns why it cannot be read */
function readModifier(
  given: string,
  value: string,
  modifiers: Map<string, string>,
): string | undefined {
  const name = given.toLowerCase();
  if (IS_MECHANISM.test(name))
    return 'behind a mechanism belongs ":"; with "=" receivers pass over it';
  if (name !== 'redirect' && name !== 'exp') {
    return isMacroString(value)
      ? undefined
      : 'its value has a character or a macro that may not stand there';
  }
  if (modifiers.has(name)) return `${name}= stands there twice`;
  modifiers.set(name, value);
  return whyNoDomain(value);
}

const MECHANISMS = 'all|include|a|mx|ptr|ip4|ip6|exists';
const IS_MECHANISM = new RegExp(`^(?:${MECHANISMS})$`);
const TERM = new RegExp(`^([-+?~]?)(${MECHANISMS})(?:([:/])(.*))?$`, 'is');

function readDirective(term: string): Directive | string {
  const parts = TERM.exec(term);
  if (!parts) return whyNoTerm(term);
  const qualifier = (parts[1] || '+') as Qualifier;
  const mechanism = (parts[2] as string).toLowerCase() as Directive['mechanism'];
  const [, , , mark, rest = ''] = parts;
  const common = { qualifier, text: term };
  if (mechanism === 'all') {
    return mark === undefined ? { ...common, mechanism } : 'nothing may follow "all"';
  }
  if (mechanism === 'ip4' || mechanism === 'ip6') {
    const network = mark === ':' ? readNetwork(mechanism, rest) : 'it names no address';
    return typeof network === 'string' ? network : { ...common, mechanism, ...network };
  }
  const target = readTarget(mechanism, mark, rest);
  return typeof target === 'string' ? target : { ...common, mechanism, ...target };
}

function readNetwork(
  mechanism: 'ip4' | 'ip6',
  text: string,
): { network: string; prefix: number } | string {
  const [network = '', length, ...more] = text.split('/');
  const most = mechanism === 'ip4' ? 32 : 128;
  const fits = mechanism === 'ip4' ? isIPv4(network) : isIPv6(network) && !network.includes('%');
  if (!fits) {
    return `"${excerpt(network)}" is no IPv${mechanism === 'ip4' ? 4 : 6} address`;
  }
  const prefix = length === undefined ? most : readPrefix(length, most);
  return prefix === undefined || more.length > 0
    ? `the part behind "/" is no whole number up to ${most}`
    : { network, prefix };
}

const readPrefix = (text: string, most: number): number | undefined =>
  /^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= most ? Number(text) : undefined;

/** `:domain/24//64` of an `a` or `mx`, `:domain` of the rest. */
function readTarget(
  mechanism: WithDomain,
  mark: string | undefined,
  rest: string,
): { domain: string | undefined; prefix4: number; prefix6: number } | string {
  const whole = `${mark ?? ''}${rest}`;
  const takesPrefixes = mechanism === 'a' || mechanism === 'mx';
  const slash = takesPrefixes ? /(?:\/\d+)?(?:\/\/\d+)?$/.exec(tail(whole)) : null;
  const lengths = slash?.[0] ?? '';
  const named = whole.slice(0, whole.length - lengths.length);
  const [, four, six] = /^(?:\/([^/]*))?(?:\/\/([^/]*))?$/.exec(lengths) ?? [];
  const prefix4 = four === undefined ? 32 : readPrefix(four, 32);
  const prefix6 = six === undefined ? 128 : readPrefix(six, 128);
  if (prefix4 === undefined || prefix6 === undefined) {
    return 'the part behind "/" is no length of a network (up to 32, and behind "//" up to 128)';
  }
  if (named === '') {
    return mechanism === 'include' || mechanism === 'exists'
      ? 'it names no domain'
      : { domain: undefined, prefix4, prefix6 };
  }
  const domain = named.slice(1);
  const why = named.startsWith(':') ? whyNoDomain(domain) : 'it names no domain behind a colon';
  return why ?? { domain, prefix4, prefix6 };
}

/** Where lengths of networks can stand, so that what is looked at does not grow with a record. */
const tail = (text: string): string => text.slice(-16);

const MACRO = String.raw`%(?:\{[slodiphcrtv]\d*r?[-.+,/_=]*\}|[%_-])`;
const MACRO_STRING = new RegExp(`^(?:${MACRO}|[!-$&-~])*$`, 'i');
const MACRO_END = new RegExp(`${MACRO}$`, 'i');
/** Of a macro in a record, its letter and the digits behind it: c, r and t are for explanations alone (§7.2). */
const BAD_MACRO = /%\{(?:[^slodiphv]|[a-z]0+r?[^\d])/i;
const TOP_LABEL = /\.(?=[a-z0-9-]*[a-z-])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/i;

const isMacroString = (text: string): boolean => MACRO_STRING.test(text);

/** Why something is no domain-spec (§7.1). */
function whyNoDomain(text: string): string | undefined {
  if (text === '') return 'it names no domain (no space may stand behind ":" and "=")';
  if (BAD_MACRO.test(text)) return 'its domain has a macro that may not stand there';
  if (!isMacroString(text)) return 'its domain has a character that may not stand there';
  if (MACRO_END.test(text.slice(-16))) return undefined;
  if (isIPv4(text) || isIPv6(text)) return 'it has an address where a name belongs (ip4:, ip6:)';
  return TOP_LABEL.test(text.slice(-65)) ? undefined : `"${excerpt(text)}" is no domain`;
}

/** What people write instead of a term. */
function whyNoTerm(term: string): string {
  if (/[^\0-\x7f]/.test(term)) return 'it has characters beyond ASCII';
  if (/\p{Cc}/u.test(term)) return 'a tab or another control character stands in it';
  if (/^[-+?~]$/.test(term)) return 'nothing may stand between a sign and its mechanism';
  if (/^[-+?~]?ipv?4?:/i.test(term)) return 'the mechanism for addresses is ip4';
  if (/^[-+?~]?ipv?6:/i.test(term)) return 'the mechanism for IPv6 addresses is ip6';
  if (/^(?:redirect|exp):/i.test(term)) return 'behind it belongs "=", not ":"';
  if (isIPv4(term) || isIPv6(term)) return 'an address has ip4: or ip6: before it';
  if (/["'\\]/.test(term)) return 'a quotation mark or a backslash has come into the record';
  if (/[,;]$/.test(term)) return 'terms are parted by spaces alone';
  return 'there is no such mechanism';
}
