import { afterAll, beforeAll, expect, test } from 'vitest';
import { Campaign, type QueueOptions } from '../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

let db: TestDatabase;
let smtp: SmtpServer;
let campaign: Campaign;
beforeAll(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer();
  campaign = new Campaign({ databaseUrl: db.url, smtpUrl: smtp.url, actor: 'shop@web1' });
});
afterAll(async () => {
  await campaign.close();
  await smtp.close();
  await db.drop();
});

const message = (): QueueOptions => ({
  list: ['email,name\nann@example.org,Ann\nbob@example.org,Bob\n'],
  from: 'News <news@example.org>',
  subject: 'Hello {{ name }}',
  text: 'Dear {{ name }}',
});

test('test with now sends the test mails and nothing of the list, without a scheduler', async () => {
  const { id } = await campaign.queue(message());
  await expect(campaign.test(id, { to: 'me@example.net' })).rejects.toMatchObject({
    code: 'NO_SCHEDULER',
  });
  const { of, recipients, trouble } = await campaign.test(id, { to: 'me@example.net', now: true });
  expect({ of, recipients, trouble }).toMatchObject({
    of: id,
    recipients: [{ email: 'me@example.net', row: 1, status: 'sent', smtpCode: 250 }],
    trouble: null,
  });
  const unqueued = await campaign.test(message(), {
    to: ['me@example.net'],
    email: 'bob@example.org',
    plain: true,
    now: true,
  });
  expect(unqueued).toMatchObject({ of: null, recipients: [{ row: 2, status: 'sent' }] });
  const subjects = smtp.messages.map(({ raw }) => /^Subject: (.*)\r$/m.exec(raw)?.[1]);
  expect(subjects).toEqual(['[TEST] Hello Ann', 'Hello Bob']);
  expect((await campaign.progress(id)).pending).toBe(2);
  expect((await campaign.list()).map(({ send }) => send.id)).toEqual([id]);
  expect(await campaign.list({ tests: true })).toHaveLength(3);
  await expect(campaign.test(id, { to: [] })).rejects.toMatchObject({ code: 'BAD_SETTING' });
});
