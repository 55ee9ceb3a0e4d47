import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lookUp } from '../../src/store/suppressions/look-up.ts';
import { suppress } from '../../src/store/suppressions/suppress.ts';
import { readSuppressionVersion } from '../../src/store/suppressions/version.ts';
import { expectShape } from '../support/contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type CommandOptions, runCommand, startCommand } from '../support/run-command.ts';

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

const run = (args: string[], options: CommandOptions = {}) =>
  runCommand(['suppress', ...args], { url: db.url, ...options });

const json = async (args: string[], options: CommandOptions = {}) => {
  const { code, stdout, stderr } = await run([...args, '--json'], options);
  return { code, stderr, value: stdout === '' ? undefined : JSON.parse(stdout) };
};

const emails = async (): Promise<string[]> => {
  const rows = await db.database.rows<{ e: string }>(
    'SELECT EMAIL_NORM AS e FROM CAMPAIGN_SUPPRESSIONS ORDER BY 1',
  );
  return rows.map(({ e }) => e);
};

const seed = (...norms: string[]) =>
  suppress(
    db.database,
    norms.map((emailNorm) => ({ emailNorm, topic: '', reason: 'seeded', source: 'test' })),
  );

describe('suppress add', () => {
  it('takes addresses and domains in any spelling, once each', async () => {
    const { code, value } = await json([
      'add',
      'Ann@Example.ORG',
      ' ann@example.org',
      '@München.example',
    ]);
    expect(code).toBe(0);
    expectShape('suppress', value);
    expect(value).toMatchObject({ changed: 2, unchanged: 1, rejected: 0, rejections: [] });
    expect(await emails()).toEqual(['@xn--mnchen-3ya.example', 'ann@example.org']);
  });

  it('of what is no address names it and does the others, with exit code 2', async () => {
    const { code, value, stderr } = await json([
      'add',
      'ann@example.org',
      'nothing',
      '@',
      'ben@example.org',
    ]);
    expect(code).toBe(2);
    expectShape('suppress', value);
    expect(value).toMatchObject({
      changed: 2,
      rejected: 2,
      rejections: [
        { line: null, value: 'nothing', reason: 'no @ in the address' },
        { line: null, value: '@' },
      ],
    });
    const error = JSON.parse(stderr);
    expectShape('error', error);
    expect(error).toMatchObject({
      code: 'BAD_ADDRESS',
      message: expect.stringContaining('"nothing": no @'),
    });
    expect(await emails()).toEqual(['ann@example.org', 'ben@example.org']);
  });

  it('says of no others where there are none', async () => {
    const { code, stderr } = await json(['add', 'nothing', '@']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr).remedy).toMatch(/^give an address such as/);
    const one = await json(['add', 'nothing', 'ann@example.org']);
    expect(JSON.parse(one.stderr).remedy).toMatch(/^the others are suppressed; give an address/);
  });

  it('reads standard input, and names what is none by its line', async () => {
    const { code, value } = await json(['add', '-'], {
      stdin: '\ufeffann@example.org\r\n\r\nnobody\nben@example.org',
    });
    expect(code).toBe(2);
    expect(value).toMatchObject({
      changed: 2,
      rejections: [{ line: 3, value: 'nobody' }],
    });
  });

  it('keeps topic, reason and source, and the first of them', async () => {
    await run([
      'add',
      'ann@example.org',
      '--topic',
      'News',
      '--reason',
      'first',
      '--source',
      'crm',
    ]);
    const again = await json(['add', 'ann@example.org', '--topic', 'news', '--reason', 'second']);
    expect(again.value).toMatchObject({ changed: 0, unchanged: 1 });
    const [entry] = (await lookUp(db.database, ['ann@example.org'])).get('ann@example.org') ?? [];
    expect(entry).toMatchObject({ topic: 'news', reason: 'first', source: 'crm' });
  });

  it.each([
    '@gmail.com',
    '@GMAIL.com',
    '@hotmail.co.uk',
    '@yahoo.com.br',
    '@web.de',
    '@outlook.fr',
  ])(
    'of a whole provider, %s, needs --yes off a terminal, and changes nothing without',
    async (domain) => {
      const refused = await json(['add', 'ann@example.org', domain]);
      expect(refused.code).toBe(2);
      expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'CONFIRMATION_NEEDED' });
      expect(await emails()).toEqual([]);
      expect((await json(['add', domain, '--yes'])).value).toMatchObject({ changed: 1 });
    },
  );

  it('of a whole provider asks on a terminal', async () => {
    const running = startCommand(['suppress', 'add', '@gmail.com'], {
      url: db.url,
      terminal: true,
      env: { TERM: 'dumb' },
    });
    while (!running.stderr.includes('(y/N)')) await new Promise((resolve) => setImmediate(resolve));
    running.type('n\n');
    expect((await running.ended).code).toBe(2);
    expect(await emails()).toEqual([]);
  });

  it.each([
    ['--topic', '-x'],
    ['--topic', 'a b'],
    ['--reason', ''],
    ['--source', 'x'.repeat(33)],
  ])('refuses %s %j', async (...option) => {
    expect((await run(['add', 'ann@example.org', ...option])).code).toBe(2);
    expect(await emails()).toEqual([]);
  });

  it('without an address is wrong usage', async () => {
    expect((await run(['add'])).code).toBe(2);
    expect((await run([])).code).toBe(2);
  });
});

describe('queue --topic', () => {
  it('is the topic of the send, in lower case, and none where it is left out', async () => {
    const body = join(folder, 'body.txt');
    writeFileSync(body, 'Hello');
    const queue = async (...more: string[]) => {
      const { code, stdout } = await runCommand(
        [
          'queue',
          '--list=-',
          '--from=news@example.org',
          '--subject=Hi',
          `--text=${body}`,
          '--yes',
          ...more,
        ],
        { url: db.url, stdin: 'email\nann@example.org\n' },
      );
      if (code !== 0) return code;
      const shown = await runCommand(['progress', stdout.trim(), '--json'], { url: db.url });
      return JSON.parse(shown.stdout).topic;
    };
    expect(await queue('--topic', 'Spring.Sale')).toBe('spring.sale');
    expect(await queue()).toBe('');
    expect(await queue('--topic', 'no topic')).toBe(2);
  });
});

describe('suppress check', () => {
  it('says what keeps an address from being mailed, its domain too', async () => {
    await run(['add', '@example.org', '--reason', 'a trap', '--source', 'legal']);
    await run(['add', 'ann@example.net', '--topic', 'news']);
    const { code, value } = await json([
      'check',
      'Ann@example.org',
      'ann@example.net',
      'ben@example.net',
    ]);
    expect(code).toBe(0);
    expectShape('suppressed', value);
    expect(value).toMatchObject([
      {
        email: 'Ann@example.org',
        suppressed: true,
        topic: '',
        reason: 'a trap',
        source: 'legal',
        entries: [{ email: '@example.org' }],
      },
      { email: 'ann@example.net', suppressed: true, topic: 'news' },
      { email: 'ben@example.net', suppressed: false, topic: null, since: null, entries: [] },
    ]);
    const shop = await json(['check', 'ann@example.net', '--topic', 'shop']);
    expect(shop.value).toMatchObject([{ suppressed: false }]);
  });

  it('looks up the others where one is no address, with exit code 2', async () => {
    const { code, value } = await json(['check', 'x', 'ann@example.org']);
    expect(code).toBe(2);
    expect(value).toMatchObject([{ email: 'ann@example.org', suppressed: false }]);
  });

  it('tells people in words, with nothing that moves their cursor', async () => {
    await seed('ann@example.org');
    await db.database.run(`UPDATE CAMPAIGN_SUPPRESSIONS SET REASON = '\x1b[2Jx'`);
    const { stdout } = await run(['check', 'ann@example.org', 'ben@example.org']);
    expect(stdout).toContain('ann@example.org  suppressed: everything: \\x1b[2Jx (test, ');
    expect(stdout).toContain('ben@example.org  may be mailed');
  });
});

describe('suppress list and export', () => {
  it('go through all entries page by page', async () => {
    await seed('a@x.org', 'b@x.org', 'c@x.org');
    const first = await json(['list', '--limit', '2']);
    expectShape('suppressions', first.value);
    expect(first.value.suppressions).toHaveLength(2);
    const second = await json(['list', '--limit', '2', '--after', first.value.next]);
    expect(second.value).toMatchObject({ suppressions: [{ email: 'c@x.org' }], next: null });
    expect((await run(['list', '--after', 'nonsense'])).code).toBe(2);
    const all = await json(['list', '--all', '--limit', '1']);
    expect(all.value).toMatchObject({ next: null });
    expect(all.value.suppressions).toHaveLength(3);
    const none = await json(['list', '--topic', 'none']);
    expect(none.value).toEqual({ suppressions: [], next: null });
  });

  it('filter by source, reason, time, topic and domain', async () => {
    await seed('a@x.org', 'b@y.org');
    await run(['add', 'c@x.org', '--topic', 'news', '--source', 'crm', '--reason', 'by phone']);
    const found = async (...args: string[]) =>
      (await json(['list', ...args])).value.suppressions.map(
        ({ email }: { email: string }) => email,
      );
    expect(await found('--source', 'crm')).toEqual(['c@x.org']);
    expect(await found('--topic', '')).toEqual(['a@x.org', 'b@y.org']);
    expect(await found('--domain', '@X.org')).toEqual(['a@x.org', 'c@x.org']);
    expect(await found('--reason', 'phone')).toEqual(['c@x.org']);
    expect(await found('--until', '2020-01-01T00:00:00Z')).toEqual([]);
    expect((await run(['list', '--domain', 'no domain'])).code).toBe(2);
  });

  it('export a CSV that no spreadsheet runs', async () => {
    await run(['add', '@example.org', '--reason', '=HYPERLINK("http://x")']);
    const { code, stdout } = await run(['export']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^email,topic,reason,source,since\r\n'@example\.org,,"'=HYPERLINK\(""http:\/\/x""\)",manual,\d{4}-.*Z\r\n$/,
    );
    const { value } = await json(['export']);
    expectShape('suppressions', value);
    expect((await run(['list', '--csv'])).stdout).toBe(stdout);
    await run(['remove', '@example.org']);
    expect((await run(['export'])).stdout).toBe('email,topic,reason,source,since\r\n');
  });
});

describe('suppress remove', () => {
  const save = () => join(folder, 'saved.csv');

  it('of an address takes all its entries, and says what keeps it still', async () => {
    await run(['add', 'ann@example.org', '@example.org']);
    await run(['add', 'ann@example.org', '--topic', 'news']);
    const plain = await run(['remove', 'ANN@example.org', 'ben@example.org']);
    expect(plain.code).toBe(0);
    expect(plain.stdout).toContain('changed: 2\nunchanged: 1\n');
    expect(plain.stderr).toContain('@example.org, the whole domain, everything');
    expect(await emails()).toEqual(['@example.org']);
    expect(readdirSync('.').filter((name) => name.startsWith('suppressions-removed'))).toEqual([]);
  });

  it('of a topic leaves the others', async () => {
    await run(['add', 'ann@example.org', '--topic', 'news']);
    await seed('ann@example.org');
    await json(['remove', 'ann@example.org', '--topic', '']);
    const { value } = await json(['list']);
    expect(value.suppressions).toMatchObject([{ topic: 'news' }]);
  });

  it('of what is no address does the others, with exit code 2', async () => {
    await seed('ann@example.org');
    const { code, value } = await json(['remove', 'ann@example.org', 'x']);
    expect({ code, value }).toMatchObject({ code: 2, value: { changed: 1, rejected: 1 } });
    expect(await emails()).toEqual([]);
  });

  it('by a filter counts first, asks, and saves what it removes', async () => {
    await seed('a@x.org', 'b@x.org');
    await run(['add', 'c@x.org', '--source', 'crm']);
    const filter = ['remove', '--source', 'test', '--domain', 'x.org', '--save', save()];
    const counted = await json([...filter, '--dry-run']);
    expectShape('suppress', counted.value);
    expect(counted.value).toMatchObject({ changed: 2, dryRun: true, saved: null });
    const refused = await json(filter);
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stderr)).toMatchObject({
      code: 'CONFIRMATION_NEEDED',
      message: expect.stringContaining('2 entries'),
    });
    expect(readdirSync(folder)).toEqual([]);
    const before = (await readSuppressionVersion(db.database)).version;
    const { code, value } = await json([...filter, '--yes']);
    expect(code).toBe(0);
    expect(value).toMatchObject({ changed: 2, dryRun: false, saved: save() });
    expect(await emails()).toEqual(['c@x.org']);
    expect((await readSuppressionVersion(db.database)).version).toBe(before + 1);
    expect(readFileSync(save(), 'utf8')).toMatch(
      /^email,.*\r\na@x\.org,,seeded,test,.*\r\nb@x\.org,,seeded,test,.*\r\n$/,
    );
  });

  it('never writes over a file, and removes nothing then', async () => {
    await seed('a@x.org');
    writeFileSync(save(), 'mine');
    const { code, stderr } = await json(['remove', '--source', 'test', '--save', save(), '--yes']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'BAD_FILE' });
    expect(readFileSync(save(), 'utf8')).toBe('mine');
    expect(await emails()).toEqual(['a@x.org']);
    const nowhere = join(folder, 'no', 'such.csv');
    expect((await run(['remove', '--source', 'test', '--save', nowhere, '--yes'])).code).toBe(2);
    expect(await emails()).toEqual(['a@x.org']);
  });

  it('reads whom to remove from standard input, of those only what fits', async () => {
    await seed('a@x.org', 'b@x.org');
    await run(['add', 'c@x.org', '--source', 'crm']);
    const args = ['remove', '-', '--source', 'test', '--save', save()];
    const stdin = 'A@x.org\nc@x.org\n';
    expect((await run(args, { stdin })).code).toBe(2);
    const { value } = await json([...args, '--yes'], { stdin });
    expect(value).toMatchObject({ changed: 1, unchanged: 1, saved: save() });
    expect(await emails()).toEqual(['b@x.org', 'c@x.org']);
  });

  it('with neither an address nor a filter is wrong usage', async () => {
    await seed('a@x.org');
    expect((await run(['remove', '--yes'])).code).toBe(2);
    expect((await run(['remove', '--dry-run'])).code).toBe(2);
    expect(await emails()).toEqual(['a@x.org']);
  });

  it('of more entries than one transaction has takes all of them', async () => {
    await seed(...Array.from({ length: 2500 }, (_, i) => `p${i}@x.org`));
    const { value } = await json(['remove', '--source', 'test', '--save', save(), '--yes']);
    expect(value).toMatchObject({ changed: 2500 });
    expect(await emails()).toEqual([]);
    expect(readFileSync(save(), 'utf8').split('\r\n')).toHaveLength(2502);
  });
});

describe('what is removed by what wrote it, or by words', () => {
  it('is what that wrote, and nothing whose name begins alike, but for imports', async () => {
    const sources = ['crm', 'crm-eu', 'import-1', 'import', 'important'];
    await suppress(
      db.database,
      sources.map((source) => ({
        emailNorm: `${source}@example.org`,
        topic: '',
        reason: 'asked',
        source,
      })),
    );
    await json(['remove', '--source', 'crm', '--yes', '--save', join(folder, 'crm.csv')]);
    expect(await emails()).toEqual(
      ['crm-eu', 'import-1', 'import', 'important'].map((name) => `${name}@example.org`),
    );
    await json(['remove', '--source', 'import', '--yes', '--save', join(folder, 'import.csv')]);
    expect(await emails()).toEqual(['crm-eu@example.org', 'important@example.org']);
  });

  it.each(['--source', '--reason', '--domain'])('is refused where %s is empty', async (option) => {
    await run(['add', 'ann@example.org']);
    for (const empty of ['', ' ']) {
      expect((await run(['remove', option, empty, '--yes'])).code).toBe(2);
    }
    expect(await emails()).toEqual(['ann@example.org']);
  });
});
