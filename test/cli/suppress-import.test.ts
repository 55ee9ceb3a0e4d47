import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importSuppressions } from '../../src/operations/import-suppressions.ts';
import { listSuppressions } from '../../src/store/suppressions/pages.ts';
import { suppress } from '../../src/store/suppressions/suppress.ts';
import { readSuppressionVersion } from '../../src/store/suppressions/version.ts';
import { expectShape } from '../support/contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type CommandOptions, runCommand } from '../support/run-command.ts';
import { seedQueuedSend } from '../support/seed.ts';

let db: TestDatabase;
let folder: string;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'campaign-suppress-'));
  await db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
  return () => rmSync(folder, { recursive: true });
});

const file = (text: string, name = 'list.csv'): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

async function run(args: string[], options: CommandOptions = {}) {
  const { code, stdout, stderr } = await runCommand(['suppress', ...args, '--json'], {
    url: db.url,
    ...options,
  });
  return { code, stderr, value: stdout === '' ? undefined : JSON.parse(stdout) };
}

const entries = async () => (await listSuppressions(db.database, {}, null, 10_000)).entries;
const emails = async () => (await entries()).map(({ emailNorm }) => emailNorm);

const importOf = (
  chunks: AsyncIterable<string>,
  deps: Partial<Parameters<typeof importSuppressions>[2]> = {},
) =>
  importSuppressions(
    {
      actor: 'tester@host',
      explain: (error: unknown) => error,
      database: async (options: object = {}) => db.connect({ ...options }),
    },
    {
      list: { name: 'list', chunks },
      encoding: undefined,
      emailColumn: undefined,
      topic: undefined,
      reason: undefined,
      source: undefined,
      everybody: false,
      takesProviders: false,
      rejects: null,
    },
    {
      signal: new AbortController().signal,
      onProgress: () => undefined,
      now: () => performance.now(),
      ...deps,
    },
  );

describe('suppress import', () => {
  it('of a list with bad lines takes the good, names the bad by line, and exits 2', async () => {
    const lines = Array.from({ length: 12_000 }, (_, i) => `p${i}@example.org`);
    for (let i = 0; i < 10; i++) lines[1000 * i + 7] = `bad ${i}`;
    const rejects = join(folder, 'rejects.csv');
    const { code, value, stderr } = await run([
      'import',
      file(lines.join('\n')),
      '--rejects',
      rejects,
    ]);
    expect(code).toBe(2);
    expectShape('suppress', value);
    expect(value).toMatchObject({ changed: 11_990, unchanged: 0, rejected: 10, leftOut: 0 });
    expect(value.rejections).toHaveLength(10);
    expect(value.rejections[1]).toMatchObject({ line: 1008, value: 'bad 1' });
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'BAD_ADDRESS',
      message: expect.stringContaining('line 1008: "bad 1"'),
    });
    expect(readFileSync(rejects, 'utf8').trim().split('\n')).toHaveLength(11);
    const [row] = await db.database.rows('SELECT COUNT(*) AS n FROM CAMPAIGN_SUPPRESSIONS');
    expect(row).toEqual({ n: 11_990 });
  });

  it('raises version and bulk behind what it wrote, and again where nothing was new', async () => {
    const path = file('ann@example.org\nben@example.org\nANN@example.org\n');
    const before = await readSuppressionVersion(db.database);
    expect((await run(['import', path])).value).toMatchObject({ changed: 2, unchanged: 1 });
    const after = await readSuppressionVersion(db.database);
    expect(after).toEqual({ version: before.version + 1, bulk: before.version + 1 });
    expect((await run(['import', path])).value).toMatchObject({ changed: 0, unchanged: 3 });
    expect(await readSuppressionVersion(db.database)).toEqual({
      version: after.version + 1,
      bulk: after.version + 1,
    });
    const rows = await db.database.rows('SELECT DISTINCT VERSION AS v FROM CAMPAIGN_SUPPRESSIONS');
    expect(rows).toEqual([{ v: 0 }]);
  });

  it('keeps the first reason and date of those who are there', async () => {
    await suppress(db.database, [
      { emailNorm: 'ann@example.org', topic: '', reason: 'first', source: 'manual' },
    ]);
    const [first] = await entries();
    await run(['import', file('email,created\nann@example.org,1449953655\n')]);
    expect(await entries()).toEqual([first]);
  });

  it('takes what the list says before what the command line says', async () => {
    const path = file(
      'status,reason,email,created\n5.1.1,no such user,ann@example.org,1449953655\n,,ben@example.org,\n',
    );
    await run(['import', path, '--topic', 'news', '--reason', 'given', '--source', 'sendgrid']);
    expect(await entries()).toMatchObject([
      {
        emailNorm: 'ann@example.org',
        topic: 'news',
        reason: '5.1.1 no such user',
        source: 'sendgrid',
        createdAt: new Date(1449953655000),
      },
      { emailNorm: 'ben@example.org', reason: 'given', topic: 'news' },
    ]);
  });

  it('dates nobody from the future', async () => {
    await run(['import', file('email,created\nann@example.org,4102444800\n')]);
    const [entry] = await entries();
    expect(entry?.createdAt.getTime()).toBeLessThan(Date.now() + 60_000);
  });

  it('can be undone by its source, and what was removed be put back as it was', async () => {
    await suppress(db.database, [
      { emailNorm: '@example.net', topic: '', reason: 'it\'s, "so"', source: 'manual' },
      { emailNorm: 'ann@example.org', topic: 'news', reason: '=1+1', source: 'manual' },
    ]);
    const mine = await entries();
    const people = Array.from({ length: 3000 }, (_, i) => `p${i}@example.org`);
    const imported = await runCommand(['suppress', 'import', file(people.join('\n'))], {
      url: db.url,
    });
    const [, source = ''] = /--source (import-\S+Z)`/.exec(imported.stderr) ?? [];
    expect(source.length).toBeLessThanOrEqual(32);
    const all = await entries();
    expect(all).toHaveLength(3002);
    expect((await run(['list', '--source', 'import', '--all'])).value.suppressions).toHaveLength(
      3000,
    );

    const saved = join(folder, 'removed.csv');
    const removed = await run([
      'remove',
      '--until',
      '2100-01-01T00:00:00Z',
      '--save',
      saved,
      '--yes',
    ]);
    expect(removed.value).toMatchObject({ changed: 3002 });
    expect(await entries()).toEqual([]);
    expect(await run(['import', saved])).toMatchObject({ code: 0, value: { changed: 3002 } });
    expect(await entries()).toEqual(all);

    const undone = await run(['remove', '--source', source, '--save', `${saved}2`, '--yes']);
    expect(undone.value).toMatchObject({ changed: 3000 });
    expect(await entries()).toEqual(mine);
  });

  it('tells how it is taken back only where that takes back nothing else', async () => {
    const told = async (...args: string[]): Promise<boolean> =>
      (await runCommand(['suppress', 'import', ...args], { url: db.url })).stderr.includes(
        'takes it back',
      );
    expect(await told(file('ann@example.org\n'))).toBe(true);
    expect(await told(file('ben@example.org\n'), '--source', 'crm')).toBe(false);
    const ours =
      'email,topic,reason,source,since\ncat@example.org,,asked,manual,\ndan@example.org,,asked,,\n';
    expect(await told(file(ours))).toBe(false);
    expect(await emails()).toHaveLength(4);
  });

  it('rejects whole providers without --yes', async () => {
    const path = file('ann@example.org\n@gmail.com\n');
    const { code, value } = await run(['import', path]);
    expect(code).toBe(2);
    expect(value.rejections).toMatchObject([{ line: 2, value: '@gmail.com' }]);
    expect(await emails()).toEqual(['ann@example.org']);
    expect(await run(['import', path, '--yes'])).toMatchObject({ code: 0, value: { changed: 1 } });
  });

  it('reads standard input', async () => {
    const { code } = await run(['import', '-'], { stdin: '{"email":"ann@example.org"}\n' });
    expect(code).toBe(0);
    expect(await emails()).toEqual(['ann@example.org']);
  });

  it('that fails at a line has suppressed what came before, for every worker', async () => {
    const people = Array.from({ length: 3000 }, (_, i) => `p${i}@example.org,\n`).join('');
    const before = await readSuppressionVersion(db.database);
    const path = file(`email,reason\n${people}x@example.org,"never closed\n${people}`);
    const { code, stderr } = await run(['import', path]);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'BAD_LIST' });
    expect((await readSuppressionVersion(db.database)).bulk).toBeGreaterThan(before.bulk);
  });

  it.each([['no such file', '/nonexistent/list.csv', 'BAD_FILE']])(
    'of %s is refused',
    async (_, path, code) => {
      const result = await run(['import', path]);
      expect(result.code).toBe(2);
      expect(JSON.parse(result.stderr)).toMatchObject({ code });
    },
  );

  it('that is interrupted keeps what was read, heeded', async () => {
    const stop = new AbortController();
    async function* endless() {
      for (let i = 0; ; i++) {
        yield `p${i}@example.org\n`.repeat(1);
        if (i === 20_000) stop.abort('SIGINT');
      }
    }
    const before = await readSuppressionVersion(db.database);
    const { result } = await importOf(endless(), { signal: stop.signal });
    expect(result.changed).toBeGreaterThan(19_000);
    expect((await readSuppressionVersion(db.database)).bulk).toBeGreaterThan(before.bulk);
    const [row] = await db.database.rows<{ n: number }>(
      'SELECT COUNT(*) AS n FROM CAMPAIGN_SUPPRESSIONS',
    );
    expect(row?.n).toBe(result.changed);
  });

  it.each([
    ['leaves eight ninths of the time to a send that is under way', 'ann@h:1:1', 8],
    ['works without a break where no send is', null, 0],
  ])('%s', async (_, claimedBy, share) => {
    const id = await seedQueuedSend(db.database, { emails: ['ann@example.org'] });
    await db.database.run(
      'UPDATE CAMPAIGN_SENDS SET CLAIMED_BY = ?, CLAIMED_AT = UTC_TIMESTAMP(3) WHERE ID = ?',
      [claimedBy, id],
    );
    let time = 0;
    let paused = 0;
    async function* list() {
      for (let i = 0; i < 3_000; i++) yield `p${i}@example.org\n`;
    }
    await importOf(list(), {
      now: () => {
        time += 100;
        return time;
      },
      pause: async (ms) => {
        paused += ms;
      },
    });
    await db.database.run('UPDATE CAMPAIGN_SENDS SET CLAIMED_BY = NULL WHERE ID = ?', [id]);
    expect(paused).toBeGreaterThanOrEqual(share * 200);
    expect(paused).toBeLessThanOrEqual(share * time);
  });

  it('by several at once of one list writes each entry once', async () => {
    const people = Array.from({ length: 8000 }, (_, i) => `p${i}@example.org`);
    const paths = [people, people.toReversed(), people].map((all, i) =>
      file(all.join('\n'), `list-${i}.csv`),
    );
    const results = await Promise.all(paths.map((path) => run(['import', path])));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(results.reduce((sum, { value }) => sum + value.changed, 0)).toBe(8000);
  });
});
