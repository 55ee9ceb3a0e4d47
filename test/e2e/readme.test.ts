import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseTopic } from '../../src/cli/docs/topic-text.ts';
import operations from '../../src/cli/docs/topics/operations.ts';
import { topics } from '../../src/cli/docs/topics.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { collectOutput } from '../support/output.ts';
import { seedQueuedSend } from '../support/seed.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';
import { requireSystemdAnalyze, systemdAnalyze } from '../support/systemd.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Fenced blocks in order, with what is behind their opening fence. */
const BLOCKS = [...README.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', text = '']) => ({ language, text }),
);
const blocks = (language: string): string[] =>
  BLOCKS.filter((block) => block.language === language).map(({ text }) => text);

/** What `campaign help operations` says to copy, as blocks. */
const COPIED = parseTopic(operations).flatMap((block) =>
  block.kind === 'literal' ? [`${block.lines.join('\n')}\n`] : [],
);
const UNIT = COPIED.find((text) => text.startsWith('[Unit]')) ?? '';

/** What is typed: the lines behind a prompt. */
const typed = (text: string): string[] =>
  text.split('\n').flatMap((line) => /^\$ (.*)$/.exec(line)?.[1] ?? []);

/** They set up, test or measure this checkout, and have tests or a run of their own. */
const ELSEWHERE = /^npm (run (demo|check|chaos|bench)|test)\b/;

let directory: string;
let db: TestDatabase;
let smtp: SmtpServer;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'campaign-test-readme-'));
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer();
});
afterEach(async () => {
  await smtp.close();
  await db.drop();
});

/** Runs a script without blocking the servers of this process. */
async function run(program: string, args: string[], cwd: string, env: Record<string, string>) {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  return collectOutput(child).ended;
}

/** The servers of the README are these. */
const withOurServers = (text: string): string =>
  text.replace(/mysql:\/\/[^'\s]*/g, db.url).replace(/smtp:\/\/[^'\s]*/g, smtp.url);

describe('the README', () => {
  test('names no program that npm would fetch from strangers', () => {
    for (const file of ['README.md', 'bin/demo.js']) {
      expect(readFileSync(join(ROOT, file), 'utf8')).not.toMatch(/\bnpx\b/);
    }
    expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).toMatchObject({
      name: 'campaign-sender',
      bin: { campaign: 'bin/campaign.js' },
    });
  });

  test('is a page that one reads', () => {
    expect(README.split('\n').length).toBeLessThan(400);
  });

  test('leads to every help topic and to files that are there', () => {
    const named = [...README.matchAll(/`campaign\s+help\s+([a-z-]+)`/g)].map(([, name]) => name);
    expect([...new Set(named)].sort()).toEqual(topics.map(({ name }) => name).sort());
    const links = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path);
    expect(links).toContain('src/cli/docs/topics/lists.ts');
    expect(links.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('says of every package why it is there', () => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
    const reasons = README.slice(README.indexOf('Packages, and why each:'));
    const packages = [...Object.keys(dependencies), ...Object.keys(devDependencies)]
      .filter((name) => !name.startsWith('@types/'))
      .map((name) => name.replace(/^@.*\//, ''));
    expect(packages.filter((name) => !reasons.toLowerCase().includes(name))).toEqual([]);
  });

  test('says how many packages they bring', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: true; devOptional?: true }>;
    };
    const brought = Object.entries(packages).filter(
      ([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional,
    );
    expect(README).toContain(`They bring ${brought.length} packages, `);
  });

  test('and the help for running it for good say the same settings file and cron line', () => {
    expect(COPIED).toEqual([UNIT, ...blocks('sh'), ...blocks('crontab')]);
  });

  const consoles = blocks('console').filter(
    (text) => !typed(text).every((line) => ELSEWHERE.test(line)),
  );

  test('has a first campaign to type', () => {
    expect(consoles.flatMap(typed)).toContainEqual(expect.stringMatching(/^campaign queue /));
  });

  test.each(consoles.map((text) => [text]))(
    'works as it is typed, line by line:\n%s',
    async (text) => {
      // Beside the packages and the build that are there: a set-up would fetch them again.
      const clone = mkdtempSync(join(directory, 'clone-'));
      for (const part of ['bin', 'dist', 'sql', 'package.json', 'package-lock.json']) {
        cpSync(join(ROOT, part), join(clone, part), { recursive: true });
      }
      symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
      const prefix = mkdtempSync(join(directory, 'prefix-'));
      const node = dirname(process.execPath);
      const lines = typed(text).map((line) =>
        line.replace(/^npm ci && npm link\b/, 'npm link --ignore-scripts --offline'),
      );
      const { code, stdout, stderr } = await run(
        'bash',
        ['-c', `set -e\n${withOurServers(lines.join('\n'))}`],
        clone,
        {
          PATH: `${join(prefix, 'bin')}:${node}:/usr/bin:/bin`,
          HOME: directory,
          npm_config_prefix: prefix,
        },
      );
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toContain('completed');
      expect(smtp.countsByRecipient()).toEqual(
        new Map([
          ['ada@example.org', 1],
          ['grace@example.org', 1],
        ]),
      );
      expect(
        smtp.messages.map(({ raw }) => /^Subject: (.*)$/m.exec(raw)?.[1]?.trim()).sort(),
      ).toEqual(['Hello Ada', 'Hello Grace']);
    },
  );
});

describe("the README's program", () => {
  const [program = ''] = blocks('js');

  test('queues a list, mails it, and says what became of it', async () => {
    const project = mkdtempSync(join(directory, 'project-'));
    mkdirSync(join(project, 'node_modules'));
    symlinkSync(ROOT, join(project, 'node_modules/campaign-sender'));
    writeFileSync(join(project, 'program.mjs'), withOurServers(program));
    writeFileSync(
      join(project, 'list.csv'),
      'email,name\nada@example.org,Ada\ngrace@example.org,Grace\n',
    );
    const { code, stdout, stderr } = await run(process.execPath, ['program.mjs'], project, {});
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'completed: 2 of 2 sent\n',
      stderr: '',
    });
    expect(smtp.countsByRecipient().get('ada@example.org')).toBe(1);
  });
});

describe("the README's settings file for systemd and cron", () => {
  const [text = ''] = blocks('sh');

  test('is read alike by the shell, by us as .env, and by systemd, whose quotes are the same', () => {
    const file = join(directory, '.env');
    writeFileSync(file, text);
    const shell = spawnSync('env', ['-i', 'sh', '-c', `set -a; . ${file}; exec /usr/bin/env`], {
      encoding: 'utf8',
    });
    const exported = Object.fromEntries(
      shell.stdout.split('\n').flatMap((line) => {
        const [, name, value] = /^(CAMPAIGN_\w+)=(.*)$/.exec(line) ?? [];
        return name ? [[name, value]] : [];
      }),
    );
    const fromShell = loadSettings(exported, '/');
    const fromFile = loadSettings({}, directory);
    expect(fromFile.database).toEqual(fromShell.database);
    expect(fromFile.smtp).toEqual(fromShell.smtp);
    expect(fromFile.smtp?.user).toBe('news@example.org');
    rmSync(file);
  });
});

describe('the unit file of `campaign help operations`', () => {
  // Elsewhere there is no systemd to verify it.
  const onLinux = process.platform === 'linux';
  let unit: string;

  beforeAll(() => {
    if (!onLinux) return;
    requireSystemdAnalyze();
    unit = join(directory, 'campaign.service');
    // Which need not be where the tests run.
    writeFileSync(unit, UNIT.replaceAll('/usr/bin/node', process.execPath));
  });

  test.runIf(onLinux)(
    'is clean by systemd-analyze verify, and holds no % for systemd to expand',
    () => {
      const { output } = systemdAnalyze('verify', '--man=no', unit);
      expect(output.split('\n').filter((line) => line.includes('campaign'))).toEqual([]);
      expect(readFileSync(unit, 'utf8')).not.toContain('%');
    },
  );

  test.runIf(onLinux)('is rated 2.0 or better by systemd-analyze security', () => {
    const { output } = systemdAnalyze('security', '--offline=true', '--no-pager', unit);
    const [, rating] = /Overall exposure level for campaign.service: ([\d.]+)/.exec(output) ?? [];
    expect(Number(rating)).toBeLessThanOrEqual(2);
  });

  test('is not started again after wrong settings, and is after a database that is not up yet', async () => {
    expect(UNIT).toMatch(/^Restart=on-failure$/m);
    expect(UNIT).toMatch(/^RestartPreventExitStatus=2$/m);
    const args = [join(ROOT, 'bin/campaign.js'), 'run-scheduler'];
    const wrong = { CAMPAIGN_DATABASE_URL: db.url, CAMPAIGN_SMTP_URL: 'smtp://a#b' };
    expect((await run(process.execPath, args, '/', wrong)).code).toBe(2);
    const away = { CAMPAIGN_DATABASE_URL: 'mysql://u@127.0.0.1:1/x', CAMPAIGN_SMTP_URL: smtp.url };
    expect((await run(process.execPath, args, '/', away)).code).toBe(5);
  });
});

describe("the README's cron line", () => {
  const [line = ''] = blocks('crontab');
  const command = /^(?:\S+ ){5}(.*)$/m.exec(line)?.[1] ?? '';

  test("sends what is due by cron's PATH with the settings of .env, and prints nothing, due or not", async () => {
    expect(command).not.toContain('%');
    const settings = join(directory, 'etc');
    mkdirSync(settings, { recursive: true });
    writeFileSync(
      join(settings, '.env'),
      `CAMPAIGN_DATABASE_URL='${db.url}'\nCAMPAIGN_SMTP_URL='${smtp.url}'\n`,
    );
    const here = command
      .replace('/etc/campaign', settings)
      .replace('/usr/bin/node', process.execPath)
      .replace('/opt/campaign/', ROOT);
    const minute = () =>
      run('/bin/sh', ['-c', here], directory, {
        PATH: '/usr/bin:/bin',
        SHELL: '/bin/sh',
        HOME: directory,
      });
    await seedQueuedSend(db.database, { recipients: 3 });
    expect(await minute()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(smtp.messages).toHaveLength(3);
    expect(await minute()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(smtp.messages).toHaveLength(3);
  });
});
