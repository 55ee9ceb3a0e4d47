import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';

let db: TestDatabase;
let directory: string;
let folders = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'queue-message-'));
});
afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true });
});

/** A folder with these files. */
function folder(files: Record<string, string | Buffer>): string {
  const path = join(directory, `folder-${++folders}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

const queue = (...more: string[]) => {
  const { 'list.csv': list } = { 'list.csv': join(folder({ 'list.csv': LIST }), 'list.csv') };
  return runCommand(['queue', `--list=${list}`, '--yes', ...more], { url: db.url });
};
const LIST = 'email,name\nann@example.org,Ann\n';

interface Stored {
  send: Record<string, unknown>;
  message: Record<string, unknown>;
  stderr: string;
}

/** Each server writes JSON in its own way. */
const withHeaders = (row: Record<string, unknown>): Record<string, unknown> => ({
  ...row,
  HEADERS: typeof row['HEADERS'] === 'string' ? JSON.parse(row['HEADERS']) : row['HEADERS'],
});

async function stored(...more: string[]): Promise<Stored> {
  const { code, stderr } = await queue(...more);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  const read = async (sql: string): Promise<Record<string, unknown>> =>
    (await db.database.rows<Record<string, unknown>>(sql))[0] ?? {};
  return {
    send: await read('SELECT * FROM CAMPAIGN_SENDS ORDER BY ID DESC LIMIT 1'),
    message: withHeaders(
      await read('SELECT * FROM CAMPAIGN_MESSAGES ORDER BY SEND_ID DESC LIMIT 1'),
    ),
    stderr,
  };
}

async function refusal(
  ...more: string[]
): Promise<{ code: string; message: string; remedy: string }> {
  const before = await db.database.rows('SELECT COUNT(*) AS n FROM CAMPAIGN_SENDS');
  const { code, stderr } = await queue('--json', ...more);
  expect([code, stderr]).toEqual([2, expect.stringContaining('{')]);
  expect(await db.database.rows('SELECT COUNT(*) AS n FROM CAMPAIGN_SENDS')).toEqual(before);
  return JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
}

const WHOLE = {
  'message.html': '<p>Dear {{ name }}</p>',
  'message.txt': 'Dear {{ name }}',
  'subject.txt': '\ufeffHi {{ name }}\r\n',
  'message.toml': `
# who it is from
from = "News <news@example.org>"
reply-to = "office@example.org"
header = ["X-A: {{ name }}", "X-B: 2"]
batch-size = 7
start-at = 2030-01-31T09:00:00+01:00
paused = true
missing = "skip"
`,
};

describe('--message', () => {
  it('takes bodies, subject and options from a folder', async () => {
    const { send, message } = await stored(`--message=${folder(WHOLE)}`);
    expect(message).toMatchObject({
      SENDER: 'News <news@example.org>',
      REPLY_TO: 'office@example.org',
      SUBJECT: 'Hi {{ name }}',
      HTML: '<p>Dear {{ name }}</p>',
      BODY_TEXT: 'Dear {{ name }}',
      HEADERS: [
        { name: 'X-A', value: '{{ name }}' },
        { name: 'X-B', value: '2' },
      ],
    });
    expect(send).toMatchObject({
      NAME: 'Hi {{ name }}',
      STATUS: 'paused',
      BATCH_SIZE: 7,
      START_AT: new Date('2030-01-31T08:00:00Z'),
    });
  });

  it('gives way to what is typed, and to what does not go with that', async () => {
    const path = folder({
      ...WHOLE,
      'message.toml': `${WHOLE['message.toml']}delay-ms = 5\n`,
    });
    const { send, message } = await stored(
      `--message=${path}`,
      '--from=other@example.org',
      '--subject=Other',
      '--header=x-a: typed',
      '--rate=10/s',
      '--batch-size=100',
    );
    expect(message).toMatchObject({
      SENDER: 'other@example.org',
      SUBJECT: 'Other',
      HEADERS: [
        { name: 'x-a', value: 'typed' },
        { name: 'X-B', value: '2' },
      ],
    });
    expect(send).toMatchObject({ BATCH_SIZE: 100, DELAY_MS: 100, COOLDOWN_SECONDS: 0 });
  });

  it('takes Markdown, headers as a table, and the preview of it all', async () => {
    const path = folder({
      'message.md': '# Hi {{ name }}',
      'message.toml':
        'from = "a@example.org"\nsubject = "Hi"\ninline-css = true\n[header]\nX-A = "1"\n"X-B" = "2"\n',
    });
    const { message } = await stored(`--message=${path}`);
    expect(message).toMatchObject({
      HTML: expect.stringContaining('<h1>Hi {{ name }}</h1>'),
      BODY_TEXT: null,
      HEADERS: [
        { name: 'X-A', value: '1' },
        { name: 'X-B', value: '2' },
      ],
    });
    const list = join(folder({ 'list.csv': LIST }), 'list.csv');
    const shown = await runCommand(['preview', `--list=${list}`, `--message=${path}`]);
    expect([shown.code, shown.stdout]).toEqual([0, expect.stringContaining('X-A: 1')]);
  });

  it('is the whole message of an edit, but for its files, and a preview knows keys of the sending', async () => {
    await stored(`--message=${folder(WHOLE)}`);
    const [send] = await db.database.rows<{ id: number }>(
      'SELECT MAX(ID) AS id FROM CAMPAIGN_SENDS',
    );
    const id = String(send?.id);
    const next = folder({ 'message.txt': 'New {{ name }}', 'message.toml': 'batch-size = 3\n' });
    const edited = await runCommand(['edit', id, `--message=${next}`], { url: db.url });
    expect([edited.code, edited.stderr]).toEqual([
      0,
      expect.stringContaining('changed html, text'),
    ]);
    const shown = await runCommand(['preview', id, '--json'], { url: db.url });
    expect(JSON.parse(shown.stdout)).toMatchObject({ html: null, text: 'New Ann\n' });
    const filed = folder({ 'message.txt': 'x', 'attachments/a.txt': 'x' });
    const refused = await runCommand(['edit', id, `--message=${filed}`], { url: db.url });
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('has files')]);
    const list = join(folder({ 'list.csv': LIST }), 'list.csv');
    const whole = ['preview', `--list=${list}`, `--message=${folder(WHOLE)}`];
    expect((await runCommand(whole)).code).toBe(0);
  });

  it('says what it leaves out', async () => {
    const path = folder({
      ...WHOLE,
      '.DS_Store': 'x',
      'notes.txt': 'x',
      'logo.png': 'x',
      'attachments/.hidden': 'x',
    });
    const { stderr } = await stored(`--message=${path}`);
    expect(stderr).toContain(
      `No part of the message, and left out: ${join(path, '.DS_Store')}, ${join(path, 'notes.txt')}, ${join(path, 'attachments/.hidden')}\n`,
    );
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no body', { 'subject.txt': 'x' }, /has no message/],
    ['two bodies of HTML', { ...WHOLE, 'message.md': 'x' }, /has message\.html and message\.md/],
    [
      'a mistyped name',
      { ...WHOLE, 'Subject.txt': 'x' },
      /Subject\.txt: .*did you mean subject\.txt\?/,
    ],
    ['a mistyped folder', { ...WHOLE, 'attachements/a': 'x' }, /did you mean attachments\?/],
    ['an empty subject', { ...WHOLE, 'subject.txt': ' \n' }, /subject\.txt: is empty/],
    [
      'a long subject',
      { ...WHOLE, 'subject.txt': 'a\nb\n' },
      /subject\.txt, line 2: a subject has one/,
    ],
    [
      'two subjects',
      { ...WHOLE, 'message.toml': 'subject = "x"' },
      /message\.toml: gives a subject, and so does subject\.txt/,
    ],
    [
      'an unknown key',
      { ...WHOLE, 'message.toml': 'from = "a@example.org"\n  replyto = "x"' },
      /message\.toml, line 2, column 3: there is no key "replyto"; did you mean reply-to\?/,
    ],
    [
      'a key of a program',
      { ...WHOLE, 'message.toml': 'replyTo = "x"' },
      /line 1, column 1: there is no key "replyTo"; did you mean reply-to\?/,
    ],
    [
      'no TOML',
      { ...WHOLE, 'message.toml': 'from = "a@example.org"\nsubject = Hi there\n' },
      /message\.toml, line 2, column \d+: /,
    ],
    ['a key twice', { ...WHOLE, 'message.toml': 'from = "a"\nfrom = "b"' }, /line 2, column \d+: /],
    [
      'a value that is not allowed',
      { ...WHOLE, 'message.toml': 'from = "a@example.org"\nbatch-size = 0' },
      /line 2, column 1: batch-size "0" is not allowed/,
    ],
    ['a text for yes', { ...WHOLE, 'message.toml': 'paused = "yes"' }, /line 1.*paused is "yes"/],
    ['a list for a text', { ...WHOLE, 'message.toml': 'from = ["a"]' }, /line 1.*from is no text/],
    ['a path', { ...WHOLE, 'message.toml': 'html = "x"' }, /html is not given here/],
    ['the list', { ...WHOLE, 'message.toml': 'list = "x"' }, /list is not given here/],
    [
      'what does not go together',
      { ...WHOLE, 'message.toml': 'rate = "5/s"\ndelay-ms = 5' },
      /rate does not go with delay-ms/,
    ],
    [
      'a header that is not to be given',
      { ...WHOLE, 'message.toml': 'from = "a@example.org"\nheader = "Bcc: x@example.org"' },
      /the header Bcc is not to be given/,
    ],
    ['no sender', { 'message.txt': 'x', 'subject.txt': 'x' }, /--from is missing/],
    ['no UTF-8', { ...WHOLE, 'message.txt': '' }, /message\.txt is empty/],
    [
      'a field that is none',
      { ...WHOLE, 'message.html': '<p>\n{{ nmae }}' },
      /message\.html, line 2, column 4: there is no merge field "nmae"/,
    ],
  ])('with %s is refused, naming the place', async (_, files, message) => {
    const error = await refusal(`--message=${folder(files)}`);
    expect(error.message).toMatch(message);
    expect(error.remedy).toBeTruthy();
  });

  it('follows no link, and opens no device', async () => {
    const outside = folder({ secret: 'x' });
    for (const name of ['message.html', 'subject.txt', 'attachments/a.txt']) {
      const path = folder({ 'message.txt': 'x', 'subject.txt': 'x', 'attachments/b.txt': 'x' });
      rmSync(join(path, name), { force: true });
      symlinkSync(join(outside, 'secret'), join(path, name));
      const error = await refusal(`--message=${path}`, '--from=a@example.org');
      expect(error).toMatchObject({
        code: 'BAD_FILE',
        message: `${join(path, name)}: it is a symbolic link`,
      });
    }
    const path = folder({ 'message.txt': 'x', 'subject.txt': 'x' });
    execFileSync('mkfifo', [join(path, 'message.html')]);
    const pipe = await refusal(`--message=${path}`, '--from=a@example.org');
    expect(pipe.message).toBe(`${join(path, 'message.html')}: it is no regular file`);
    symlinkSync(outside, join(path, 'attachments'));
    rmSync(join(path, 'message.html'));
    const linked = await refusal(`--message=${path}`, '--from=a@example.org');
    expect(linked.message).toBe(`${join(path, 'attachments')}: it is a symbolic link`);
  });

  it('that is no folder, or is given beside a body, is refused', async () => {
    expect((await refusal('--message=/nowhere')).message).toBe('/nowhere: there is no such folder');
    const file = join(folder({ a: 'x' }), 'a');
    expect((await refusal(`--message=${file}`)).message).toBe(`${file}: it is no folder`);
    expect((await refusal(`--message=${folder(WHOLE)}`, `--text=${file}`)).code).toBe('USAGE');
  });
});

const EML = [
  'From: =?utf-8?Q?J=C3=B6rg?= <news@example.org>',
  'To: me@example.org',
  'Reply-To: office@example.org',
  'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe,_{{_name_}}?=',
  'X-A: {{ name }}',
  'Date: Thu, 1 Jan 2026 00:00:00 +0000',
  'Content-Type: text/plain; charset=iso-8859-1',
  '',
  'Grüße, {{ name }}',
  '',
].join('\r\n');

describe('--eml', () => {
  const eml = (text = EML): string => {
    const path = join(folder({ 'news.eml': Buffer.from(text, 'latin1') }), 'news.eml');
    return `--eml=${path}`;
  };

  it('takes sender, subject, headers and body, and says what it leaves out', async () => {
    const given = eml();
    const { message, stderr } = await stored(given);
    expect(message).toMatchObject({
      SENDER: '"Jörg" <news@example.org>',
      REPLY_TO: 'office@example.org',
      SUBJECT: 'Grüße, {{ name }}',
      BODY_TEXT: 'Grüße, {{ name }}\n',
      HTML: null,
      HEADERS: [{ name: 'X-A', value: '{{ name }}' }],
    });
    expect(stderr).toContain(`Left out of ${given.slice(6)}: To, Date\n`);
  });

  it('gives way to flags', async () => {
    const { message } = await stored(
      eml(),
      '--from=other@example.org',
      '--subject=Other',
      '--header=X-a: typed',
      '--reply-to=else@example.org',
    );
    expect(message).toMatchObject({
      SENDER: 'other@example.org',
      REPLY_TO: 'else@example.org',
      SUBJECT: 'Other',
      HEADERS: [{ name: 'X-a', value: 'typed' }],
    });
  });

  it.each([
    ['Bcc', EML.replace('To:', 'Bcc:'), /news\.eml, line 2: has Bcc/],
    ['no subject', EML.replace('Subject:', 'X-Subject:'), /--subject is missing/],
    [
      'two senders',
      EML.replace('<news@example.org>', '<a@example.org>, b@example.org'),
      /From of .*news\.eml: .*names more than one/,
    ],
    ['no sender', EML.replace(/^From.*\r\n/, ''), /--from is missing/],
    [
      'an unknown field',
      EML.replace('e, {{ name }}\r\n', 'e, {{ nmae }}\r\n'),
      /the text of .*news\.eml, line 1, column 11: there is no merge field "nmae"/,
    ],
    [
      'tags of another tool',
      EML.replace('{{ name }}\r\n\r\n', 'x\r\n\r\n').replace(
        /e, \{\{ name \}\}\r\n$/,
        'e *|FNAME|*\r\n',
      ),
      /is a merge tag of Mailchimp/,
    ],
  ])('with %s is refused', async (_, text, message) => {
    const error = await refusal(eml(text));
    expect(error.message).toMatch(message);
  });

  it('does not go with bodies or a folder, and must be there', async () => {
    expect((await refusal(eml(), `--message=${folder(WHOLE)}`)).code).toBe('USAGE');
    expect((await refusal('--eml=/nowhere.eml')).message).toBe(
      '/nowhere.eml: there is no such file',
    );
  });

  it('is read to a limit, and from no device; so is every file of a message', async () => {
    const large = join(folder({ 'large.eml': '' }), 'large.eml');
    truncateSync(large, 64 * 1024 * 1024 + 1);
    expect((await refusal(`--eml=${large}`)).message).toBe(`${large}: it is larger than 64 MB`);
    for (const option of ['eml', 'html', 'text', 'markdown']) {
      const error = await refusal(`--${option}=/dev/zero`, '--from=a@example.org', '--subject=x');
      expect(error).toMatchObject({
        code: 'BAD_FILE',
        message: '/dev/zero: it is no regular file',
      });
    }
    const path = folder({ 'message.txt': 'x', 'subject.txt': 'x' });
    truncateSync(join(path, 'message.txt'), 4 * 1024 * 1024 + 1);
    expect((await refusal(`--message=${path}`, '--from=a@example.org')).message).toBe(
      `${join(path, 'message.txt')}: it is larger than 4 MB`,
    );
  });
});
