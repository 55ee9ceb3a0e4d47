import { expect, test } from 'vitest';
import { checkIn, findingOf, GOOD } from '../support/in-dns.ts';

const NO_MX = { txt: ['v=spf1 ip4:192.0.2.1 -all'] };

test('a domain with an MX record takes mail', async () => {
  expect((await checkIn(GOOD)).rules).toEqual([]);
});

test('a domain without MX takes mail at its own address', async () => {
  const zone = { ...GOOD, 'example.org': { txt: ['v=spf1 a -all'], aaaa: ['2001:db8::1'] } };
  expect((await checkIn(zone)).rules).toEqual([]);
});

test('a domain with neither is an error', async () => {
  const checked = await checkIn({ ...GOOD, 'example.org': NO_MX });
  expect(checked.rules).toEqual(['domain-takes-no-mail']);
  expect(findingOf(checked, 'domain-takes-no-mail')).toMatchObject({
    severity: 'error',
    message:
      'example.org, the domain of From, takes no mail: it has neither an MX record nor an address of its own',
    where: 'DNS of example.org',
  });
});

test('a null MX is an error', async () => {
  const zone = { ...GOOD, 'example.org': { ...NO_MX, mx: [[0, '.']] as const } };
  expect((await checkIn(zone)).rules).toEqual(['domain-takes-no-mail']);
});

test('MX records of hosts without an address are an error', async () => {
  const zone = {
    ...GOOD,
    'example.org': {
      ...NO_MX,
      mx: [
        [10, 'old.example.org'],
        [20, '192.0.2.1'],
      ] as const,
    },
  };
  const checked = await checkIn(zone);
  expect(checked.rules).toEqual(['domain-takes-no-mail']);
  expect(findingOf(checked, 'domain-takes-no-mail').message).toContain(
    'old.example.org, 192.0.2.1',
  );
});

test('an MX or address that leads everybody to their own host is none', async () => {
  const mx = { ...NO_MX, mx: [[10, 'localhost.example.org']] as const };
  const localhost = { a: ['127.0.0.1'], aaaa: ['::1'] };
  const zone = { ...GOOD, 'example.org': mx, 'localhost.example.org': localhost };
  expect((await checkIn(zone)).rules).toEqual(['domain-takes-no-mail']);
  const alone = { ...GOOD, 'example.org': { ...NO_MX, a: ['0.0.0.0'] } };
  expect((await checkIn(alone)).rules).toEqual(['domain-takes-no-mail']);
  const within = { ...GOOD, 'example.org': { ...NO_MX, a: ['10.0.0.1'] } };
  expect((await checkIn(within)).rules).toEqual([]);
});

test('one host of several that has an address is enough', async () => {
  const zone = {
    ...GOOD,
    'example.org': {
      ...NO_MX,
      mx: [
        [10, 'old.example.org'],
        [20, 'mail.example.org'],
      ] as const,
    },
  };
  expect((await checkIn(zone)).rules).toEqual([]);
});

test('of a domain that does not exist nothing else is said', async () => {
  const checked = await checkIn(
    { 'example.net': {} },
    { from: 'example.org', envelopeFrom: 'news@example.org' },
  );
  expect(checked.rules).toEqual(['domain-unknown']);
});

test('Reply-To and the envelope sender have to take mail too', async () => {
  const zone = { ...GOOD, 'bounce.example.org': { ...NO_MX, mx: [[0, '.']] as const } };
  const checked = await checkIn(zone, {
    replyTo: 'nobody.example.net',
    envelopeFrom: 'b@bounce.example.org',
  });
  expect(checked.rules).toEqual(['domain-unknown', 'domain-takes-no-mail']);
  expect(findingOf(checked, 'domain-unknown').message).toContain(
    'nobody.example.net, the domain of Reply-To,',
  );
  expect(findingOf(checked, 'domain-takes-no-mail').message).toContain(
    'bounce.example.org, the domain of the envelope sender,',
  );
});

test('a domain that is used twice is asked for once', async () => {
  const zone = { ...GOOD, 'example.org': NO_MX };
  const checked = await checkIn(zone, { replyTo: 'example.org' });
  expect(checked.rules).toEqual(['domain-takes-no-mail']);
  expect(findingOf(checked, 'domain-takes-no-mail').message).toContain('From and Reply-To');
  expect(checked.asked.filter((asked) => asked === 'MX example.org')).toHaveLength(1);
});
