import { isIPv4, isIPv6 } from 'node:net';
import { CampaignError } from '../errors.js';
import { SETTINGS } from './table.js';

/** An address, or one in brackets, with a port behind it. */
const SERVER = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/;
const MAX_PORT = 65_535;

/**
 * Reads `192.0.2.1, 192.0.2.1:5353, 2001:db8::1, [2001:db8::1]:5353`.
 * @throws CampaignError BAD_SETTING naming the entry that is no address
 */
export function readDnsServers(text: string | undefined): readonly string[] {
  const entries = (text ?? '').split(',').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '').map(checkServer);
}

function checkServer(entry: string): string {
  if (isPlainIPv6(entry)) return `[${entry}]`;
  const [, bracketed, plain = '', port] = SERVER.exec(entry) ?? [];
  const isAddress = bracketed === undefined ? isIPv4(plain) : isPlainIPv6(bracketed);
  const isPort = port === undefined || (Number(port) > 0 && Number(port) <= MAX_PORT);
  if (isAddress && isPort) return entry;
  throw new CampaignError(
    'BAD_SETTING',
    `${SETTINGS.dnsServers.variable} has ${JSON.stringify(entry)}, which is no address of a DNS server`,
    'write addresses, separated by commas: 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353',
  );
}

/** Without a zone, which the resolver does not take. */
const isPlainIPv6 = (text: string): boolean => isIPv6(text) && !text.includes('%');
