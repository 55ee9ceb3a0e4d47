import { DNS_SERVER_FORMS, readDnsServer } from '../dns/servers.js';
import { CampaignError } from '../errors.js';
import { SETTINGS } from './table.js';

/**
 * Reads `192.0.2.1, 192.0.2.1:5353, 2001:db8::1, [2001:db8::1]:5353`.
 * @throws CampaignError BAD_SETTING naming the entry that is no address
 */
export function readDnsServers(text: string | undefined): readonly string[] {
  const entries = (text ?? '').split(',').map((entry) => entry.trim());
  return entries
    .filter((entry) => entry !== '')
    .map((entry) => {
      const server = readDnsServer(entry);
      if (server !== undefined) return server;
      throw new CampaignError(
        'BAD_SETTING',
        `${SETTINGS.dnsServers.variable} has ${JSON.stringify(entry)}, which is no address of a DNS server`,
        `write addresses, with commas between: ${DNS_SERVER_FORMS}`,
      );
    });
}
