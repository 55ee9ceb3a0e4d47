import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandOptions, runCommand } from '../support/run-command.ts';
import { schedulerScene } from '../support/scheduler-scene.ts';

const scene = schedulerScene();

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'campaign-preview-test-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function file(content: string): string {
  const path = join(directory, `file-${++files}`);
  writeFileSync(path, content);
  return path;
}

const LIST =
  'email,name,city\nada@example.org,Ada,Bath\nnot an address,X,Y\ngrace@müller.example,Grace,\n';

const flags = ({ list = LIST, html = '<p>Dear {{ name }}</p>', more = [] as string[] } = {}) => [
  '--list',
  file(list),
  '--from',
  'Nüws <news@example.org>',
  '--subject',
  'Héllo {{ name }}',
  '--html',
  file(html),
  ...more,
];

/** With no database, and no sandbox either. */
const NOTHING: CommandOptions = { env: { CAMPAIGN_SANDBOX_DIR: '/nowhere' } };
const preview = (args: readonly string[], options: CommandOptions = NOTHING) =>
  runCommand(['preview', ...args], options);

describe('preview of a list that is not queued, with no database', () => {
  it('shows the first recipient’s message, and on stderr what it cannot show', async () => {
    const { code, stdout, stderr } = await preview(flags());
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        'row 1: from news@example.org to ada@example.org',
        '',
        'From: Nüws <news@example.org>',
        'To: ada@example.org',
        'Subject: Héllo Ada',
        'Date: (made when it is sent)',
        'Message-ID: <made-when-it-is-sent@example.org>',
        'Auto-Submitted: auto-generated',
        'Precedence: bulk',
        '',
        'Dear Ada',
        '',
        'HTML: 15 bytes',
        '',
      ].join('\n'),
    });
    expect(stderr).toContain('are made when it is sent');
  });

  it('has each form for programs: JSON, the HTML alone, and a message that a mail program opens', async () => {
    const json = JSON.parse((await preview([...flags(), '--json', '--row', '2'])).stdout);
    expect(json).toEqual({
      row: 2,
      envelope: { from: 'news@example.org', to: 'grace@xn--mller-kva.example', utf8: false },
      headers: expect.arrayContaining([{ name: 'Subject', value: 'Héllo Grace' }]),
      text: 'Dear Grace',
      html: '<p>Dear Grace</p>',
      attachments: [],
    });
    const { stdout: html } = await preview([
      ...flags({ html: '<p>.\n.a {{ name }}</p>' }),
      '--as',
      'html',
    ]);
    expect(html).toBe('<p>.\n.a Ada</p>');
    const { stdout: eml } = await preview([...flags({ html: '<p>.\n.a</p>' }), '--as', 'eml']);
    expect(eml).toMatch(/^From: =\?UTF-8\?.*\r\nTo: ada@example\.org\r\n/);
    expect(eml).toMatch(/\r\n=2Ea<\/p>\r\n/);
  });

  it('chooses by address, and says who is not there', async () => {
    const found = await preview([...flags(), '--email', 'GRACE@müller.example', '--json']);
    expect(JSON.parse(found.stdout)).toMatchObject({ row: 2, text: 'Dear Grace' });
    const nobody = await preview([...flags(), '--email', 'bob@example.org', '--json']);
    expect(nobody.code).toBe(3);
    expect(JSON.parse(nobody.stderr)).toMatchObject({
      code: 'NO_SUCH_RECIPIENT',
      message: expect.stringContaining('has no recipient bob@example.org'),
      remedy: 'the list has 2 rows that can be mailed',
    });
    const beyond = await preview([...flags(), '--row', '3']);
    expect(beyond.code).toBe(3);
    expect(beyond.stderr).toContain('has no row 3');
  });

  it('heeds --where, and takes the list from standard input', async () => {
    const args = flags({ more: ['--where', 'city == blank', '--json'] });
    args[1] = '-';
    const { stdout } = await preview(args, { ...NOTHING, stdin: LIST });
    expect(JSON.parse(stdout)).toMatchObject({ row: 1, text: 'Dear Grace' });
  });

  it('shows a link to unsubscribe that works for nobody', async () => {
    const more = ['--unsubscribe-url', 'https://news.example.org/u', '--json'];
    const html = '<a href="{{ unsubscribe_url }}">no more</a>';
    const { stdout } = await preview(flags({ html, more }));
    expect(JSON.parse(stdout).html).toContain(
      'href="https://news.example.org/u/TOKEN-MADE-WHEN-IT-IS-SENT"',
    );
  });

  it('shows Markdown as the HTML that it becomes, and headers of one’s own', async () => {
    const args = flags({ more: ['--header', 'X-City: {{ city }}', '--json'] });
    args.splice(args.indexOf('--html'), 2, '--markdown', file('# Hello {{ name }}\n'));
    const { stdout } = await preview(args);
    expect(JSON.parse(stdout)).toMatchObject({
      html: expect.stringContaining('Hello Ada</h1>'),
      text: expect.stringMatching(/hello ada/i),
      headers: expect.arrayContaining([{ name: 'X-City', value: 'Bath' }]),
    });
  });

  it('refuses what queue refuses, and says what is missing', async () => {
    const unknown = await preview(flags({ html: '<p>{{ nme }}</p>' }));
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('there is no merge field "nme"');
    const { code, stderr } = await preview(['--subject', 'Hello', '--html', file('<p>x</p>')]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('--list is missing'),
    });
  });

  it('names the row whose message cannot be made', async () => {
    const list = `email,name\nada@example.org,${'x'.repeat(2000)}\n`;
    const more = ['--list-unsubscribe', 'https://example.org/{{ name }}'];
    const { code, stderr } = await preview(flags({ list, html: '<p>x</p>', more }));
    expect(code).toBe(2);
    expect(stderr).toContain('the message of row 1, ada@example.org, cannot be made');
  });

  const EVIL = 'email,name,city\nada@example.org,"\u001b]0;owned\u0007\u009b31m\u202e",x\n';

  it.each(['text', 'html', 'eml'])(
    'lets no escape sequence of a cell reach a terminal as %s',
    async (as) => {
      const args = [...flags({ list: EVIL }), '--as', as];
      const { code, stdout } = await preview(args, { ...NOTHING, terminal: true });
      expect(code).toBe(0);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    },
  );

  it('opens the HTML in a browser, on a terminal alone, its scripts off', async () => {
    const refused = await preview([...flags(), '--open']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--open goes with a terminal only');
    const bin = mkdtempSync(join(directory, 'bin-'));
    const opened = join(bin, 'opened');
    writeFileSync(
      join(bin, 'xdg-open'),
      `#!/bin/sh\ncat "$1" > ${opened}.part && mv ${opened}.part ${opened}\n`,
    );
    chmodSync(join(bin, 'xdg-open'), 0o755);
    const { PATH = '' } = process.env;
    process.env.PATH = `${bin}:${PATH}`;
    try {
      const { code, stdout } = await preview([...flags(), '--open'], {
        ...NOTHING,
        terminal: true,
      });
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    } finally {
      process.env.PATH = PATH;
    }
    await expect.poll(() => readdirSync(bin), { timeout: 10_000 }).toContain('opened');
    const page = readFileSync(opened, 'utf8');
    expect(page).toContain("default-src 'none'");
    expect(page).toContain('<p>Dear Ada</p>');
  });

  describe('--open', () => {
    const PIXEL = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

    /** Opens a message; where its page is, and what lies beside it. */
    const opened = async (temporary: string, args: readonly string[]) => {
      const bin = mkdtempSync(join(directory, 'bin-'));
      writeFileSync(join(bin, 'xdg-open'), '#!/bin/sh\n');
      chmodSync(join(bin, 'xdg-open'), 0o755);
      const { PATH = '', TMPDIR } = process.env;
      Object.assign(process.env, { PATH: `${bin}:${PATH}`, TMPDIR: temporary });
      try {
        const { code, stderr } = await preview([...args, '--open'], { ...NOTHING, terminal: true });
        return { code, path: /opened (\S+)/.exec(stderr)?.[1] ?? '' };
      } finally {
        Object.assign(process.env, { PATH, TMPDIR });
        if (TMPDIR === undefined) delete process.env.TMPDIR;
      }
    };

    it('shows each image by its own Content-ID, wherever it is named, and leaves text alone', async () => {
      const part = (cid: string, bytes: Buffer): string[] => [
        '--b',
        'Content-Type: image/gif; x="><b>"',
        `Content-ID: <${cid}>`,
        'Content-Disposition: inline; filename="a.gif"',
        'Content-Transfer-Encoding: base64',
        '',
        bytes.toString('base64'),
      ];
      const html =
        '<p>cid:logo</p><img alt="cid:logo" src="cid:logo"><img src=cid:logo2><img src="cid:logo3"><td background=\'cid:logo\' style="background:url(cid:logo2)">';
      const eml = [
        'From: news@example.org',
        'Subject: x',
        'MIME-Version: 1.0',
        'Content-Type: multipart/related; boundary=b',
        '',
        ...['--b', 'Content-Type: text/html', '', html],
        ...part('logo', PIXEL),
        ...part('logo2', Buffer.concat([PIXEL, Buffer.from('2')])),
        ...['--b--', ''],
      ].join('\r\n');
      const temporary = mkdtempSync(join(directory, 'tmp-'));
      const { path } = await opened(temporary, ['--list', file(LIST), '--eml', file(eml)]);
      const data = (more = ''): string =>
        `data:image/gif;base64,${Buffer.concat([PIXEL, Buffer.from(more)]).toString('base64')}`;
      expect(readFileSync(path, 'utf8')).toContain(
        html
          .replace('src="cid:logo"', `src="${data()}"`)
          .replace('src=cid:logo2', `src=${data('2')}`)
          .replace("'cid:logo'", `'${data()}'`)
          .replace('url(cid:logo2)', `url(${data('2')})`),
      );
    });

    it('leads nowhere by itself, however the mail says so, and keeps the rest', async () => {
      const html = [
        '<meta http-equiv="refresh" content="0;url=https://evil.example/?x={{ name }}">',
        '<META CONTENT=0;url=https://evil.example HTTP-EQUIV=REFRESH>',
        "<meta content='0;url=//evil.example' http-equiv = '&#114;efresh'/>",
        '<<meta http-equiv=refresh content="0;url=//evil.example">p>',
        '<!-- --!><meta http-equiv=refresh content=1> --><p>Dear {{ name }}, refresh it</p>',
      ].join('\n');
      const temporary = mkdtempSync(join(directory, 'tmp-'));
      const from = ['--from', 'news@example.org', '--subject', 'x'];
      const { path } = await opened(temporary, [
        ...['--list', file(LIST), ...from, '--html', file(html)],
      ]);
      const page = readFileSync(path, 'utf8');
      expect(page).not.toContain('evil.example');
      expect(page.match(/http-equiv\s*=/gi)).toHaveLength(1);
      expect(page).toContain("form-action 'none'; base-uri 'none'");
      expect(page).toContain('<p>Dear Ada, refresh it</p>');
    });

    it('leaves one page, for its user alone, and removes those of his that are older than a day', async () => {
      const temporary = mkdtempSync(join(directory, 'tmp-'));
      const first = await opened(temporary, flags());
      const folder = dirname(first.path);
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      expect(statSync(first.path).mode & 0o777).toBe(0o600);
      const second = await opened(temporary, flags());
      expect(readdirSync(temporary).sort()).toEqual(
        [first, second].map(({ path }) => basename(dirname(path))).sort(),
      );
      const long = new Date(Date.now() - 25 * 3_600_000);
      const others = ['campaign-preview-notes', 'campaign-preview-of-mine', 'aBcDeF'];
      for (const name of others) mkdirSync(join(temporary, name));
      const elsewhere = mkdtempSync(join(directory, 'elsewhere-'));
      symlinkSync(elsewhere, join(temporary, 'campaign-preview-aBcDeF'));
      for (const path of [folder, ...others.map((name) => join(temporary, name))]) {
        utimesSync(path, long, long);
      }
      utimesSync(elsewhere, long, long);
      const third = await opened(temporary, flags());
      expect(readdirSync(temporary).sort()).toEqual(
        [
          'aBcDeF',
          'campaign-preview-aBcDeF',
          'campaign-preview-notes',
          'campaign-preview-of-mine',
          ...[second, third].map(({ path }) => basename(dirname(path))),
        ].sort(),
      );
      expect(readdirSync(directory)).toContain(basename(elsewhere));
    });

    it('that cannot be written says so, and leaves nothing', async () => {
      const { code } = await opened(join(directory, 'nowhere'), flags());
      expect(code).toBe(2);
    });
  });
});

describe('preview of a send', () => {
  const queued = async (more: string[] = []): Promise<number> => {
    const { stdout } = await runCommand(['queue', ...flags({ more }), '--yes'], {
      url: scene.db.url,
    });
    return Number(stdout);
  };
  const ofSend = (args: readonly (string | number)[]) =>
    preview(args.map(String), { url: scene.db.url });

  it('is what arrives, but for Date, Message-ID and token', async () => {
    const more = ['--unsubscribe-url', 'https://news.example.org/u'];
    const id = await queued(more);
    const server = await scene.smtp();
    const { stdout: eml } = await ofSend([id, '--row', 2, '--as', 'eml']);
    await scene.schedule(server).done;
    const sent = server.messages.find(({ to }) => to[0]?.startsWith('grace@'));
    const raw = String(sent?.raw);
    const token = /\/u\/([0-9a-z-]+)/i.exec(raw)?.[1] ?? '?';
    const boundary = (text: string): string => /boundary="([^"]+)"/.exec(text)?.[1] ?? '';
    const same = (text: string): string =>
      text
        .replaceAll(boundary(text), 'BOUNDARY')
        .replaceAll(token, 'TOKEN-MADE-WHEN-IT-IS-SENT')
        .replace(/^(?:Date|Message-ID): .*\r\n/gm, '');
    expect(same(eml)).toBe(same(raw));
  });

  it('says which send or row there is not, and takes no message beside the number', async () => {
    const id = await queued();
    expect((await ofSend([999_999])).code).toBe(3);
    const beyond = await ofSend([id, '--row', 9, '--json']);
    expect(beyond.code).toBe(3);
    expect(JSON.parse(beyond.stderr)).toMatchObject({
      message: `send ${id} has no row 9`,
      remedy: expect.stringContaining('its rows are 1 to 2'),
    });
    const both = await ofSend([id, '--subject', 'Other', '--json']);
    expect(both.code).toBe(2);
    expect(JSON.parse(both.stderr).message).toContain('--subject does not go with the number');
  });
});
