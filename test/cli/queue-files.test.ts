import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { parseByMailparser, parseByPython } from '../support/parsed-mail.ts';
import { runCommand } from '../support/run-command.ts';
import { startScheduler } from '../support/scheduler.ts';
import { startSmtpServer } from '../support/smtp.ts';

let db: TestDatabase;
let directory: string;

beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'campaign-queue-files-'));
  mkdirSync(join(directory, 'bills'));
  mkdirSync(join(directory, 'mail/img'), { recursive: true });
  put('people.csv', 'email,name,bill\nann@example.org,Ann,a.pdf\nbob@example.org,Bob,b.pdf\n');
  put('mail/news.html', '<p>Dear {{ name }}</p>\n<p><img src="img/logo.png" alt="Logo"></p>');
  put('news.txt', 'Dear {{ name }}');
});
afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true, force: true });
});

function put(name: string, content: string | Buffer = randomBytes(2_000)): Buffer {
  const bytes = Buffer.from(content);
  writeFileSync(join(directory, name), bytes);
  return bytes;
}

const queue = (...args: string[]) =>
  runCommand(
    [
      'queue',
      `--list=${join(directory, 'people.csv')}`,
      '--from=News <news@example.org>',
      '--subject=News',
      ...args,
    ],
    { url: db.url },
  );
const html = (): string => `--html=${join(directory, 'mail/news.html')}`;
const text = (): string => `--text=${join(directory, 'news.txt')}`;

const sends = async (): Promise<number> =>
  (await db.database.rows<{ n: number }>('SELECT COUNT(*) AS n FROM CAMPAIGN_SENDS'))[0]?.n ?? -1;

it('files, pictures and a file a row arrive as they are, in whatever reads the mail', async () => {
  const logo = put('mail/img/logo.png');
  const report = put('Bericht für März.pdf');
  const terms = put('terms.txt', 'Grüße\r\n');
  const bills = { ann: put('bills/a.pdf'), bob: put('bills/b.pdf') };
  const { code, stderr } = await queue(
    html(),
    `--attach=${join(directory, 'Bericht für März.pdf')}`,
    `--attach=${join(directory, 'terms.txt')}`,
    '--attach-column=Bill',
    `--attach-dir=${join(directory, 'bills')}`,
    '--yes',
  );
  expect(stderr).not.toMatch(/Left as/);
  expect(code).toBe(0);
  const smtp = await startSmtpServer();
  try {
    await startScheduler(db.database, smtp.settings).done;
    expect(smtp.messages).toHaveLength(2);
    for (const { to, raw } of smtp.messages) {
      const bill = to[0] === 'ann@example.org' ? bills.ann : bills.bob;
      const python = parseByPython(raw);
      expect(python.structure).toEqual([
        'multipart/mixed',
        'multipart/related',
        'multipart/alternative',
        'text/plain',
        'text/html',
        'image/png',
        'application/pdf',
        'text/plain',
        'application/pdf',
      ]);
      for (const { files, html: shown } of [python, await parseByMailparser(raw)]) {
        expect(files.map(({ name }) => name)).toEqual([
          'logo.png',
          'Bericht für März.pdf',
          'terms.txt',
          to[0] === 'ann@example.org' ? 'a.pdf' : 'b.pdf',
        ]);
        for (const [index, content] of [logo, report, terms, bill].entries()) {
          expect(files[index]?.content.equals(content)).toBe(true);
        }
        expect(shown).toContain(
          `<img src="cid:${files[0]?.cid?.replace(/[<>]/g, '')}" alt="Logo">`,
        );
      }
    }
  } finally {
    await smtp.close();
  }
});

describe('what cannot be sent is named, exits 2, and queues nothing', () => {
  it.each([
    [
      'a file that is not there',
      ['--attach=nowhere.pdf'],
      /--attach nowhere\.pdf: there is no such file/,
    ],
    ['a folder', ['--attach=/tmp'], /--attach \/tmp: it is a directory/],
    ['a device', ['--attach=/dev/zero'], /--attach \/dev\/zero: it is no regular file/],
    [
      'a column without a folder',
      ['--attach-column=bill'],
      /--attach-column is given without --attach-dir/,
    ],
    [
      'a folder without a column',
      ['--attach-dir=/tmp'],
      /--attach-dir is given without --attach-column/,
    ],
    [
      'a column that there is not',
      ['--attach-column=file', '--attach-dir=/tmp'],
      /has no column "file"/,
    ],
    [
      'a file a row that is not there',
      ['--attach-column=bill', '--attach-dir=/tmp'],
      /2 rows have no file to attach: line 2 \(ann@example\.org\): a\.pdf: there is no such file; line 3/,
    ],
  ])('%s', async (_, args, words) => {
    const before = await sends();
    const { code, stderr } = await queue(text(), ...args, '--yes');
    expect(stderr).toMatch(words);
    expect(code).toBe(2);
    expect(await sends()).toBe(before);
  });

  it('a link that leads elsewhere, and a picture outside of the folder of the HTML', async () => {
    put('outside.png');
    symlinkSync('/etc/hostname', join(directory, 'link'));
    symlinkSync(join(directory, 'outside.png'), join(directory, 'mail/link.png'));
    const before = await sends();
    const linked = await queue(text(), `--attach=${join(directory, 'link')}`, '--yes');
    expect(linked).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/it is a link that leads out/),
    });
    for (const src of ['../outside.png', 'link.png', join(directory, 'outside.png')]) {
      put('mail/bad.html', `<p>\n\n<img src="${src}"></p>`);
      const { code, stderr } = await queue(`--html=${join(directory, 'mail/bad.html')}`, '--yes');
      expect(stderr).toMatch(/bad\.html, line 3: .*: it (is|leads)/);
      expect(code).toBe(2);
    }
    expect(await sends()).toBe(before);
  });
});

it('a dry run says that a file is missing, and that the relay takes no message so large', async () => {
  put('mail/img/logo.png');
  const smtp = await startSmtpServer({ server: { size: 100_000 } });
  try {
    put('large.bin', randomBytes(90_000));
    const args = [
      'queue',
      `--list=${join(directory, 'people.csv')}`,
      '--from=News <news@example.org>',
      '--subject=News',
      html(),
      `--attach=${join(directory, 'large.bin')}`,
      '--dry-run',
    ];
    const { code, stderr } = await runCommand(args, {
      url: db.url,
      env: { CAMPAIGN_SMTP_URL: smtp.url },
    });
    expect(stderr).toMatch(/The message comes to 12\d KB, and 127\.0\.0\.1 takes 98 KB \(SIZE\)/);
    expect(code).toBe(0);
    await smtp.close();
    const without = await runCommand(args, { url: db.url, env: { CAMPAIGN_SMTP_URL: smtp.url } });
    expect(without.stderr).not.toMatch(/SIZE/);
    expect(without.code).toBe(0);
  } finally {
    await smtp.close();
  }
});
