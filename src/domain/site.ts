import { isLoopback } from './server-url.js';

/** Under which of a country's domains names are registered, as under `co.uk` and `com.br`. */
const SECOND_LEVEL = new Set(
  'ac co com edu gov gob gouv go gv mil net ne or org nom asso ltd plc sch'.split(' '),
);

/**
 * The name under which a host is registered, as far as it can be told without the list of public suffixes: `example.co.uk`
 * of `shop.example.co.uk`. Of an address its digits.
 */
export function siteOf(host: string): string {
  const labels = host.toLowerCase().replace(/\.$/, '').split('.');
  if (/^[\d.]+$/.test(host) || host.includes(':')) return host;
  const [second = '', top = ''] = labels.slice(-2);
  return labels.slice(top.length === 2 && SECOND_LEVEL.has(second) ? -3 : -2).join('.');
}

/** Names that no resolver of the public has (RFC 6761, RFC 6762 §3, RFC 8375; ICANN's `internal`). */
const NOT_PUBLIC = /(?:^|\.)(?:localhost|local|internal|home\.arpa|lan|test|invalid)$/;
/** RFC 1918, RFC 3927 and RFC 6598; RFC 4193 and RFC 4291 §2.5.6. */
const NOT_PUBLIC_ADDRESS =
  /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.|^\[?(?:::1\]?$|f[cd]|fe[89ab])/;

/** An address of IPv4 that stands in one of IPv6, as URL writes it (RFC 4291 §2.5.5, RFC 6052 §2.1); another as it is. */
function asV4(name: string): string {
  const [, high, low] =
    /^\[(?:(?:::ffff:|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4}))\]$/.exec(name) ?? [];
  if (high === undefined || low === undefined) return name;
  return [high, low]
    .map((word) => Number.parseInt(word, 16))
    .flatMap((word) => [word >> 8, word & 255])
    .join('.');
}

/** Whether a host of a URL can be reached from this machine or network at most. */
export function isPrivateHost(host: string): boolean {
  const name = asV4(host.toLowerCase().replace(/\.$/, ''));
  if (isLoopback(name.replace(/^\[|\]$/g, ''))) return true;
  if (/^\d+(?:\.\d+){3}$/.test(name) || name.startsWith('[')) return NOT_PUBLIC_ADDRESS.test(name);
  return !name.includes('.') || NOT_PUBLIC.test(name);
}
