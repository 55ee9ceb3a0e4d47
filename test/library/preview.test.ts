import { afterAll, beforeAll, expect, test } from 'vitest';
import { Campaign, type QueueOptions } from '../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let campaign: Campaign;
beforeAll(async () => {
  db = await createTestDatabase();
  campaign = new Campaign({ databaseUrl: db.url, actor: 'shop@web1' });
});
afterAll(async () => {
  await campaign.close();
  await db.drop();
});

const message = (): QueueOptions => ({
  list: ['email,name\nann@example.org,Ann\nbob@example.org,Bob\n'],
  from: 'News <news@example.org>',
  subject: 'Hello {{ name }}',
  html: '<p>Dear {{ name }}</p>',
});

test('a preview of what queue is given needs no database', async () => {
  const away = new Campaign({ databaseUrl: 'mysql://nobody@127.0.0.1:9/none', actor: 'shop@web1' });
  const { row, html, envelope } = await away.preview(message(), { row: 2 });
  expect({ row, html, to: envelope.to }).toEqual({
    row: 2,
    html: '<p>Dear Bob</p>',
    to: 'bob@example.org',
  });
  await away.close();
});

test('a preview of a send is of its ledger, and says what is wrong with what it is given', async () => {
  const { id } = await campaign.queue(message());
  const { text, eml } = await campaign.preview(id, { email: 'bob@example.org' });
  expect(text).toBe('Dear Bob');
  expect(Buffer.from(eml).toString()).toContain('Subject: Hello Bob\r\n');
  await expect(campaign.preview(id, { row: 3 })).rejects.toMatchObject({
    code: 'NO_SUCH_RECIPIENT',
  });
  await expect(campaign.preview(0)).rejects.toMatchObject({ code: 'BAD_SETTING' });
  await expect(campaign.preview(message(), { rows: 3 } as never)).rejects.toMatchObject({
    code: 'BAD_SETTING',
    message: 'preview has no option "rows"',
  });
});
