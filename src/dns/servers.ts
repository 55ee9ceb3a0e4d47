import { isIPv4, isIPv6 } from 'node:net';

/** An address, or one in brackets, with a port behind it. */
const SERVER = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/;
const MAX_PORT = 65_535;

/** How addresses of DNS servers are written. */
export const DNS_SERVER_FORMS = '192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353';

/**
 * The address of a DNS server, as Node's resolver takes it; undefined where it is none.
 * @param text an IPv4 or IPv6 address, in brackets where a port follows the latter; no zone, which the resolver does not know
 */
export function readDnsServer(text: string): string | undefined {
  const entry = text.trim();
  if (isPlainIPv6(entry)) return `[${entry}]`;
  const [, bracketed, plain = '', port] = SERVER.exec(entry) ?? [];
  const isAddress = bracketed === undefined ? isIPv4(plain) : isPlainIPv6(bracketed);
  const isPort = port === undefined || (Number(port) > 0 && Number(port) <= MAX_PORT);
  return isAddress && isPort ? entry : undefined;
}

const isPlainIPv6 = (text: string): boolean => isIPv6(text) && !text.includes('%');
