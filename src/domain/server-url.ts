import { domainToASCII } from 'node:url';

/** What an error about a URL says at its end, for passwords that hold a character with a meaning. */
export const PERCENT_ENCODING =
  'in user and password write # as %23, / as %2F, ? as %3F, @ as %40, : as %3A and % as %25';

/** A server's URL taken apart, each part decoded. */
export interface ServerUrl {
  /** In lower case, without its colon. */
  scheme: string;
  user: string;
  password: string;
  /** In the order they are written; a host in lower case, an IPv6 address without brackets. */
  hosts: { host: string; port?: number }[];
  /** Without its first slash. */
  path: string;
  options: URLSearchParams;
}

/** Makes the error for a URL; `what` follows the name of the setting. */
type Refuse = (what: string) => Error;

const URL_PARTS = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/is;

/**
 * Takes `scheme://user:password@host:port,host:port/path?options` apart as the URL standard does (https://url.spec.whatwg.org/,
 * "authority state": the host begins behind the last @), but for several hosts, which it does not know, and for what
 * it would take to be no part of the password: a `#`, and an `@` behind the hosts.
 * @throws what `refuse` makes; its words quote nothing of the URL, for a password may have come to stand anywhere
 */
export function parseServerUrl(text: string, refuse: Refuse): ServerUrl {
  const parts = URL_PARTS.exec(text.trim());
  if (!parts) throw refuse('is not a URL');
  const [, scheme = '', authority = '', path = '', query = '', fragment] = parts;
  if (fragment !== undefined) throw refuse('has a "#", which belongs in no such URL');
  if (`${path}${query}`.includes('@')) {
    throw refuse('has an "@" behind its host: a "/" or "?" in a password is not percent-encoded');
  }
  if (path.lastIndexOf('/') > 0) throw refuse('has a second "/" behind its host');
  const at = authority.lastIndexOf('@');
  const credentials = authority.slice(0, Math.max(at, 0));
  const colon = credentials.indexOf(':');
  const options = new URLSearchParams(query);
  for (const value of options.values()) refuseControls(value, refuse);
  return {
    scheme: scheme.toLowerCase(),
    user: decode(colon === -1 ? credentials : credentials.slice(0, colon), refuse),
    password: decode(colon === -1 ? '' : credentials.slice(colon + 1), refuse),
    hosts: readHosts(authority.slice(at + 1), refuse),
    path: decode(path.slice(1), refuse),
    options,
  };
}

function readHosts(text: string, refuse: Refuse): ServerUrl['hosts'] {
  if (text === '') return [];
  return text.split(',').map((entry) => {
    const [, name = '', digits = ''] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(entry.trim()) ?? [];
    const host = readHost(name, refuse);
    if (digits === '') return { host };
    const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
    if (port < 1 || port > 65_535) throw refuse('has a port that is no number from 1 to 65535');
    return { host, port };
  });
}

const HOST_NAME = /^(?=.{1,253}\.?$)(?!-)[a-z\d_-]{1,63}(?:\.[a-z\d_-]{1,63})*\.?$/;
const IPV6 = /^(?=.*:.*:)[\da-f:.]+(?:%[\w.-]+)?$/;

function readHost(text: string, refuse: Refuse): string {
  const bracketed = /^\[(.*)\]$/s.exec(text)?.[1];
  const name = decode(bracketed ?? text, refuse).toLowerCase();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the ASCII ones.
  const host = /^[\x00-\x7f]*$/.test(name) ? name : domainToASCII(name);
  if (!(bracketed === undefined ? HOST_NAME : IPV6).test(host)) {
    throw refuse('has a host that is neither a name nor an address ([…] around IPv6)');
  }
  return host;
}

function decode(part: string, refuse: Refuse): string {
  let text: string;
  try {
    text = decodeURIComponent(part);
  } catch {
    throw refuse('is not percent-encoded correctly');
  }
  refuseControls(text, refuse);
  return text;
}

/** They end a line or a string in the servers' protocols. */
function refuseControls(text: string, refuse: Refuse): void {
  if (/[\0\r\n]/.test(text)) throw refuse('has a line break or a NUL in it');
}

const LOOPBACK = /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

/** Whether a host is this machine by its very name; no other name is looked up. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || LOOPBACK.test(host);

/** Names the options there are, not the one found: that may be the rest of a password with a `?` in it. */
export const unknownOption = (known: readonly string[]): string =>
  `has an option that is none of ${known.join(', ')}`;

/** Quotes a mode where it is a word; anything else may be part of a password. */
export const unknownMode = (value: string): string =>
  /^[a-z]{1,12}$/i.test(value) ? `has tls=${value}` : 'has a value of tls that is none';
