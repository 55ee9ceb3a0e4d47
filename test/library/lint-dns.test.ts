import { afterEach, expect, test } from 'vitest';
import { Campaign, type LintOptions, type QueueOptions } from '../../src/index.ts';
import { keyOf, newPem, pemOf, recordOf } from '../support/dkim.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { GOOD } from '../support/in-dns.ts';

const campaign = new Campaign({ databaseUrl: 'mysql://nobody@127.0.0.1:9/none', actor: 'shop' });

const servers: DnsServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

const message = (): QueueOptions => ({
  list: ['email\nann@example.org\n'],
  from: 'News <news@example.org>',
  subject: 'Hello',
  text: 'Dear reader',
});

const zone = { ...GOOD, 'rsa._domainkey.example.org': { txt: [recordOf(keyOf('rsa'))] } };

async function lint(options: LintOptions) {
  const server = await startDnsServer(zone);
  servers.push(server);
  const dnsServers = options.dns ? { dnsServers: [server.address] } : {};
  const { findings } = await campaign.lint(message(), { ...dnsServers, ...options });
  const rules = findings
    .map(({ rule }) => rule)
    .filter((rule) => /^(?:dkim|dmarc|spf)-/.test(rule));
  return { rules, asked: server.asked };
}

const key = (pem: string) => [{ domain: 'example.org', selector: 'rsa', key: pem }];

test('with dns the records of keys are held against those that are given', async () => {
  expect((await lint({})).asked).toEqual([]);
  expect((await lint({ dns: true })).rules).toEqual(['dkim-unsigned']);
  expect((await lint({ dns: true, dkim: key(pemOf('rsa')) })).rules).toEqual([]);
  expect((await lint({ dns: true, dkim: key(newPem('rsa')) })).rules).toEqual(['dkim-key-differs']);
});

test('what is no address of a DNS server, and what goes with dns alone, is refused by its name', async () => {
  await expect(lint({ dns: true, dnsServers: ['dns.example.org'] })).rejects.toMatchObject({
    code: 'BAD_SETTING',
    message: 'dnsServers[0] is "dns.example.org"',
  });
  await expect(lint({ dkim: key(pemOf('rsa')) })).rejects.toMatchObject({
    code: 'BAD_SETTING',
    message: 'dkim goes with dns',
  });
});
