import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandOptions, runCommand, startCommand } from '../support/run-command.ts';
import { schedulerScene } from '../support/scheduler-scene.ts';

const scene = schedulerScene();

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'campaign-lint-test-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function file(content: string, ending = ''): string {
  const path = join(directory, `file-${++files}${ending}`);
  writeFileSync(path, content);
  return path;
}

const LIST = 'email,name\nada@example.org,Ada\ngrace@example.org,Grace\n';
const CLEAN =
  '<p>Dear {{ name }}, the shop is open. <a href="{{ unsubscribe_url }}">unsubscribe</a></p>';
const WAY = ['--unsubscribe-url', 'https://news.example.org/u'];

const flags = ({
  list = LIST,
  html = CLEAN,
  subject = 'Hello {{ name }}',
  more = WAY as readonly string[],
} = {}) => [
  ...['--list', file(list), '--from', 'News <news@example.org>', '--subject', subject],
  ...['--html', file(html, '.html'), ...more],
];

/** With no database, and no sandbox either. */
const NOTHING: CommandOptions = { env: { CAMPAIGN_SANDBOX_DIR: '/nowhere' } };
const lint = (args: readonly string[], options: CommandOptions = NOTHING) =>
  runCommand(['lint', ...args], options);
const withEnv = (env: Record<string, string>): CommandOptions => ({
  env: { ...NOTHING.env, ...env },
});

const BAD = `<p>Dear {{ name }}</p>\n<p><a href="http://example.com/">x</a></p>\n<p><a href="#">y</a> unsubscribe</p>`;

describe('lint of a list that is not queued, with no database', () => {
  it('prints a line a finding, and exits 0 whatever it finds', async () => {
    const args = flags({ html: BAD });
    const html = args[args.indexOf('--html') + 1];
    expect(await lint(args)).toEqual({
      code: 0,
      stdout: [
        `warning\t${html} line 2\thref of <a> is http://example.com/, which is not encrypted\twrite https: where the site has it\tinsecure-url\n`,
        `warning\t${html} line 3\thref of <a> is #, which leads nowhere\tgive the link somewhere to lead to, or write its text without one\tempty-link\n`,
      ].join(''),
      stderr: '2 warnings in 2 rows\n',
    });
  });

  it('shows a table on a terminal', async () => {
    const { code, stdout } = await lint(flags({ html: BAD }), {
      ...withEnv({ NO_COLOR: '1' }),
      terminal: true,
    });
    expect(code).toBe(0);
    const [head, ...lines] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/where +rule +what is wrong, and what to do/);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^warning +\S+ line 2 +insecure-url +href of <a> is http:/);
  });

  it('says that nothing was found, and prints nothing', async () => {
    expect(await lint(flags())).toEqual({
      code: 0,
      stdout: '',
      stderr: 'nothing found in 2 rows\n',
    });
    expect(JSON.parse((await lint([...flags(), '--json'])).stdout)).toEqual({
      findings: [],
      rows: 2,
      ignored: [],
    });
  });

  it('has the documented keys in its JSON, and nothing on stderr', async () => {
    const args = flags({ html: BAD });
    const { stdout, stderr } = await lint([...args, '--json', '--ignore', 'insecure-url,no-reply']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      findings: [
        {
          rule: 'empty-link',
          severity: 'warning',
          message: 'href of <a> is #, which leads nowhere',
          remedy: 'give the link somewhere to lead to, or write its text without one',
          where: `${args[args.indexOf('--html') + 1]} line 3`,
        },
      ],
      rows: 2,
      ignored: ['insecure-url', 'no-reply'],
    });
  });

  it('exits 2 with --strict where an error or a warning is left, and not for information', async () => {
    const bad = await lint([...flags({ html: BAD }), '--strict', '--json']);
    expect(bad.code).toBe(2);
    expect(JSON.parse(bad.stdout).findings).toHaveLength(2);
    expect(JSON.parse(bad.stderr)).toEqual({
      code: 'LINT_FOUND',
      message: '2 findings that are errors or warnings',
      remedy: 'mend them, or leave out what is meant so: --ignore insecure-url,empty-link',
    });
    const ignored = await lint([
      ...flags({ html: BAD }),
      '--strict',
      '--ignore',
      'insecure-url, empty-link',
    ]);
    expect(ignored).toMatchObject({ code: 0, stdout: '' });
    const long = await lint([...flags({ subject: 'x'.repeat(80) }), '--strict']);
    expect(long).toMatchObject({ code: 0, stdout: expect.stringContaining('long-subject') });
  });

  it('leaves out the rules of CAMPAIGN_LINT_IGNORE too, and says what is none, with what was meant', async () => {
    const args = [...flags({ html: BAD }), '--json'];
    const both = await lint(
      [...args, '--ignore=empty-link'],
      withEnv({ CAMPAIGN_LINT_IGNORE: 'insecure-url' }),
    );
    expect(JSON.parse(both.stdout)).toMatchObject({
      findings: [],
      ignored: ['insecure-url', 'empty-link'],
    });
    const flag = await lint([...args, '--ignore', 'insecure-urls']);
    expect(flag).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(flag.stderr)).toMatchObject({
      code: 'USAGE',
      message: '--ignore: there is no rule "insecure-urls"; did you mean insecure-url?',
      remedy: expect.stringContaining('no-unsubscribe, no-one-click'),
    });
    const setting = await lint(args, withEnv({ CAMPAIGN_LINT_IGNORE: 'no-replay' }));
    expect(setting.code).toBe(2);
    expect(JSON.parse(setting.stderr)).toMatchObject({
      code: 'BAD_SETTING',
      message: 'CAMPAIGN_LINT_IGNORE: there is no rule "no-replay"; did you mean no-reply?',
    });
  });

  it('tells of merge tags that queue refuses as errors, those too for which Liquid cannot read the template', async () => {
    const found = async (html: string) => {
      const { code, stdout } = await lint([...flags({ html }), '--json']);
      return {
        code,
        findings: JSON.parse(stdout).findings as {
          rule: string;
          severity: string;
          where: string;
        }[],
      };
    };
    const liquid = await found(`${CLEAN}\n*|FNAME|*`);
    expect(liquid.code).toBe(0);
    expect(liquid.findings).toMatchObject([
      {
        rule: 'foreign-merge-tag',
        severity: 'error',
        where: expect.stringMatching(/html line 2$/),
      },
    ]);
    const broken = await found(`${CLEAN}\n{{#if name}}x{{/if}}`);
    expect(broken.code).toBe(0);
    expect(broken.findings.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual([
      'foreign-merge-tag error',
    ]);
  });

  it('refuses what queue refuses otherwise', async () => {
    expect(await lint(flags({ html: '<p>{{ nme }}</p>' }))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"nme"'),
    });
    expect(await lint(flags({ html: '<p>{% if %}</p>' }))).toMatchObject({ code: 2 });
    expect(await lint(['--subject', 'Hello', '--html', file('<p>x</p>')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--list is missing'),
    });
    expect(await lint(flags({ list: 'email\n' }))).toMatchObject({ code: 2 });
  });

  it('reads a list from standard input, and no more of it than it looks at', async () => {
    const rows = Array.from(
      { length: 200_000 },
      (_, i) => `p${i}@example.org,${i === 30 ? '{{ x }}' : 'P'}\n`,
    ).join('');
    const args = flags({ html: BAD });
    args[1] = '-';
    const { stdout } = await lint([...args, '--json'], {
      ...NOTHING,
      stdin: `email,name\n${rows}`,
    });
    expect(JSON.parse(stdout)).toMatchObject({
      rows: 20,
      findings: [{ rule: 'insecure-url' }, { rule: 'empty-link' }],
    });
  });

  it('takes Markdown with its lines, and a file for each row', async () => {
    const args = flags({ more: ['--list-unsubscribe', 'https://example.org/u'] });
    args.splice(
      args.indexOf('--html'),
      2,
      '--markdown',
      file('# Hi {{ name }}\n\n[shop](http://example.com)\n\nunsubscribe\n', '.md'),
    );
    expect(JSON.parse((await lint([...args, '--json'])).stdout).findings).toMatchObject([
      { rule: 'insecure-url', where: expect.stringMatching(/\.md line 3$/) },
    ]);
  });

  it('takes a saved message, its parts by name', async () => {
    const eml = file(
      'From: News <news@gmail.com>\r\nSubject: Hello\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Gr=C3=BC\u00dfe</p>\r\n<p><a href="http://example.com">x</a> unsubscribe</p>\r\n',
      '.eml',
    );
    const { stdout } = await lint(['--list', file(LIST), '--eml', eml, ...WAY, '--json']);
    expect(JSON.parse(stdout).findings).toMatchObject([
      { rule: 'free-mail-from' },
      { rule: 'insecure-url', where: `the HTML of ${eml} line 2` },
    ]);
  });

  it('lets nothing of a list or a template reach the terminal that is no text', async () => {
    const evil = '\u001b]0;owned\u0007\u009b31m\u202e';
    const list = `email,name\nada@example.org,"http://x.example/${evil}"\n`;
    const html = `<p><a href="{{ name }}">x</a> unsubscribe <a href="http://y.example/${evil}">y</a></p>`;
    for (const terminal of [true, false]) {
      const { stdout, stderr } = await lint(flags({ list, html }), {
        ...withEnv({ NO_COLOR: '1' }),
        terminal,
      });
      expect(stdout).toContain('\\x1b]0;owned');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(stdout + stderr).not.toMatch(/[\u001b\u0007\u009b\u202e]/);
    }
  });

  it('takes the relay of CAMPAIGN_SMTP_URL for the one that mails', async () => {
    const args = flags();
    args[args.indexOf('--from') + 1] = 'me@gmail.com';
    const url = { url: scene.db.url };
    const by = async (host: string) =>
      JSON.parse(
        (
          await lint([...args, '--json'], {
            ...url,
            env: { CAMPAIGN_SMTP_URL: `smtp://${host}:587` },
          })
        ).stdout,
      ).findings;
    expect(await by('smtp.gmail.com')).toEqual([]);
    expect(await by('smtp.example.org')).toMatchObject([
      { rule: 'free-mail-from', message: expect.stringContaining('smtp.example.org') },
    ]);
  });
});

describe('lint of a send', () => {
  const queue = async (...args: string[]): Promise<number> => {
    const { stdout, stderr } = await runCommand(['queue', ...args, '--yes', '--json'], {
      url: scene.db.url,
    });
    expect(stderr).toBe('');
    return JSON.parse(stdout).id;
  };

  it('looks at its message as it is now, with the rows of its ledger', async () => {
    const id = await queue(...flags({ html: BAD }), '--paused');
    const looked = async () =>
      JSON.parse((await lint([String(id), '--json'], { url: scene.db.url })).stdout);
    expect(await looked()).toMatchObject({
      rows: 2,
      findings: [
        { rule: 'insecure-url', where: `the HTML of send ${id} line 2` },
        { rule: 'empty-link', where: `the HTML of send ${id} line 3` },
      ],
    });
    const edited = await runCommand(
      ['edit', String(id), '--html', file(`${CLEAN}<a href="">z</a>`)],
      { url: scene.db.url },
    );
    expect(edited.stderr).toContain('Found in the message: 1 warning');
    expect(edited.stderr).toContain('empty-link');
    expect((await looked()).findings).toMatchObject([
      { rule: 'empty-link', where: `the HTML of send ${id} line 1` },
    ]);
  });

  it('takes no options of a message, and says which send there is not', async () => {
    const id = await queue(...flags());
    expect(await lint([String(id), '--html', file('x')], { url: scene.db.url })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--html does not go with the number of a send'),
    });
    expect(await lint(['999999'], { url: scene.db.url })).toMatchObject({ code: 3 });
  });
});

describe('queue', () => {
  const args = (html = BAD, ...more: string[]) => ['queue', ...flags({ html }), ...more];

  it('tells of what lint finds with --yes and with --dry-run, in the same words, and goes on', async () => {
    for (const flag of ['--yes', '--dry-run']) {
      const { code, stderr } = await runCommand(args(BAD, flag), { url: scene.db.url });
      expect(code).toBe(0);
      expect(stderr).toMatch(
        /^Found in the message: 2 warnings \(`campaign help lint`\):\n {2}warning: \S+ line 2: href of <a> is http:\/\/example\.com\/, which is not encrypted; write https: where the site has it \(insecure-url\)\n/m,
      );
    }
  });

  it('tells of it before its question', async () => {
    const running = startCommand(args(BAD), {
      url: scene.db.url,
      env: { NO_COLOR: '1' },
      terminal: true,
    });
    const asked = new Promise<void>((resolve) => {
      const look = (): void => {
        if (/Send it to/.test(running.stdout + running.stderr)) resolve();
        else setImmediate(look);
      };
      look();
    });
    await asked;
    expect(running.stderr).toContain('Found in the message: 2 warnings');
    running.type('n\r');
    expect((await running.ended).code).toBe(2);
  });

  it('leaves out what the setting ignores, and is silent where nothing is found', async () => {
    const env = { CAMPAIGN_LINT_IGNORE: 'insecure-url,empty-link' };
    expect((await runCommand(args(BAD, '--dry-run'), { url: scene.db.url, env })).stderr).toBe('');
    expect((await runCommand(args(CLEAN, '--dry-run'), { url: scene.db.url })).stderr).toBe('');
  });

  it('tells of no more than ten, and of nothing twice', async () => {
    const many = await runCommand(
      args(`${CLEAN}\n${'<a href="#">x</a>\n'.repeat(15)}`, '--dry-run'),
      { url: scene.db.url },
    );
    expect(many.stderr.match(/empty-link/g)).toHaveLength(10);
    expect(many.stderr).toContain('and 5 more: `campaign lint` shows all');
    const tags = await runCommand(args(`${CLEAN} [[see here]]`, '--dry-run'), {
      url: scene.db.url,
    });
    expect(tags.stderr).toContain('[[see here]]');
    expect(tags.stderr).not.toContain('foreign-merge-tag');
  });

  it('has a list from standard input read once, rows and all', async () => {
    const words = args(BAD, '--yes', '--json');
    words[words.indexOf('--list') + 1] = '-';
    const rows = Array.from({ length: 500 }, (_, i) => `p${i}@example.org,P\n`).join('');
    const { stdout } = await runCommand(words, { url: scene.db.url, stdin: `email,name\n${rows}` });
    expect(JSON.parse(stdout)).toMatchObject({ total: 500 });
  });
});

describe("README's page before the button", () => {
  it('has lines to type that work, on a folder with a message', async () => {
    const cwd = join(directory, 'page');
    mkdirSync(join(cwd, 'spring'), { recursive: true });
    writeFileSync(join(cwd, 'spring/message.html'), `${CLEAN}<a href="#">x</a>`);
    writeFileSync(
      join(cwd, 'spring/message.toml'),
      'from = "News <news@example.org>"\nsubject = "Spring"\nunsubscribe-url = "https://news.example.org/u"\n',
    );
    writeFileSync(join(cwd, 'people.csv'), `${LIST}bob@example.org,Bob\n`);
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const typed = [
      ...readme.matchAll(/^\$ campaign ((?:preview|lint|queue) --message .*?) +#/gm),
    ].map(([, line = '']) =>
      line
        .split(' ')
        .filter((word) => word !== '--open')
        .map((word) => (/^(?:spring\/|people\.csv)$/.test(word) ? join(cwd, word) : word)),
    );
    expect(typed.map(([command]) => command)).toEqual(['preview', 'lint', 'queue']);
    const [preview = [], linted = [], queue = []] = typed;
    const options = { url: scene.db.url };
    expect((await runCommand(preview, options)).stdout).toContain('to bob@example.org');
    expect((await runCommand(linted, options)).stdout).toContain('empty-link');
    expect((await runCommand([...queue, '--yes'], options)).code).toBe(0);
  });
});
