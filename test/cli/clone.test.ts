import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMessage } from '../../src/store/messages.ts';
import { readSend } from '../../src/store/sends/row.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';

let db: TestDatabase;
let directory: string;
beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'campaign-clone-'));
});
afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true, force: true });
});

let files = 0;
function file(content: string): string {
  const path = join(directory, `file-${++files}`);
  writeFileSync(path, content);
  return path;
}

const run = (...args: (string | number)[]) => runCommand(args.map(String), { url: db.url });

const LIST =
  'email,Name,Note\nann@example.org,Ann,"a ""b"", c\nd"\nbob@müller.example,Bob,\neve@example.org,Eve,x\n';

async function queued(...more: string[]): Promise<number> {
  const { stdout, stderr } = await run(
    ...['queue', '--list', file(LIST), '--from', 'News <news@example.org>'],
    ...['--subject', 'Hello {{ name }}', '--html', file('<p>Dear {{ name }}</p>')],
    ...['--paused', '--yes'],
    ...more,
  );
  if (stdout === '') throw new Error(stderr);
  return Number(stdout);
}

async function cloned(id: number, ...args: string[]): Promise<number> {
  const { stdout, stderr } = await run('clone', id, '--yes', '--paused', ...args);
  if (stdout === '') throw new Error(stderr);
  return Number(stdout);
}

const refused = async (id: number, ...args: string[]) => {
  const { code, stderr } = await run('clone', id, '--yes', '--json', ...args);
  return { code, ...JSON.parse(stderr.trim().split('\n').at(-1) ?? '') };
};

const send = (id: number) => readSend(db.database, id);
const rows = (id: number) =>
  db.database.rows<{ email: string; norm: string; fields: string }>(
    'SELECT EMAIL AS email, EMAIL_NORM AS norm, FIELDS AS fields FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? ORDER BY SEQ',
    [id],
  );

describe('clone', () => {
  it('takes message, pacing and topic of the send as it is now, what is given wins, and never its key', async () => {
    const id = await queued(
      ...['--key', 'november', '--topic', 'news', '--batch-size', '7', '--delay-ms', '5'],
      ...['--reply-to', 'help@example.org', '--header', 'X-A: {{ name }}', '--max-attempts', '3'],
      ...['--unsubscribe-url', 'https://news.example.org/u', '--start-at', '2040-01-01T00:00:00Z'],
    );
    await run('edit', id, '--subject', 'Hello again {{ name }}');
    const other = file('email,name\nnew@example.org,New\n');
    const clone = await cloned(id, '--list', other, '--batch-size', '9');
    const original = await readMessage(db.database, id);
    const { secret, ...message } = (await readMessage(db.database, clone)) ?? {};
    expect({ ...message, secret: original?.secret }).toEqual({
      ...original,
      fieldNames: ['name'],
      version: 1,
      queuedFrom: null,
    });
    expect(secret).not.toEqual(original?.secret);
    expect(await send(clone)).toMatchObject({
      name: 'Hello {{ name }}',
      key: null,
      topic: 'news',
      batchSize: 9,
      delayMs: 5,
      maxAttempts: 3,
      startAt: null,
      total: 1,
      version: 1,
    });
    expect(await send(id)).toMatchObject({ key: 'november', total: 3 });
  });

  it('goes to rows of the send itself, with all that they hold, whoever they are', async () => {
    const id = await queued();
    await run('cancel', id, '--yes');
    const clone = await cloned(
      id,
      '--same-list',
      '--status',
      'pending',
      '--subject',
      'Once more {{ note }}',
    );
    expect(await rows(clone)).toEqual(await rows(id));
    expect(await send(clone)).toMatchObject({ name: 'Once more {{ note }}', total: 3 });
    const some = await cloned(id, '--same-list', '--status', 'pending', '--where', "name == 'Eve'");
    expect((await rows(some)).map(({ email }) => email)).toEqual(['eve@example.org']);
  });

  it('goes to nobody who was forgotten, whatever became of their row since, and to others whose reply says so', async () => {
    const id = await queued();
    await run('cancel', id, '--yes');
    expect((await run('forget', 'ann@example.org', '--yes')).code).toBe(0);
    const pending = await cloned(id, '--same-list', '--status', 'pending');
    expect((await rows(pending)).map(({ email }) => email)).not.toContain('ann@example.org');
    await db.database.run(
      `UPDATE CAMPAIGN_SEND_RESULTS
          SET STATUS = 'failed', RESPONSE = ELT(SEQ, 'resolved as failed by ann@vm', '<bob>: forgotten', 'forgotten'),
              RESOLVED_AT = IF(SEQ = 1, UTC_TIMESTAMP(3), NULL)
        WHERE SEND_ID = ?`,
      [id],
    );
    const failed = await cloned(id, '--same-list', '--status', 'failed');
    expect((await rows(failed)).map(({ email }) => email)).toEqual([
      'bob@müller.example',
      'eve@example.org',
    ]);
  });

  it('goes to nobody who was forgotten before there was a column for it', async () => {
    const id = await queued();
    await run('cancel', id, '--yes');
    await db.database.run(
      `UPDATE CAMPAIGN_SEND_RESULTS
          SET STATUS = 'skipped', FIELDS = IF(SEQ = 3, FIELDS, NULL),
              RESPONSE = ELT(SEQ, 'suppressed: forgotten', 'forgotten', 'suppressed: asked')
        WHERE SEND_ID = ?`,
      [id],
    );
    const clone = await cloned(id, '--same-list', '--status', 'skipped');
    expect((await rows(clone)).map(({ email }) => email)).toEqual(['eve@example.org']);
  });

  it('is refused for whom the send mails itself, and says who is missing', async () => {
    const id = await queued();
    const same = ['--same-list', '--status'];
    expect(await refused(id, ...same, 'pending')).toMatchObject({
      code: 'WRONG_STATE',
      message: `send ${id} is paused, and mails its pending recipients itself`,
    });
    expect(await refused(id, ...same, 'failed')).toMatchObject({
      code: 'NO_SUCH_RECIPIENT',
      message: `send ${id} has no recipients that are failed`,
    });
    expect(await refused(id)).toMatchObject({
      code: 'USAGE',
      message: 'nobody is named whom it is to go to',
    });
    expect(await refused(id, '--same-list')).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('--same-list needs --status'),
    });
    expect(await refused(id, '--list', file(LIST), '--status', 'sent')).toMatchObject({
      code: 'USAGE',
    });
    expect(await refused(999_999, '--list', file(LIST))).toMatchObject({ code: 'NO_SUCH_SEND' });
    expect(await refused(id, '--list', file('email\nx@example.org\n'))).toMatchObject({
      code: 'BAD_TEMPLATE',
      message: expect.stringContaining('no merge field "name"'),
    });
    const test = await seedSendWithRows(db.database, rowsOf({ sent: 1 }), { status: 'completed' });
    await db.database.run('UPDATE CAMPAIGN_SENDS SET TEST_OF = ? WHERE ID = ?', [id, test]);
    expect(await refused(test, ...same, 'sent')).toMatchObject({
      message: `send ${test} is a test`,
    });
  });

  it('makes the text anew where other HTML is given, and takes one way to unsubscribe for another', async () => {
    const text = file('Dear {{ name }}');
    const id = await queued('--text', text, '--unsubscribe-url', 'https://news.example.org/u');
    const page = ['--list-unsubscribe', 'https://example.org/u'];
    const clone = await cloned(id, '--list', file(LIST), '--html', file('<p>Other</p>'), ...page);
    expect(await readMessage(db.database, clone)).toMatchObject({
      html: '<p>Other</p>',
      text: null,
      listUnsubscribe: 'https://example.org/u',
      unsubscribeUrl: null,
    });
  });

  it('takes the files of the message along, what is given in their place wins, and rows need their own', async () => {
    const logo = join(directory, 'logo.png');
    writeFileSync(logo, Buffer.from('89504e470d0a1a0a0000', 'hex'));
    const html = join(directory, 'pictures.html');
    writeFileSync(html, '<p>Dear {{ name }}</p><img src="logo.png" alt="">');
    const report = file('a report');
    const { stdout, stderr } = await run(
      ...['queue', '--list', file(LIST), '--from', 'news@example.org', '--subject', 'Hello'],
      ...['--html', html, '--attach', report, '--paused', '--yes'],
    );
    if (stdout === '') throw new Error(stderr);
    const filesOf = async (id: number) => (await readMessage(db.database, id))?.files;
    const id = Number(stdout);
    const original = await filesOf(id);
    expect(original).toHaveLength(2);
    const clone = await cloned(id, '--list', file(LIST));
    expect(await filesOf(clone)).toEqual(original);
    expect((await readMessage(db.database, clone))?.html).toBe(
      (await readMessage(db.database, id))?.html,
    );
    const other = file('another report');
    const replaced = await cloned(
      id,
      '--list',
      file(LIST),
      '--attach',
      other,
      '--html',
      file('<p>x</p>'),
    );
    expect((await filesOf(replaced))?.map(({ bytes }) => bytes)).toEqual([14]);
    await db.database.run('UPDATE CAMPAIGN_MESSAGES SET ROW_FILE_BYTES = 5 WHERE SEND_ID = ?', [
      id,
    ]);
    expect(await refused(id, '--list', file(LIST))).toMatchObject({
      code: 'WRONG_STATE',
      message: expect.stringContaining('has a file for each of its rows'),
    });
    expect(await refused(id, '--list', file(LIST), '--attach-column', 'note')).toMatchObject({
      message: '--attach-dir is missing',
    });
  });

  it('asks as queue does, and a dry run changes nothing', async () => {
    const id = await queued();
    const { code, stderr } = await run('clone', id, '--list', file(LIST));
    expect(code).toBe(2);
    expect(stderr).toContain('add --yes');
    const dry = await run('clone', id, '--list', file(LIST), '--dry-run', '--json');
    expect(JSON.parse(dry.stdout)).toMatchObject({ id: null, status: 'dry-run', total: 3 });
  });
});
