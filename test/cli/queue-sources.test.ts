import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';

let db: TestDatabase;
let directory: string;

beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'queue-sources-'));
});
afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true });
});

let files = 0;
function file(text: string, ending = 'txt'): string {
  const path = join(directory, `file-${++files}.${ending}`);
  writeFileSync(path, text);
  return path;
}

const queue = (...more: string[]) =>
  runCommand(
    [
      'queue',
      `--list=${file('email,name\nann@example.org,Ann\n')}`,
      '--from=News <news@example.org>',
      '--subject=Hi',
      '--yes',
      '--json',
      ...more,
    ],
    { url: db.url },
  );

async function stored(...more: string[]): Promise<{ html: string | null; text: string | null }> {
  const { code, stdout } = await queue(...more);
  expect(code).toBe(0);
  const [row] = await db.database.rows<{ html: string | null; text: string | null }>(
    'SELECT HTML AS html, BODY_TEXT AS text FROM CAMPAIGN_MESSAGES WHERE SEND_ID = ?',
    [JSON.parse(stdout).id],
  );
  return row as { html: string | null; text: string | null };
}

async function refusal(...more: string[]): Promise<{ code: string; message: string }> {
  const { code, stderr } = await queue(...more);
  expect(code).toBe(2);
  return JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
}

describe('--markdown', () => {
  it('is stored as HTML, of which the text part is made, or beside a text of its own', async () => {
    const markdown = file('# Hi {{ name }}\n\nSee [us](https://example.org).\n', 'md');
    const { html, text } = await stored(`--markdown=${markdown}`);
    expect(html).toContain('<h1>Hi {{ name }}</h1>\n<p>See <a href="https://example.org">us</a>');
    expect(text).toBeNull();
    const both = await stored(`--markdown=${markdown}`, `--text=${file('Hi')}`);
    expect(both.text).toBe('Hi');
  });

  it('names the place in the Markdown', async () => {
    const error = await refusal(`--markdown=${file('# Hi\n\n\n- {{ nmae }}\n', 'md')}`);
    expect(error).toMatchObject({
      code: 'BAD_TEMPLATE',
      message: expect.stringMatching(/\.md, line 4, column 6: there is no merge field "nmae"$/),
    });
  });

  it('does not go with --html', async () => {
    const error = await refusal(`--markdown=${file('x')}`, `--html=${file('x')}`);
    expect(error.code).toBe('USAGE');
  });

  it('with merge tags of another tool is refused, not read as emphasis', async () => {
    const error = await refusal(`--markdown=${file('Dear *|FNAME|*')}`);
    expect(error.message).toMatch(/line 1, column 6: "\*\|FNAME\|\*" is a merge tag of Mailchimp/);
  });
});

describe('--inline-css', () => {
  it('writes the rules into the elements', async () => {
    const html = file('<style>p { color: red }</style><p>{{ name }}</p>');
    expect((await stored(`--html=${html}`, '--inline-css')).html).toBe(
      '<p style="color: red;">{{ name }}</p>',
    );
    expect((await stored(`--html=${html}`)).html).toBe(
      '<style>p { color: red }</style><p>{{ name }}</p>',
    );
  });

  it('tells of sheets that are only linked to', async () => {
    const html = file('<link rel="stylesheet" href="x.css"><p>{{ name }}</p>');
    const { code, stderr } = await queue(`--html=${html}`, '--inline-css');
    expect([code, stderr]).toEqual([0, expect.stringContaining('links to style sheets')]);
  });

  it('without HTML is refused', async () => {
    const error = await refusal(`--text=${file('x')}`, '--inline-css');
    expect(error).toMatchObject({
      code: 'USAGE',
      message: '--inline-css is given, and there is no HTML',
    });
  });
});

describe('merge tags of another tool', () => {
  it.each(['--subject=Hi *|FNAME|*', '--header=X-A: %recipient.id%'])(
    'are refused in %s',
    async (option) => {
      const error = await refusal(`--text=${file('x')}`, option);
      expect(error).toMatchObject({
        code: 'BAD_TEMPLATE',
        message: expect.stringContaining('would be sent as it stands'),
      });
    },
  );

  it('that may be text are told of', async () => {
    const { code, stderr } = await queue(`--text=${file('a\n [[see]]')}`);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /This looks like a merge tag of another tool, and would be sent as it stands:\n {2}.*\.txt, line 2, column 2: \[\[see\]\]/,
    );
  });
});
