import { expect, test } from 'vitest';
import type { Zone } from '../support/dns-server.ts';
import { checkIn, findingOf, GOOD } from '../support/in-dns.ts';

/** The good domain with another SPF record, and what it leads to. */
const withSpf = (spf: string | readonly string[], others: Zone = {}): Zone => ({
  ...GOOD,
  'example.org': { ...GOOD['example.org'], txt: typeof spf === 'string' ? [spf] : spf },
  ...others,
});

test('no record is a warning', async () => {
  const checked = await checkIn(withSpf(['some=verification']));
  expect(checked.rules).toEqual(['spf-missing']);
  expect(findingOf(checked, 'spf-missing')).toMatchObject({
    severity: 'warning',
    where: 'DNS of example.org',
    remedy: expect.stringContaining('publish a TXT record of example.org'),
  });
});

test('two records are an error', async () => {
  const checked = await checkIn(withSpf(['v=spf1 mx -all', 'some=verification', 'V=SPF1 a ~all']));
  expect(checked.rules).toEqual(['spf-invalid']);
  expect(findingOf(checked, 'spf-invalid')).toMatchObject({
    severity: 'error',
    remedy: expect.stringContaining('"V=SPF1 a ~all"'),
  });
});

test('a record that receivers do not take for one is told from none', async () => {
  const checked = await checkIn(withSpf('v=spf1include:_spf.example.org -all'));
  expect(checked.rules).toEqual(['spf-invalid']);
  expect(findingOf(checked, 'spf-invalid').remedy).toContain('joined without a space');
});

test('a term that cannot be read is quoted, with what is wrong', async () => {
  const checked = await checkIn(withSpf('v=spf1 ip4:192.0.2.0/33 -all'));
  expect(checked.rules).toEqual(['spf-invalid']);
  expect(findingOf(checked, 'spf-invalid').message).toContain('"ip4:192.0.2.0/33"');
});

test('a record in upper case and of several strings is read as any other', async () => {
  const zone = withSpf('', {
    'example.org': {
      mx: [[10, 'mail.example.org']],
      txt: [['V=SPF1 MX IN', 'CLUDE:_SPF.Example.NET -ALL']],
    },
    '_spf.example.net': { txt: ['v=spf1 ip4:192.0.2.1 -all'] },
  });
  expect((await checkIn(zone)).rules).toEqual([]);
});

const chain = (length: number): Zone =>
  Object.fromEntries(
    Array.from({ length }, (_, i) => [
      `s${i}.example.net`,
      {
        txt: [
          i + 1 < length
            ? `v=spf1 include:s${i + 1}.example.net -all`
            : 'v=spf1 ip4:192.0.2.1 -all',
        ],
      },
    ]),
  );

test('ten lookups are within the limit, and eleven an error that names the dearest', async () => {
  const ten = 'v=spf1 mx a include:s0.example.net -all';
  expect(
    await checkIn(
      withSpf(ten, {
        ...chain(8),
        'example.org': { mx: [[10, 'mail.example.org']], a: ['192.0.2.1'], txt: [ten] },
      }),
    ).then(({ rules }) => rules),
  ).toEqual([]);
  const checked = await checkIn(withSpf('v=spf1 mx include:s0.example.net -all', chain(10)));
  expect(checked.rules).toEqual(['spf-lookups']);
  expect(findingOf(checked, 'spf-lookups').message).toContain(
    'takes 11 lookups, and receivers stop at 10 with an error: include:s0.example.net takes 10, mx takes 1',
  );
});

test('what is behind all is not counted, and networks take no lookup', async () => {
  const spf = `v=spf1 ${'ip4:192.0.2.1 ip6:2001:db8::1 '.repeat(20)}-all ${'a '.repeat(20)}`;
  expect((await checkIn(withSpf(spf))).rules).toEqual([]);
});

test('an include of nothing is an error', async () => {
  const checked = await checkIn(withSpf('v=spf1 include:_spf.exmaple.net -all'));
  expect(checked.rules).toEqual(['spf-invalid']);
  expect(findingOf(checked, 'spf-invalid')).toMatchObject({
    severity: 'error',
    message: expect.stringContaining(
      '_spf.exmaple.net, which that of example.org leads to, does not exist',
    ),
    remedy: 'correct or take out the include in the record of example.org',
  });
});

test('a redirect to nothing is an error too, unless all stands there', async () => {
  expect((await checkIn(withSpf('v=spf1 mx redirect=_spf.example.net'))).rules).toEqual([
    'spf-invalid',
  ]);
  expect((await checkIn(withSpf('v=spf1 mx redirect=_spf.example.net -all'))).rules).toEqual([]);
});

test('records that lead back to themselves end', async () => {
  const itself = await checkIn(withSpf('v=spf1 include:example.org -all'));
  expect(itself.rules).toEqual(['spf-invalid']);
  expect(findingOf(itself, 'spf-invalid').message).toContain(
    'the SPF record of example.org comes back to itself',
  );
  const loop = await checkIn(
    withSpf('v=spf1 include:a.example.net -all', {
      'a.example.net': { txt: ['v=spf1 redirect=b.example.net'] },
      'b.example.net': { txt: ['v=spf1 include:A.example.net include:example.org'] },
    }),
  );
  expect(loop.rules).toEqual(['spf-invalid', 'spf-invalid']);
});

test('the faults of records that are included are told with their domain', async () => {
  const checked = await checkIn(
    withSpf('v=spf1 include:bad.example.net include:two.example.net -all', {
      'bad.example.net': { txt: ['v=spf1 foo -all'] },
      'two.example.net': { txt: ['v=spf1 -all', 'v=spf1 mx -all'] },
    }),
  );
  expect(checked.rules).toEqual(['spf-invalid', 'spf-invalid']);
  expect(findingOf(checked, 'spf-invalid').where).toBe('DNS of bad.example.net');
});

test('+all lets everybody send, by an include as well, but not by one that refuses', async () => {
  expect((await checkIn(withSpf('v=spf1 mx +all'))).rules).toEqual(['spf-everybody']);
  expect((await checkIn(withSpf('v=spf1 mx all'))).rules).toEqual(['spf-everybody']);
  const others: Zone = { 'open.example.net': { txt: ['v=spf1 +all'] } };
  const included = await checkIn(withSpf('v=spf1 include:open.example.net -all', others));
  expect(included.rules).toEqual(['spf-everybody']);
  expect(findingOf(included, 'spf-everybody').where).toBe('DNS of open.example.net');
  expect(
    (await checkIn(withSpf('v=spf1 mx ?include:open.example.net -all', others))).rules,
  ).toEqual([]);
});

test.each(['ip4:0.0.0.0/0', 'ip4:128.0.0.0/1', 'ip6:::/0', 'mx/0', 'mx//0'])(
  '%s lets nearly everybody send',
  async (term) => {
    expect((await checkIn(withSpf(`v=spf1 ${term} -all`))).rules).toEqual(['spf-everybody']);
    expect((await checkIn(withSpf(`v=spf1 -${term} mx -all`))).rules).toEqual([]);
  },
);

test('a record that says nothing at its end is told of, also behind a redirect', async () => {
  expect((await checkIn(withSpf('v=spf1 mx'))).rules).toEqual(['spf-open-end']);
  expect((await checkIn(withSpf('v=spf1 mx ?all'))).rules).toEqual(['spf-open-end']);
  expect((await checkIn(withSpf('v=spf1 mx ~all'))).rules).toEqual([]);
  const others: Zone = { '_spf.example.net': { txt: ['v=spf1 mx:example.org ~all'] } };
  expect((await checkIn(withSpf('v=spf1 redirect=_spf.example.net', others))).rules).toEqual([]);
});

test('ptr is told of, but not in the records of others', async () => {
  expect((await checkIn(withSpf('v=spf1 mx ptr -all'))).rules).toEqual(['spf-ptr']);
  const others: Zone = { '_spf.example.net': { txt: ['v=spf1 ptr -all'] } };
  expect((await checkIn(withSpf('v=spf1 include:_spf.example.net -all', others))).rules).toEqual(
    [],
  );
});

test('more than two names behind which there is nothing are a warning; hosts of IPv4 alone are none', async () => {
  const others: Zone = { 'v4.example.net': { a: ['192.0.2.1'] } };
  const two = 'v=spf1 a:v4.example.net a:x.example.net mx:y.example.net -all';
  expect((await checkIn(withSpf(two, others))).rules).toEqual([]);
  const checked = await checkIn(withSpf(two.replace('-all', 'a:z.example.net -all'), others));
  expect(checked.rules).toEqual(['spf-void-lookups']);
  expect(findingOf(checked, 'spf-void-lookups').message).toContain(
    'x.example.net, y.example.net, z.example.net',
  );
});

test('several lookups of one name behind which there is nothing count each', async () => {
  const record = 'v=spf1 ip4:192.0.2.1 a:x.example.net a:x.example.net mx:x.example.net -all';
  expect((await checkIn(withSpf(record))).rules).toEqual(['spf-void-lookups']);
});

test.each([
  'v=spf1 -all',
  'v=spf1 ~all',
  'v=spf1 redirect=_spf.example.net',
  'v=spf1 include:_spf.example.net -all',
  'v=spf1 -ip4:192.0.2.1 ~all',
])('a record that lets nobody send is an error: %s', async (record) => {
  const others: Zone = { '_spf.example.net': { txt: ['v=spf1 -all'] } };
  const checked = await checkIn(withSpf(record, others));
  expect(checked.rules).toContain('spf-nobody');
  expect(findingOf(checked, 'spf-nobody').severity).toBe('error');
});

test('an mx of more than ten hosts is an error', async () => {
  const hosts = Array.from({ length: 11 }, (_, i) => `m${i}.example.net`);
  const others: Zone = {
    'many.example.net': { mx: hosts.map((host) => [10, host]) },
    ...Object.fromEntries(hosts.map((host) => [host, { a: ['192.0.2.1'] }])),
  };
  const checked = await checkIn(withSpf('v=spf1 mx:many.example.net -all', others));
  expect(checked.rules).toEqual(['spf-lookups']);
  expect(findingOf(checked, 'spf-lookups').message).toContain('has 11');
});

test('macros of the sender are filled in; those of the host are left unasked', async () => {
  const zone = withSpf('v=spf1 include:%{l}.%{d}.spf.example.net exists:%{i}.x.example.net -all', {
    'news.example.org.spf.example.net': { txt: ['v=spf1 -all'] },
  });
  const { rules, asked } = await checkIn(zone);
  expect(rules).toEqual([]);
  expect(asked).toContain('TXT news.example.org.spf.example.net');
  expect(asked.filter((one) => one.includes('x.example.net'))).toEqual([]);
});

test('SPF is asked of the domain of the envelope sender', async () => {
  const zone = { ...GOOD, 'bounce.example.org': { mx: [[10, 'mail.example.org']] as const } };
  const checked = await checkIn(zone, { envelopeFrom: 'b@bounce.example.org' });
  expect(checked.rules).toEqual(['spf-missing']);
  expect(findingOf(checked, 'spf-missing').where).toBe('DNS of bounce.example.org');
});

const RELAY: Zone = { 'smtp.provider.net': { a: ['198.51.100.7'] } };

test('a relay that is plainly none of the hosts is told of', async () => {
  const checked = await checkIn({ ...GOOD, ...RELAY }, { relay: 'smtp.provider.net' });
  expect(checked.rules).toEqual(['spf-relay']);
  expect(findingOf(checked, 'spf-relay')).toMatchObject({
    severity: 'info',
    message: expect.stringContaining('smtp.provider.net (198.51.100.7)'),
  });
});

test.each([
  ['one of them', 'v=spf1 ip4:198.51.100.0/24 -all', 'smtp.provider.net'],
  [
    'a provider that sends from elsewhere',
    'v=spf1 include:_spf.provider.net -all',
    'smtp.provider.net',
  ],
  [
    'one that a test of the host may let',
    'v=spf1 mx exists:%{i}.x.example.net -all',
    'smtp.provider.net',
  ],
  ['on this host', 'v=spf1 mx -all', '127.0.0.1'],
  ['within', 'v=spf1 mx -all', '10.1.2.3'],
  ['within, by IPv6', 'v=spf1 mx -all', 'fd00::1'],
  ['not in DNS', 'v=spf1 mx -all', 'relay.internal'],
])('nothing is said of a relay that is %s', async (_, spf, relay) => {
  const zone = withSpf(spf, {
    ...RELAY,
    '_spf.provider.net': { txt: ['v=spf1 ip4:192.0.2.1 -all'] },
  });
  expect((await checkIn(zone, { relay })).rules).toEqual([]);
});
