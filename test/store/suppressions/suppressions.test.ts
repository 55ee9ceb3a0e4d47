import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NewSuppression, SuppressionFilter } from '../../../src/domain/suppression.ts';
import { findSuppressed, suppressionChanges } from '../../../src/store/suppressions/changes.ts';
import { isSuppressed, lookUp } from '../../../src/store/suppressions/look-up.ts';
import { listSuppressions } from '../../../src/store/suppressions/pages.ts';
import {
  REMOVED_AT_ONCE,
  removeFitting,
  removeOf,
} from '../../../src/store/suppressions/remove.ts';
import { suppress } from '../../../src/store/suppressions/suppress.ts';
import {
  RAISE_VERSION,
  raiseBulkVersion,
  readSuppressionVersion,
} from '../../../src/store/suppressions/version.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { sessionsIn } from '../../support/sessions.ts';
import { versionIsWanted } from '../../support/version-wait.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(() => db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS'));

const no = (emailNorm: string, topic = '', reason = 'asked', source = 'test'): NewSuppression => ({
  emailNorm,
  topic,
  reason,
  source,
});

const versions = () =>
  db.database.rows<{ email: string; topic: string; version: number }>(
    `SELECT EMAIL_NORM AS email, TOPIC AS topic, VERSION AS version
       FROM CAMPAIGN_SUPPRESSIONS ORDER BY EMAIL_NORM, TOPIC`,
  );

const version = async (): Promise<number> => (await readSuppressionVersion(db.database)).version;

const bySql = (email: string) =>
  db.database.run(
    `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, CREATED_AT)
     VALUES (?, 'by hand', UTC_TIMESTAMP(3) - INTERVAL 1 DAY)`,
    [email],
  );

describe('suppressing', () => {
  it('raises the version once for all entries of a call, and these carry it', async () => {
    const before = await version();
    expect(await suppress(db.database, [no('a@x.org'), no('b@x.org', 'news')])).toEqual({
      changed: 2,
      unchanged: 0,
    });
    expect(await version()).toBe(before + 1);
    expect((await versions()).map((row) => row.version)).toEqual([before + 1, before + 1]);
  });

  it('keeps the first reason, source and date of an entry, and writes nothing', async () => {
    await suppress(db.database, [no('a@x.org', '', 'first', 'crm')]);
    const [first] = (await listSuppressions(db.database, {}, null, 9)).entries;
    const before = await version();
    expect(await suppress(db.database, [no('a@x.org', '', 'second', 'manual')])).toEqual({
      changed: 0,
      unchanged: 1,
    });
    expect((await listSuppressions(db.database, {}, null, 9)).entries).toEqual([first]);
    expect(await version()).toBe(before);
  });

  it.each([
    ['smtp', 'unsubscribe', true],
    ['smtp', 'manual', true],
    ['smtp', 'smtp', false],
    ['import-20261128T093000Z', 'unsubscribe', true],
    ['import-20261128T093000Z', 'manual', false],
    ['important', 'unsubscribe', false],
    ['manual', 'unsubscribe', false],
    ['unsubscribe', 'smtp', false],
    ['unsubscribe', 'manual', false],
  ])(
    'of %s is taken over by %s: %s; date, version and topic stay',
    async (there, source, taken) => {
      await suppress(db.database, [no('a@x.org', '', 'first', there), no('b@x.org')]);
      await suppress(db.database, [no('a@x.org', 'news', 'other', there)]);
      const [first, ...others] = (await listSuppressions(db.database, {}, null, 9)).entries;
      const before = await versions();
      const written: NewSuppression[] = [];
      const again = no('a@x.org', '', 'said so', source);
      const change = await suppress(db.database, [again, no('b@x.org')], (all) =>
        written.push(...all),
      );
      expect(change).toEqual({ changed: taken ? 1 : 0, unchanged: taken ? 1 : 2 });
      expect(written).toEqual(taken ? [again] : []);
      expect((await listSuppressions(db.database, {}, null, 9)).entries).toEqual([
        taken ? { ...first, reason: 'said so', source } : first,
        ...others,
      ]);
      expect(await versions()).toEqual(before);
    },
  );

  it("keeps a person's no though what it takes over is being removed", async () => {
    await suppress(db.database, [no('a@x.org', '', '550', 'smtp')]);
    const { saying } = await db.database.transaction(async (tx) => {
      await tx.run(RAISE_VERSION.sql);
      await tx.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
      const saying = suppress(db.database, [no('a@x.org', '', 'said so', 'unsubscribe')]);
      await versionIsWanted(db.database);
      return { saying };
    });
    expect(await saying).toEqual({ changed: 1, unchanged: 0 });
    expect((await listSuppressions(db.database, {}, null, 9)).entries).toMatchObject([
      { emailNorm: 'a@x.org', source: 'unsubscribe' },
    ]);
  });

  it('takes an entry given twice once, the first of them', async () => {
    const twice = [no('a@x.org', '', 'first'), no('a@x.org', '', 'second')];
    expect(await suppress(db.database, twice)).toEqual({ changed: 1, unchanged: 1 });
    expect((await listSuppressions(db.database, {}, null, 9)).entries[0]?.reason).toBe('first');
  });

  it('gives an entry without a version one, for nobody may have been told of it', async () => {
    await bySql('a@x.org');
    const before = await version();
    expect(await suppress(db.database, [no('a@x.org')])).toEqual({ changed: 0, unchanged: 1 });
    expect(await versions()).toEqual([{ email: 'a@x.org', topic: '', version: before + 1 }]);
    expect(await version()).toBe(before + 1);
  });

  it('gives one to an entry that an import writes between its look and its write', async () => {
    const importer = db.connect({ connections: 1 });
    let adding: Promise<unknown> | undefined;
    await importer.transaction(async (tx) => {
      await tx.run(
        `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, CREATED_AT) VALUES ('a@x.org', 'bulk', UTC_TIMESTAMP(3))`,
      );
      adding = suppress(db.database, [no('a@x.org')]);
      await waitsForLock();
    });
    expect(await adding).toEqual({ changed: 0, unchanged: 1 });
    expect((await versions())[0]?.version).toBe(await version());
    expect((await lookUp(db.database, ['a@x.org'])).get('a@x.org')?.[0]?.reason).toBe('bulk');
  });

  it('does not wait for somebody who reads the entries, or holds others', async () => {
    await suppress(db.database, [no('a@x.org'), no('b@x.org')]);
    await db.connect({ connections: 1 }).transaction(async (tx) => {
      await tx.rows(`SELECT * FROM CAMPAIGN_SUPPRESSIONS WHERE EMAIL_NORM = 'a@x.org' FOR UPDATE`);
      expect(await suppress(db.database, [no('a@x.org')])).toEqual({ changed: 0, unchanged: 1 });
      expect(await suppress(db.database, [no('c@x.org')])).toEqual({ changed: 1, unchanged: 0 });
    });
  });

  it('by many at once writes each entry once, and no version is used twice', async () => {
    const before = await version();
    const sums = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        suppress(db.database, [no('all@x.org'), no(`p${i}@x.org`)]),
      ),
    );
    expect(sums.reduce((sum, { changed }) => sum + changed, 0)).toBe(41);
    expect(await version()).toBe(before + 40);
    const used = (await versions()).filter(({ email }) => email !== 'all@x.org');
    expect(new Set(used.map((row) => row.version)).size).toBe(40);
  });

  it('takes more entries than one transaction has, and a reason of any length', async () => {
    const many = Array.from({ length: 3500 }, (_, i) => no(`p${i}@x.org`, '', 'é'.repeat(300)));
    expect(await suppress(db.database, many)).toEqual({ changed: 3500, unchanged: 0 });
    expect(await suppress(db.database, many)).toEqual({ changed: 0, unchanged: 3500 });
  });

  it('of nothing does nothing', async () => {
    const before = await version();
    expect(await suppress(db.database, [])).toEqual({ changed: 0, unchanged: 0 });
    expect(await version()).toBe(before);
  });
});

async function waitsForLock(): Promise<void> {
  for (let looks = 0; looks < 600; looks++) {
    const sessions = await sessionsIn(db.database);
    if (sessions.some((one) => one.statement?.includes('INSERT IGNORE INTO CAMPAIGN_SUPPRESSIONS')))
      return;
  }
  throw new Error('nobody waits');
}

describe('a change without versions', () => {
  it('raises the version and says from where on to ask anew', async () => {
    const before = await version();
    await raiseBulkVersion(db.database);
    expect(await readSuppressionVersion(db.database)).toEqual({
      version: before + 1,
      bulk: before + 1,
    });
    await suppress(db.database, [no('a@x.org')]);
    expect(await readSuppressionVersion(db.database)).toEqual({
      version: before + 2,
      bulk: before + 1,
    });
  });

  it('is made known although it meets others: it is tried again', async () => {
    await db.database.run(
      `CREATE TRIGGER MEETS_OTHERS BEFORE UPDATE ON CAMPAIGN_SUPPRESSION_VERSION FOR EACH ROW
       BEGIN
         SET @tries = COALESCE(@tries, 0) + 1;
         IF @tries < 3 THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found';
         END IF;
       END`,
    );
    try {
      const before = await version();
      await raiseBulkVersion(db.connect({ connections: 1 }));
      expect(await version()).toBe(before + 1);
    } finally {
      await db.database.run('DROP TRIGGER MEETS_OTHERS');
    }
  });
});

describe('what has changed', () => {
  it('is not known by name where the version has gone back, as after a failover to a server that lags', async () => {
    await suppress(db.database, [no('a@x.org')]);
    const known = (await version()) + 5;
    expect(await suppressionChanges(db.database, known, '')).toEqual({
      version: known - 5,
      names: null,
    });
  });
});

describe('removing', () => {
  const remove = async (filter: SuppressionFilter, ...norms: string[]): Promise<number> =>
    (await removeOf(db.database, norms, filter, async () => undefined)).length;

  it('raises the version, and leaves it where there was nothing to remove', async () => {
    await suppress(db.database, [no('a@x.org'), no('b@x.org')]);
    const before = await version();
    expect(await remove({ topic: '' }, 'a@x.org', 'none@x.org')).toBe(1);
    expect(await version()).toBe(before + 1);
    expect(await remove({ topic: '' }, 'a@x.org', 'none@x.org')).toBe(0);
    expect(await version()).toBe(before + 1);
  });

  it('takes the entry of one topic, or without one those of all', async () => {
    await suppress(
      db.database,
      ['', 'news', 'shop'].map((topic) => no('a@x.org', topic)),
    );
    await remove({ topic: 'news' }, 'a@x.org');
    expect((await versions()).map(({ topic }) => topic)).toEqual(['', 'shop']);
    expect(await remove({}, 'a@x.org')).toBe(2);
    expect(await versions()).toEqual([]);
  });
});

describe('an entry that somebody’s SQL wrote with spaces at its end', () => {
  const spaced = async (email: string, topic = ''): Promise<void> => {
    await db.database.run(
      `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, TOPIC, REASON, CREATED_AT)
       VALUES (?, ?, 'by hand', UTC_TIMESTAMP(3) - INTERVAL 1 DAY)`,
      [email, topic],
    );
  };

  it('keeps its address, its domain and its topic from being mailed', async () => {
    await spaced('ann@x.org  ');
    await spaced('@y.org ');
    await spaced('ben@z.org', 'news ');
    expect(await isSuppressed(db.database, 'ann@x.org', '')).toBe(true);
    expect(await isSuppressed(db.database, 'any@y.org', '')).toBe(true);
    expect(await isSuppressed(db.database, 'ben@z.org', 'news')).toBe(true);
    const found = await findSuppressed(db.database, ['ann@x.org', 'eve@x.org'], '');
    expect([...found.keys()]).toEqual(['ann@x.org']);
  });

  it('that is suppressed again is heeded by workers, which are told of it by its name', async () => {
    await spaced('ann@x.org ');
    await spaced('ben@x.org', 'news ');
    const known = await version();
    const again = [no('ann@x.org'), no('ben@x.org', 'news')];
    expect(await suppress(db.database, again)).toEqual({ changed: 0, unchanged: 2 });
    const changes = await suppressionChanges(db.database, known, 'news');
    expect(changes).toEqual({ version: known + 1, names: ['ann@x.org', 'ben@x.org'] });
    expect(await suppress(db.database, again)).toEqual({ changed: 0, unchanged: 2 });
    expect(await version()).toBe(known + 1);
  });

  it('is listed and removed by its name', async () => {
    await spaced('ann@x.org ', 'news ');
    const { entries } = await listSuppressions(db.database, {}, null, 9);
    expect(entries).toMatchObject([{ emailNorm: 'ann@x.org', topic: 'news' }]);
    await removeOf(db.database, ['ann@x.org'], {}, async () => undefined);
    expect(await versions()).toEqual([]);
  });
});

describe('who may be mailed', () => {
  it('is asked by topic: a no to everything, and one to the topic of the send', async () => {
    await suppress(db.database, [no('all@x.org'), no('news@x.org', 'news')]);
    const stops = (norm: string, topic: string) => isSuppressed(db.database, norm, topic);
    expect(await stops('all@x.org', '')).toBe(true);
    expect(await stops('all@x.org', 'news')).toBe(true);
    expect(await stops('news@x.org', 'news')).toBe(true);
    expect(await stops('news@x.org', 'shop')).toBe(false);
    expect(await stops('news@x.org', '')).toBe(false);
    expect(await stops('else@x.org', 'news')).toBe(false);
  });

  it('is asked of the domain too, and never of one above it', async () => {
    await suppress(db.database, [no('@x.org')]);
    expect(await isSuppressed(db.database, 'a@x.org', '')).toBe(true);
    expect(await isSuppressed(db.database, 'a@mail.x.org', '')).toBe(false);
    expect(await isSuppressed(db.database, 'a@xx.org', '')).toBe(false);
    expect(await isSuppressed(db.database, '@x.org', '')).toBe(true);
  });

  it('without a topic gives the entries of every topic, the oldest first', async () => {
    await bySql('a@x.org');
    await suppress(db.database, [no('a@x.org', 'news'), no('@x.org')]);
    const found = await lookUp(db.database, ['a@x.org', 'b@y.org']);
    expect(found.get('a@x.org')?.map(({ emailNorm, topic }) => [emailNorm, topic])).toEqual([
      ['a@x.org', ''],
      ['a@x.org', 'news'],
      ['@x.org', ''],
    ]);
    expect(found.get('b@y.org')).toEqual([]);
  });
});

describe('pages', () => {
  const emails = (filter: Parameters<typeof listSuppressions>[1]) =>
    listSuppressions(db.database, filter, null, 99).then(({ entries }) =>
      entries.map(({ emailNorm, topic }) => `${emailNorm}${topic && ` ${topic}`}`),
    );

  it('go through all entries, none twice, topics of one address apart', async () => {
    const all = ['a@x.org', 'b@x.org', 'c@x.org'].flatMap((email) =>
      ['', 'news', 'shop'].map((topic) => no(email, topic)),
    );
    await suppress(db.database, all);
    const seen: string[] = [];
    for (let after = null as Parameters<typeof listSuppressions>[2]; ; ) {
      const page = await listSuppressions(db.database, {}, after, 2);
      seen.push(...page.entries.map(({ emailNorm, topic }) => `${emailNorm} ${topic}`));
      if (page.next === null) break;
      after = page.next;
    }
    expect(seen).toEqual(all.map(({ emailNorm, topic }) => `${emailNorm} ${topic}`));
  });

  it('end where they should with topics that are none, which somebody’s SQL wrote', async () => {
    const topics = ['', 'News', 'no topic', 'two\nlines', 'z'];
    await suppress(
      db.database,
      topics.map((topic) => no('a@x.org', topic)),
    );
    const seen: string[] = [];
    for (let after = null as Parameters<typeof listSuppressions>[2]; seen.length < 9; ) {
      const { entries, next } = await listSuppressions(db.database, {}, after, 1);
      seen.push(...entries.map(({ topic }) => topic));
      if (next === null) break;
      after = next;
    }
    expect(seen).toEqual(topics);
  });

  it('are gone through to the last when what fits is removed', async () => {
    const many = Array.from({ length: REMOVED_AT_ONCE + 5 }, (_, i) =>
      no(`p${String(i).padStart(5, '0')}@x.org`, 'News'),
    );
    await suppress(db.database, many);
    expect(await removeFitting(db.database, {}, async () => undefined)).toBe(many.length);
    expect(await versions()).toEqual([]);
  });

  it('have what fits topic, source, reason, time and domain', async () => {
    await suppress(db.database, [
      no('a@x.org', '', '5.1.1 no such user', 'smtp'),
      no('b@x.org', 'news', 'said 100%_ no', 'manual'),
      no('@x.org', '', 'all of it', 'manual'),
      no('c@y.org', '', '5.1.1 no such user', 'smtp'),
    ]);
    await bySql('old@x.org');
    expect(await emails({ topic: 'news' })).toEqual(['b@x.org news']);
    expect(await emails({ source: 'smtp' })).toEqual(['a@x.org', 'c@y.org']);
    expect(await emails({ source: 'smtp', domain: 'x.org' })).toEqual(['a@x.org']);
    expect(await emails({ domain: 'x.org' })).toEqual([
      '@x.org',
      'a@x.org',
      'b@x.org news',
      'old@x.org',
    ]);
    expect(await emails({ reason: '0%_ ' })).toEqual(['b@x.org news']);
    const hourAgo = new Date(Date.now() - 3_600_000);
    expect(await emails({ until: hourAgo })).toEqual(['old@x.org']);
    expect(await emails({ since: hourAgo })).toHaveLength(4);
  });
});
