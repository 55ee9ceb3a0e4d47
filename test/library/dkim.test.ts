import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Campaign, type RunSchedulerOptions } from '../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { keyOf, newPem, pemOf, verifyDkim } from '../support/dkim.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

let db: TestDatabase;
let smtp: SmtpServer;
let campaign: Campaign;

beforeAll(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer();
  campaign = new Campaign({ databaseUrl: db.url, smtpUrl: smtp.url, actor: 'tester' });
});
afterEach(() => {
  smtp.messages.length = 0;
});
afterAll(async () => {
  await campaign.close();
  await smtp.close();
  await db.drop();
});

const queue = (dkim?: 'auto' | 'required' | 'off') =>
  campaign.queue({
    list: ['email\nann@example.net\nbob@example.net\n'],
    from: 'news@example.org',
    subject: 'Hello',
    text: 'Hello',
    dkim,
  });

const rsa = { domain: 'example.org', selector: 'rsa', key: pemOf('rsa') };
const ed25519 = { domain: 'Example.ORG', selector: 'ed25519', key: pemOf('ed25519') };

test('runScheduler signs with the keys that it is given, and leaves what must be signed where it has none', async () => {
  const { id } = await queue('required');
  await campaign.runScheduler({ until: 'idle' });
  expect(smtp.messages).toHaveLength(0);
  expect((await campaign.progress(id)).send).toMatchObject({ dkim: 'required', sent: 0 });
  await campaign.runScheduler({
    until: 'idle',
    dkim: [rsa, ed25519],
    dkimSkipHeaders: ['Date', 'Message-ID'],
  });
  const messages = smtp.messages.map(({ raw }) => raw);
  const results = await verifyDkim(messages, [keyOf('rsa'), keyOf('ed25519')]);
  expect(results.map((all) => all.map(({ ok }) => ok))).toEqual([
    [true, true],
    [true, true],
  ]);
  expect(/h=([^;]*);/.exec(messages[0] ?? '')?.[1]).not.toMatch(/date|message-id/);
});

test('a send is not signed where it says so', async () => {
  await queue('off');
  await campaign.runScheduler({ until: 'idle', dkim: [rsa] });
  expect(smtp.messages.map(({ raw }) => raw.includes('DKIM-Signature'))).toEqual([false, false]);
});

describe('a key that cannot be used is refused, and no part of it is told', () => {
  const [, line = ''] = rsa.key.split('\n');
  test.each([
    ['dkim is a key itself', rsa.key, 'dkim is no array'],
    ['a key is a text', [rsa.key], 'dkim[0]'],
    ['there is no selector', [{ domain: 'example.org', key: rsa.key }], 'dkim[0].selector'],
    ['the domain is the key', [{ ...rsa, domain: rsa.key }], 'dkim[0].domain is no domain'],
    ['the selector is the key', [{ ...rsa, selector: rsa.key }], 'dkim[0].selector cannot'],
    ['the key is a file name', [rsa, { ...ed25519, key: '/etc/key' }], 'dkim[1].key holds no'],
    ['the key has 512 bits', [{ ...rsa, key: newPem('rsa', 512) }], '512 bits'],
    ['two are one in DNS', [rsa, { ...ed25519, selector: 'rsa' }], 'rsa._domainkey.example.org'],
  ])('%s', async (_, dkim, why) => {
    const call = campaign.runScheduler({ until: 'once', dkim } as RunSchedulerOptions);
    const error = await call.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'BAD_SETTING', message: expect.stringContaining(why) });
    expect(inspect(error)).not.toContain(line.slice(10, 30));
  });

  test('a header field that is always signed', async () => {
    await expect(campaign.runScheduler({ dkimSkipHeaders: ['From'] })).rejects.toMatchObject({
      code: 'BAD_SETTING',
      message: expect.stringContaining('dkimSkipHeaders[0]'),
    });
  });
});
