import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';

let db: TestDatabase;
let smtp: SmtpServer;
let directory: string;

beforeAll(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer();
  directory = mkdtempSync(join(tmpdir(), 'message-sources-'));
  writeFileSync(join(directory, 'list.csv'), 'email,name\nann@example.org,Ann\n');
});
afterAll(async () => {
  await smtp.close();
  await db.drop();
  rmSync(directory, { recursive: true });
});

const PDF = randomBytes(200_000);
const PNG = randomBytes(5_000);

/** What the receiver's mail program makes of it. */
async function received(...options: string[]) {
  const queued = await runCommand(
    ['queue', `--list=${join(directory, 'list.csv')}`, '--yes', ...options],
    { url: db.url },
  );
  expect([queued.code, queued.stderr]).toEqual([0, expect.any(String)]);
  smtp.messages.length = 0;
  const { code } = await runCommand(['run-scheduler', '--until-idle'], {
    url: db.url,
    env: { CAMPAIGN_SMTP_URL: smtp.url },
  });
  expect(code).toBe(0);
  const [message] = smtp.messages;
  return simpleParser(message?.raw ?? '', { skipImageLinks: true });
}

test('a saved message arrives with its text, its HTML, its pictures and its files, byte for byte', async () => {
  const eml = await new MailComposer({
    from: 'Jörg <news@example.org>',
    to: 'me@example.org',
    subject: 'Grüße, {{ name }}',
    text: 'Dear {{ name }}, grüße',
    html: '<p>Dear {{ name }} <img src="cid:logo@x" alt="Logo"></p>',
    headers: { 'X-Segment': '{{ name }}' },
    attachments: [
      { filename: 'Übersicht März.pdf', content: PDF },
      { filename: 'logo.png', content: PNG, cid: 'logo@x' },
    ],
  })
    .compile()
    .build();
  writeFileSync(join(directory, 'news.eml'), eml);
  const mail = await received(`--eml=${join(directory, 'news.eml')}`);
  expect(mail).toMatchObject({
    subject: 'Grüße, Ann',
    text: expect.stringContaining('Dear Ann, grüße'),
  });
  expect(mail.from?.value).toEqual([{ name: 'Jörg', address: 'news@example.org' }]);
  expect(mail.headers.get('x-segment')).toBe('Ann');
  expect(mail.html).toContain('Dear Ann <img src="cid:logo@x" alt="Logo">');
  expect(
    mail.attachments.map(({ filename, contentType, cid, content }) => ({
      filename,
      contentType,
      cid,
      isSame: content.equals(filename === 'logo.png' ? PNG : PDF),
    })),
  ).toEqual([
    { filename: 'logo.png', contentType: 'image/png', cid: 'logo@x', isSame: true },
    {
      filename: 'Übersicht März.pdf',
      contentType: 'application/pdf',
      cid: undefined,
      isSame: true,
    },
  ]);
});

test('the folder of a message arrives with its pictures and its attachments', async () => {
  const folder = join(directory, 'spring');
  mkdirSync(join(folder, 'attachments'), { recursive: true });
  writeFileSync(join(folder, 'message.md'), '# Hi {{ name }}\n\n![Logo](logo.png)\n');
  writeFileSync(join(folder, 'logo.png'), PNG);
  writeFileSync(join(folder, 'subject.txt'), 'Spring, {{ name }}\n');
  writeFileSync(join(folder, 'attachments', 'Übersicht.pdf'), PDF);
  writeFileSync(join(folder, 'attachments', 'b.txt'), 'b\n');
  writeFileSync(
    join(folder, 'message.toml'),
    'from = "news@example.org"\nenvelope-from = "b@example.org"\n',
  );
  const mail = await received(`--message=${folder}`);
  expect(smtp.messages[0]?.from).toBe('b@example.org');
  expect(mail).toMatchObject({ subject: 'Spring, Ann', text: expect.stringContaining('Hi Ann') });
  expect(mail.html).toMatch(/<h1>Hi Ann<\/h1>\s*<p><img src="cid:[^"]+" alt="Logo"><\/p>/);
  expect(mail.attachments.map(({ filename }) => filename)).toEqual([
    'logo.png',
    'b.txt',
    'Übersicht.pdf',
  ]);
  expect(mail.attachments[0]?.content).toEqual(PNG);
  expect(mail.attachments[2]?.content).toEqual(PDF);
});
