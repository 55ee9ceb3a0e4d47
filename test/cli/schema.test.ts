import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDeclarations } from '../../src/cli/declarations.ts';
import { errorSchema, PRINTED } from '../../src/contract/schema/shapes.ts';
import { compileSchema } from '../support/contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';
import { spawnCampaign } from '../support/spawn-campaign.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const schemaOf = async (...words: string[]) => {
  const { code, stdout, stderr } = await runCommand(['schema', ...words]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
};

describe('schema', () => {
  it('prints one for each command that has --json, and bears what that prints', async () => {
    const printers = (await loadDeclarations()).filter(({ prints }) => prints !== undefined);
    expect(new Set(printers.map(({ prints }) => prints))).toEqual(new Set(Object.keys(PRINTED)));
    for (const { name } of printers) {
      const schema = await schemaOf(...name.split(' '));
      expect(schema).toMatchObject({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        $id: `urn:campaign-sender:${name.replaceAll(' ', '-')}`,
        title: `campaign ${name} --json`,
      });
      compileSchema(schema);
    }
    const id = String(await seedSendWithRows(db.database, rowsOf({ sent: 1, pending: 2 })));
    for (const args of [['progress', id], ['list'], ['recipients', id], ['verify', id]]) {
      const validate = compileSchema(await schemaOf(args[0] ?? ''));
      const { stdout } = await runCommand([...args, '--json'], { url: db.url });
      expect(validate(JSON.parse(stdout))).toBe(true);
      expect(validate('nothing of the kind')).toBe(false);
    }
  });

  it('says which lines a stream has, in the commands that can print one', async () => {
    expect((await schemaOf('progress')).description).toContain('with --watch an object a line');
    expect((await schemaOf('pause')).description).not.toContain('--watch');
    expect((await schemaOf('run-scheduler')).description).toContain('on stderr');
  });

  it('of an error is that of what stderr ends with', async () => {
    const validate = compileSchema(await schemaOf('error'));
    const { stderr } = await runCommand(['schema', 'frob', '--json']);
    const plain = await runCommand(['progress', '99999', '--json'], { url: db.url });
    expect(validate(JSON.parse(plain.stderr))).toBe(true);
    expect(errorSchema.safeParse(JSON.parse(stderr)).success).toBe(true);
  });

  it.each([
    [['frob'], 'there is no command "frob"'],
    [['completion'], '"completion" prints no JSON'],
    [['sandbox'], '"sandbox" is several commands'],
    [['sandbox', 'frob'], 'there is no command "sandbox frob"'],
    [['progress', 'frob'], 'there is no command "progress frob"'],
    [['constructor'], 'there is no command "constructor"'],
  ])('refuses %j and says what there is', async (words, message) => {
    const { code, stdout, stderr } = await runCommand(['schema', ...words]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^campaign: ${message}\ngive one of .*sandbox st`));
    expect(/, error$/m.test(stderr)).toBe(words[0] !== 'sandbox' || words.length > 1);
  });
});

describe('what is loaded', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'campaign-loaded-'));
    writeFileSync(
      join(directory, 'hook.mjs'),
      `import { appendFileSync } from 'node:fs';
       export async function load(url, context, next) {
         appendFileSync(${JSON.stringify(join(directory, 'loaded'))}, url + '\\n');
         return next(url, context);
       }`,
    );
    writeFileSync(
      join(directory, 'register.mjs'),
      `import { register } from 'node:module'; register('./hook.mjs', import.meta.url);`,
    );
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** What a command line loads: URLs of packages' files and of the program's, and the modules that these are made of. */
  async function loadedBy(...args: string[]): Promise<string> {
    writeFileSync(join(directory, 'loaded'), '');
    const { code } = await spawnCampaign(args, {
      env: {
        CAMPAIGN_DATABASE_URL: db.url,
        CAMPAIGN_SMTP_URL: 'smtp://127.0.0.1:1',
        NODE_OPTIONS: `--import=${join(directory, 'register.mjs')}`,
      },
    });
    expect(code).toBe(0);
    const urls = readFileSync(join(directory, 'loaded'), 'utf8').trim().split('\n');
    const modules = urls
      .filter((url) => url.includes('/dist/program/'))
      .flatMap((url) => readFileSync(fileURLToPath(url), 'utf8').match(/^\/\/ dist\/.*$/gm) ?? []);
    return [...urls, ...modules].join('\n');
  }

  it('by a command is neither zod nor a schema nor what documentation is made with', async () => {
    const id = String(await seedSendWithRows(db.database, rowsOf({ pending: 2 })));
    for (const args of [
      ['progress', id, '--json'],
      ['list', '--json'],
      ['pause', id],
      ['migrate'],
    ]) {
      const loaded = await loadedBy(...args);
      expect(loaded).toContain('/contract/');
      expect(loaded).not.toMatch(/\/zod\/|\/contract\/schema\/|\/docs\/(?!topics\.js)/);
    }
  });

  it('by a command is a dozen files of the program, not a hundred modules', async () => {
    const id = String(await seedSendWithRows(db.database, rowsOf({ pending: 2 })));
    const loaded = (await loadedBy('progress', id)).split('\n');
    expect(loaded.filter((name) => name.includes('/dist/program/')).length).toBeLessThan(20);
    expect(loaded.filter((name) => name.startsWith('// dist/')).length).toBeGreaterThan(60);
  });

  it('by help, for which all that is declared is looked at, is next to nothing', async () => {
    const loaded = await loadedBy('--help');
    const packages = [...loaded.matchAll(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)];
    expect([...new Set(packages.map(([, name]) => name))].sort()).toEqual([
      'commander',
      'dotenv',
      'leven',
    ]);
  });

  it('by completion of words is no database either', async () => {
    const loaded = await loadedBy('__complete', '--', 'list', '--');
    expect(loaded).toContain('/docs/completion/');
    expect(loaded).not.toMatch(/\/zod\/|\/mysql2\/|\/nodemailer\//);
  });

  it('by schema is zod', async () => {
    expect(await loadedBy('schema', 'progress')).toMatch(/\/zod\//);
  });
});
