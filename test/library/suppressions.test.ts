import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Campaign, type Suppression } from '../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let campaign: Campaign;
beforeAll(async () => {
  db = await createTestDatabase();
  campaign = new Campaign({ databaseUrl: db.url, actor: 'tester@host' });
});
afterAll(async () => {
  await campaign.close();
  await db.drop();
});
beforeEach(() => db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS'));

const all = async (filter = {}): Promise<Suppression[]> => {
  const entries: Suppression[] = [];
  for await (const entry of campaign.suppressions(filter)) entries.push(entry);
  return entries;
};
const emails = async (filter = {}) => (await all(filter)).map(({ emailNorm }) => emailNorm);

describe('a program', () => {
  it('suppresses, checks, lists and lets be mailed again', async () => {
    expect(
      await campaign.suppress('Ann@example.org', { topic: 'News', reason: 'asked' }),
    ).toMatchObject({ changed: 1, rejected: 0 });
    expect(await campaign.suppress(['@example.net', 'nobody'])).toMatchObject({
      changed: 1,
      rejections: [{ line: null, value: 'nobody' }],
    });
    expect(await campaign.checkSuppressed(['ann@example.org', 'x@example.net'])).toMatchObject([
      { email: 'ann@example.org', entries: [{ topic: 'news', source: 'library' }] },
      { entries: [{ emailNorm: '@example.net' }] },
    ]);
    expect(await campaign.checkSuppressed('ann@example.org', { topic: 'shop' })).toMatchObject([
      { entries: [] },
    ]);
    expect(await emails({ domain: 'example.net' })).toEqual(['@example.net']);
    const told: string[] = [];
    await campaign.unsuppress({
      source: 'library',
      topic: 'news',
      onRemoving: (entries) => void told.push(...entries.map(({ emailNorm }) => emailNorm)),
    });
    expect(told).toEqual(['ann@example.org']);
    expect(await campaign.unsuppress({ addresses: '@example.net' })).toMatchObject({ changed: 1 });
    expect(await all()).toEqual([]);
  });

  it('keeps what it is told of and could not keep itself', async () => {
    await campaign.suppress(['ann@example.org']);
    const full = new Error('no room');
    const failing = campaign.unsuppress({
      source: 'library',
      onRemoving: () => {
        throw full;
      },
    });
    await expect(failing).rejects.toBe(full);
    expect(await emails()).toEqual(['ann@example.org']);
  });

  it('imports a stream, and goes on where an import was aborted', async () => {
    const people = Array.from({ length: 3000 }, (_, i) => `p${i}@example.org\n`);
    expect(await campaign.importSuppressions({ list: people, source: 'crm' })).toMatchObject({
      changed: 3000,
    });
    expect(await emails({ source: 'crm' })).toHaveLength(3000);
    const stop = new AbortController();
    async function* endless() {
      for (let i = 0; ; i++) {
        yield `q${i}@example.org\n`;
        if (i === 5000) stop.abort(new Error('enough'));
      }
    }
    await expect(
      campaign.importSuppressions({ list: endless(), signal: stop.signal }),
    ).rejects.toThrow('enough');
    expect((await emails()).length).toBeGreaterThan(3000);
  });

  it('is told the option that is wrong', async () => {
    const wrong: [() => Promise<unknown>, string, string][] = [
      [() => campaign.suppress('a@x.org', { topic: '-' }), 'BAD_SETTING', 'topic'],
      [() => campaign.suppress(7 as unknown as string), 'BAD_SETTING', 'addresses'],
      [() => campaign.suppress('@gmail.com'), 'CONFIRMATION_NEEDED', 'gmail.com'],
      [() => campaign.unsuppress({}), 'BAD_SETTING', 'addresses'],
      [() => campaign.unsuppress({ domain: 'x' }), 'BAD_SETTING', 'domain'],
      [() => campaign.checkSuppressed('x'), 'BAD_ADDRESS', 'x'],
      [() => campaign.forget('x'), 'BAD_ADDRESS', 'x'],
      [() => campaign.importSuppressions({ list: [] as string[] }), 'BAD_LIST', 'empty'],
    ];
    for (const [call, code, words] of wrong) {
      await expect(call()).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    }
    expect(await all()).toEqual([]);
    expect(await campaign.suppress('@gmail.com', { wholeProviders: true })).toMatchObject({
      changed: 1,
    });
  });

  it('queues a send with a topic, which its progress has', async () => {
    const { id } = await campaign.queue({
      list: ['email\nann@example.org\n'],
      from: 'news@example.org',
      subject: 'Hi',
      text: 'Hi',
      topic: 'News',
    });
    expect((await campaign.progress(id)).send.topic).toBe('news');
    expect((await campaign.forget('ann@example.org', { blank: true })).left).toBe(1);
  });
});
