import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMessage } from '../../src/store/messages.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';

let db: TestDatabase;
let directory: string;
beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'campaign-edit-'));
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
const edit = (id: number, ...args: string[]) => run('edit', id, ...args);

async function queued(...more: string[]): Promise<number> {
  const { stdout, stderr } = await run(
    'queue',
    '--list',
    file('email,name\nann@example.org,Ann\n'),
    '--from',
    'news@example.org',
    '--subject',
    'Helo {{ name }}',
    '--html',
    file('<p>Dear {{ name }}</p>'),
    '--paused',
    '--yes',
    ...more,
  );
  if (stdout === '') throw new Error(stderr);
  return Number(stdout);
}

const message = (id: number) => readMessage(db.database, id);
const events = async (id: number) =>
  JSON.parse((await run('events', id, '--json')).stdout) as {
    event: string;
    details: Record<string, unknown>;
  }[];

describe('edit', () => {
  it('changes what is given, and tells it, on stderr and by an event with what was and is', async () => {
    const id = await queued('--reply-to', 'help@example.org', '--header', 'X-Segment: a');
    const html = file('<p>Dear {{ name }}, hello</p>');
    const { code, stdout, stderr } = await edit(
      id,
      ...['--subject', 'Hello {{ name }}', '--html', html],
      ...[
        '--header',
        'X-Other: {{ name }}',
        '--remove',
        'reply-to',
        '--envelope-from',
        'b@example.org',
      ],
    );
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `changed reply-to, envelope-from, subject, html, header: version 2; \`campaign resume ${id}\` goes on with it\n`,
    });
    expect(stdout).toContain('version: 2');
    expect(await message(id)).toMatchObject({
      version: 2,
      subject: 'Hello {{ name }}',
      html: '<p>Dear {{ name }}, hello</p>',
      replyTo: null,
      envelopeFrom: 'b@example.org',
      headers: [{ name: 'X-Other', value: '{{ name }}' }],
      from: 'news@example.org',
    });
    const edited = (await events(id)).find(({ event }) => event === 'edited');
    expect(edited?.details).toMatchObject({
      version: 2,
      changed: {
        subject: { from: 'Helo {{ name }}', to: 'Hello {{ name }}' },
        replyTo: { from: 'help@example.org', to: null },
        html: { from: { bytes: 22 }, to: { bytes: 29 } },
      },
    });
    const again = await edit(id, '--subject', 'Hello {{ name }}');
    expect(again.stderr).toContain('has that already: nothing was changed');
    expect((await message(id))?.version).toBe(2);
    expect((await run('verify', id)).code).toBe(0);
  });

  it('refuses a field that the list has not, in any part, and changes nothing', async () => {
    const id = await queued();
    for (const args of [
      ['--subject', 'Hello {{ city }}'],
      ['--html', file('<p>{{ city }}</p>')],
      ['--text', file('{{ city }}')],
      ['--markdown', file('{{ city }}')],
      ['--header', 'X-City: {{ city }}'],
      ['--list-unsubscribe', 'https://example.org/{{ city }}'],
      ['--html', file('{{ unsubscribe_url }}')],
    ]) {
      const { code, stderr } = await edit(id, ...args, '--json');
      expect({ args, code }).toEqual({ args, code: 2 });
      expect(JSON.parse(stderr).code).toBe('BAD_TEMPLATE');
    }
    expect((await message(id))?.version).toBe(1);
  });

  it('says that a text part of its own stays, and takes it away where asked to', async () => {
    const id = await queued('--text', file('Dear {{ name }}'));
    const kept = await edit(id, '--html', file('<p>Other</p>'));
    expect(kept.stderr).toContain('the text part stays as it was');
    await edit(id, '--remove', 'text');
    expect(await message(id)).toMatchObject({ version: 3, text: null });
    const none = await edit(id, '--remove', 'html', '--json');
    expect(JSON.parse(none.stderr)).toMatchObject({
      code: 'USAGE',
      message: 'there would be nothing to send: neither HTML nor text is left',
    });
  });

  it.each([
    [
      'running',
      /^send \d+ is running; only the message of a paused one can be changed$/,
      /campaign pause/,
    ],
    ['importing', /is importing/, /wait until it is queued/],
    ['completed', /is completed/, /campaign clone/],
    ['cancelled', /is cancelled/, /campaign clone/],
  ] as const)('of a send that is %s exits 4 and says what to do', async (status, what, remedy) => {
    const id = await seedSendWithRows(db.database, rowsOf({ pending: 1 }), { status });
    const { code, stderr } = await edit(id, '--subject', 'Other', '--json');
    expect(code).toBe(4);
    const error = JSON.parse(stderr);
    expect(error.message).toMatch(what);
    expect(error.remedy).toMatch(remedy);
  });

  it('says what is wrong with what it is given', async () => {
    const id = await queued('--unsubscribe-url', 'https://news.example.org/u');
    const wrong = async (...args: string[]) => {
      const { code, stderr } = await edit(id, ...args, '--json');
      expect(code).toBe(2);
      return JSON.parse(stderr).message as string;
    };
    expect(await wrong()).toBe('nothing is to be changed');
    expect(await wrong('--from', 'nobody')).toContain('--from: "nobody" is not one sender');
    expect(await wrong('--html', '/nowhere')).toContain('/nowhere');
    expect(await wrong('--remove', 'from')).toContain('--remove "from" is not allowed');
    expect(await wrong('--reply-to', 'a@example.org', '--remove', 'reply-to')).toContain(
      'to be removed',
    );
    expect(await wrong('--header', 'Bcc: x@example.org')).toContain('the header Bcc');
    expect(await wrong('--list-unsubscribe', 'https://example.org/u')).toContain('beside that of');
    expect((await edit(999_999, '--subject', 'x')).code).toBe(3);
  });
});
