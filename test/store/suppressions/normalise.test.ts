import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { normaliseSuppressions } from '../../../src/store/suppressions/normalise.ts';
import { listSuppressions } from '../../../src/store/suppressions/pages.ts';
import { suppress } from '../../../src/store/suppressions/suppress.ts';
import { readSuppressionVersion } from '../../../src/store/suppressions/version.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { runCommand } from '../../support/run-command.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(() => db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS'));

const bySql = (email: string, reason: string, daysAgo = 0, topic = '') =>
  db.database.run(
    `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, TOPIC, REASON, CREATED_AT)
     VALUES (?, ?, ?, UTC_TIMESTAMP(3) - INTERVAL ? DAY)`,
    [email, topic, reason, daysAgo],
  );

const entries = async () => (await listSuppressions(db.database, {}, null, 9999)).entries;
const shown = async () =>
  (await entries()).map(({ emailNorm, topic, reason }) => [emailNorm, topic, reason]);

describe('entries written by SQL', () => {
  it('are brought into their normal form, once, and the version tells of it', async () => {
    await bySql('ANN@Example.ORG', 'upper');
    await bySql(' ben@example.org ', 'spaces');
    await bySql('dan@example.org  ', 'spaces', 0, 'news ');
    await bySql('cat@münchen.example', 'u-label');
    await bySql('@MÜNCHEN.example', 'domain', 0, 'News');
    await bySql('fine@example.org', 'fine');
    await bySql('nobody', 'none');
    const before = await readSuppressionVersion(db.database);
    expect(await normaliseSuppressions(db.database)).toEqual({ normalised: 5, left: 1 });
    expect(await shown()).toEqual([
      ['@xn--mnchen-3ya.example', 'news', 'domain'],
      ['ann@example.org', '', 'upper'],
      ['ben@example.org', '', 'spaces'],
      ['cat@xn--mnchen-3ya.example', '', 'u-label'],
      ['dan@example.org', 'news', 'spaces'],
      ['fine@example.org', '', 'fine'],
      ['nobody', '', 'none'],
    ]);
    const after = await readSuppressionVersion(db.database);
    expect(after.version).toBeGreaterThan(before.version);
    const changed = await db.database.rows(
      'SELECT COUNT(*) AS n FROM CAMPAIGN_SUPPRESSIONS WHERE VERSION > ?',
      [before.version],
    );
    expect(changed).toEqual([{ n: 5 }]);
    expect(await normaliseSuppressions(db.database)).toEqual({ normalised: 0, left: 1 });
    expect(await readSuppressionVersion(db.database)).toEqual(after);
  });

  it.each([
    ['the earlier', 2, 1],
    ['the later', 1, 2],
  ])('of which one is there in both forms, keep %s as the old one', async (_, old, normal) => {
    await bySql('ANN@example.org', 'old', old);
    await bySql('ann@example.org', 'normal', normal);
    expect(await normaliseSuppressions(db.database)).toMatchObject({ normalised: 1 });
    const [entry, ...others] = await entries();
    expect(others).toEqual([]);
    expect(entry?.reason).toBe(old > normal ? 'old' : 'normal');
    const days = (Date.now() - (entry?.createdAt.getTime() ?? 0)) / 86_400_000;
    expect(Math.round(days)).toBe(2);
  });

  it('of more than a page are all done by migrate, which says so and changes no other', async () => {
    await suppress(
      db.database,
      Array.from({ length: 3000 }, (_, i) => ({
        emailNorm: `p${i}@example.org`,
        topic: '',
        reason: 'kept',
        source: 'test',
      })),
    );
    await db.database.run(
      `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, CREATED_AT)
       SELECT UPPER(CONCAT('x', EMAIL_NORM)), 'sql', CREATED_AT FROM CAMPAIGN_SUPPRESSIONS`,
    );
    const { code, stderr } = await runCommand(['migrate'], { url: db.url });
    expect(code).toBe(0);
    expect(stderr).toContain('3,000 suppressions written by SQL');
    const all = (await shown()).map(([email]) => email);
    expect(all).toHaveLength(6000);
    expect(all.every((email) => email === email?.toLowerCase())).toBe(true);
  });
});
