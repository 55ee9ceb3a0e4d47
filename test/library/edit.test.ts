import { afterAll, beforeAll, expect, test } from 'vitest';
import { Campaign } from '../../src/index.ts';
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

test('edit changes what is given, takes away what is null, and says what is wrong', async () => {
  const { id } = await campaign.queue({
    list: ['email,name\nann@example.org,Ann\n'],
    from: 'News <news@example.org>',
    replyTo: 'help@example.org',
    subject: 'Helo {{ name }}',
    html: '<p>Dear {{ name }}</p>',
    text: 'Dear {{ name }}',
    paused: true,
  });
  const { values, textStays, progress } = await campaign.edit(id, {
    subject: 'Hello {{ name }}',
    markdown: '# Hi {{ name }}',
    replyTo: null,
  });
  expect({ values, textStays, version: progress.send.version }).toEqual({
    values: ['replyTo', 'subject', 'html'],
    textStays: true,
    version: 2,
  });
  const { html, headers } = await campaign.preview(id);
  expect(html).toContain('Hi Ann</h1>');
  expect(headers.map(({ name }) => name)).not.toContain('Reply-To');
  const failing = (change: object) =>
    campaign.edit(id, change).then(
      () => 'nothing',
      ({ code, message }) => `${code}: ${message}`,
    );
  expect(await failing({ subject: null })).toMatch(/^BAD_SETTING: subject is null/);
  expect(await failing({ list: ['email\n'] })).toMatch(/^BAD_SETTING: edit has no option "list"/);
  expect(await failing({ text: '{{ nme }}' })).toMatch(/^BAD_TEMPLATE: .*"nme"/);
  await campaign.resume(id);
  expect(await failing({ subject: 'x' })).toMatch(/^WRONG_STATE: send \d+ is running/);
});
