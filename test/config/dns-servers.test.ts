import { expect, test } from 'vitest';
import { readDnsServers } from '../../src/config/dns-servers.ts';

test.each([
  [undefined, []],
  [' , ', []],
  ['192.0.2.53', ['192.0.2.53']],
  ['192.0.2.53:5353, 192.0.2.54', ['192.0.2.53:5353', '192.0.2.54']],
  ['[2001:db8::53]:5353,[2001:db8::54]', ['[2001:db8::53]:5353', '[2001:db8::54]']],
  ['2001:db8::53', ['[2001:db8::53]']],
])('%j names %j', (text, servers) => {
  expect(readDnsServers(text)).toEqual(servers);
});

test.each([
  'dns.example.org',
  '192.0.2.256',
  '192.0.2.53:0',
  '192.0.2.53:65536',
  '192.0.2.53:',
  '192.0.2.53 192.0.2.54',
  '[192.0.2.53]:53',
  '[2001:db8::53',
  '2001:db8::53:70000',
  '[fe80::1%eth0]',
  'udp://192.0.2.53',
])('%j is refused by its name and with what to write', (text) => {
  expect(() => readDnsServers(`192.0.2.1,${text}`)).toThrowError(
    expect.objectContaining({
      code: 'BAD_SETTING',
      message: expect.stringContaining(`CAMPAIGN_DNS_SERVERS has ${JSON.stringify(text)}`),
      remedy: expect.stringContaining('192.0.2.53:5353'),
    }),
  );
});
