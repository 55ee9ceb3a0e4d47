import { expect, test } from 'vitest';
import { openDnsClient, withLookups } from '../../src/dns/lookups.ts';
import { startDnsServer, type Zone } from '../support/dns-server.ts';
import { checkIn, findingOf, GOOD } from '../support/in-dns.ts';

async function over<Result>(
  zone: Zone,
  work: Parameters<typeof withLookups<Result>>[2],
): Promise<{ result: Result; asked: string[]; overTcp: string[] }> {
  const server = await startDnsServer(zone);
  try {
    const client = await openDnsClient([server.address]);
    const result = await withLookups(client, new AbortController().signal, work);
    return { result, asked: server.asked, overTcp: server.overTcp };
  } finally {
    await server.close();
  }
}

test('NXDOMAIN, a name without records of the type, SERVFAIL and REFUSED are told apart', async () => {
  const zone: Zone = {
    'a.example.org': { a: ['192.0.2.1'] },
    'broken.example.org': { fails: 'SERVFAIL' },
    'closed.example.org': { fails: 'REFUSED' },
  };
  const { result } = await over(zone, async (lookups) => ({
    none: await lookups.txt('nobody.example.org'),
    empty: await lookups.txt('a.example.org'),
    // Nothing stands there, but something below it.
    above: await lookups.txt('example.org'),
    broken: await lookups.txt('broken.example.org'),
    closed: await lookups.txt('closed.example.org'),
    unanswered: lookups.unanswered,
  }));
  expect(result).toMatchObject({
    none: { is: 'no-name' },
    empty: { is: 'no-data' },
    above: { is: 'no-data' },
    broken: { is: 'no-answer' },
    closed: { is: 'no-answer' },
    unanswered: [
      { name: 'broken.example.org', why: expect.stringContaining('SERVFAIL') },
      { name: 'closed.example.org', why: expect.stringContaining('REFUSED') },
    ],
  });
});

test('a question is asked once, however it is spelled', async () => {
  const { asked } = await over(GOOD, async (lookups) => {
    await Promise.all([lookups.txt('example.org'), lookups.txt('Example.ORG')]);
    await lookups.txt('example.org.');
  });
  expect(asked).toEqual(['TXT example.org']);
});

test('an answer of more than 512 octets comes over TCP, and the strings of a record are joined', async () => {
  const long = `v=spf1 ${'ip4:192.0.2.1 '.repeat(80)}-all`;
  const zone: Zone = {
    'long.example.org': { txt: [long] },
    'parted.example.org': { txt: [['v=spf1 inc', 'lude:a.exam', 'ple.org -all']] },
  };
  const { result, overTcp } = await over(zone, async (lookups) => [
    await lookups.txt('long.example.org'),
    await lookups.txt('parted.example.org'),
  ]);
  expect(result).toEqual([
    { is: 'found', records: [long] },
    { is: 'found', records: ['v=spf1 include:a.example.org -all'] },
  ]);
  expect(overTcp).toEqual(['TXT long.example.org']);
});

test('a CNAME is followed to where it leads', async () => {
  const zone: Zone = {
    's._domainkey.example.org': { cname: 's.dkim.provider.net' },
    's.dkim.provider.net': { txt: ['v=DKIM1; p=abc'] },
  };
  const { result } = await over(zone, (lookups) => lookups.txt('s._domainkey.example.org'));
  expect(result).toEqual({ is: 'found', records: ['v=DKIM1; p=abc'] });
});

test('a server that says nothing ends in one finding', async () => {
  const zone = Object.fromEntries(
    ['.', 'example.org', '_dmarc.example.org', '_dmarc.org'].map((name) => [
      name,
      { fails: 'silent' as const },
    ]),
  );
  const checked = await checkIn(zone);
  expect(checked.rules).toEqual(['dns-unanswered']);
  expect(findingOf(checked, 'dns-unanswered')).toMatchObject({
    severity: 'warning',
    message: 'DNS could not be asked: no answer came',
    remedy: expect.stringContaining('CAMPAIGN_DNS_SERVERS'),
    where: 'DNS',
  });
});

test('a domain whose own servers are silent is told from a silent server', async () => {
  const checked = await checkIn({ ...GOOD, 'example.org': { fails: 'silent' } });
  expect(checked.rules).toEqual(['dns-unanswered']);
  expect(findingOf(checked, 'dns-unanswered')).toMatchObject({
    message: 'nothing is known of example.org in DNS: no answer came',
    where: 'DNS of example.org',
  });
});

test('a server that answers for nobody is one finding', async () => {
  const zone = Object.fromEntries(
    ['.', 'org', 'example.org', '_dmarc.example.org'].map((name) => [
      name,
      { fails: 'REFUSED' as const },
    ]),
  );
  const checked = await checkIn(zone);
  expect(checked.rules).toEqual(['dns-unanswered']);
  expect(findingOf(checked, 'dns-unanswered')).toMatchObject({
    message: 'DNS could not be asked: the DNS server refuses to answer (REFUSED)',
    where: 'DNS',
  });
});

test('where nothing listens there is one finding too', async () => {
  const server = await startDnsServer({});
  await server.close();
  const { signal } = new AbortController();
  const unanswered = await withLookups(
    await openDnsClient([server.address]),
    signal,
    async (lookups) => {
      await lookups.mx('example.org');
      await lookups.txt('example.org');
      return lookups.unanswered;
    },
  );
  expect(new Set(unanswered.map(({ why }) => why))).toEqual(
    new Set(['nothing listens at the address of the DNS server']),
  );
});

test('where the first server says nothing the second is asked', async () => {
  const silent = await startDnsServer({ 'example.org': { fails: 'silent' } });
  const good = await startDnsServer(GOOD);
  try {
    const client = await openDnsClient([silent.address, good.address]);
    const answer = await withLookups(client, new AbortController().signal, (lookups) =>
      lookups.txt('example.org'),
    );
    expect(answer).toEqual({ is: 'found', records: ['v=spf1 mx -all'] });
  } finally {
    await Promise.all([silent.close(), good.close()]);
  }
});

test('names that one server has no answer for are named, and the rest is found', async () => {
  const checked = await checkIn({ ...GOOD, '_dmarc.example.org': { fails: 'SERVFAIL' } });
  expect(checked.rules).toEqual(['dns-unanswered']);
  expect(findingOf(checked, 'dns-unanswered')).toMatchObject({
    message: expect.stringContaining('_dmarc.example.org'),
    where: 'DNS of _dmarc.example.org',
  });
});

test('a host whose IPv4 address is known is not asked for more, though its IPv6 address cannot be had', async () => {
  const mail = { a: ['203.0.113.25'], fails: 'SERVFAIL', failsFor: 'AAAA' } as const;
  expect((await checkIn({ ...GOOD, 'mail.example.org': mail })).rules).toEqual([]);
  const none = { fails: 'SERVFAIL', failsFor: 'AAAA' } as const;
  expect((await checkIn({ ...GOOD, 'mail.example.org': none })).rules).toEqual(['dns-unanswered']);
});

test('an answer that cannot be read is none', async () => {
  const checked = await checkIn({ ...GOOD, '_dmarc.example.org': { fails: 'garbage' } });
  expect(checked.rules).toEqual(['dns-unanswered']);
});

test('a server that hangs up after a while is not waited for beyond the limit', async () => {
  const zone: Zone = { ...GOOD, '_dmarc.example.org': { fails: 'silent' } };
  const checked = await checkIn(zone, {}, { totalMs: 50, maxLookups: 100 });
  expect(findingOf(checked, 'dns-unanswered').message).toContain('no answer came in time');
});

test('no more lookups are made than the limit has it', async () => {
  const checked = await checkIn(GOOD, {}, { totalMs: 10_000, maxLookups: 2 });
  expect(checked.asked.length).toBeLessThanOrEqual(2);
  expect(findingOf(checked, 'dns-unanswered').message).toContain('more lookups');
});

test('an abort ends the lookups with its reason', async () => {
  const server = await startDnsServer({ 'example.org': { fails: 'silent' } });
  try {
    const stop = new AbortController();
    const reason = new Error('enough');
    const run = withLookups(await openDnsClient([server.address]), stop.signal, async (lookups) => {
      const answer = lookups.txt('example.org');
      stop.abort(reason);
      return answer;
    });
    await expect(run).rejects.toBe(reason);
  } finally {
    await server.close();
  }
});
