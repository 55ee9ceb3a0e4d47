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

test('clone queues the message anew, for a list or for rows of the send itself', async () => {
  const { id } = await campaign.queue({
    list: ['email,name\nann@example.org,Ann\nbob@example.org,Bob\n'],
    from: 'News <news@example.org>',
    subject: 'Hello {{ name }}',
    text: 'Dear {{ name }}',
    topic: 'news',
    key: 'first',
    paused: true,
  });
  const other = await campaign.clone(id, {
    list: ['email,name\neve@example.org,Eve\n'],
    rate: '2/s',
  });
  expect((await campaign.progress(other.id)).send).toMatchObject({
    topic: 'news',
    key: null,
    delayMs: 500,
    total: 1,
  });
  await campaign.cancel(id);
  const same = await campaign.clone(id, { status: 'pending', subject: 'Again {{ name }}' });
  expect(same).toMatchObject({ name: 'Again {{ name }}', total: 2 });
  await expect(campaign.clone(id, {})).rejects.toMatchObject({
    code: 'BAD_SETTING',
    message: 'neither list nor status is given',
  });
});
