import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifySend } from '../../src/store/verify.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { balancedBooks } from '../support/ledger.ts';
import { runCommand, startCommand } from '../support/run-command.ts';
import { startSmtpServer } from '../support/smtp.ts';

let db: TestDatabase;
let directory: string;
let files = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'queue-missing-'));
});
afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(async () => {
  await db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS');
  // No other test's scheduler is to find what this one left.
  await db.database.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'cancelled' WHERE STATUS = 'running'");
});

function file(text: string): string {
  const path = join(directory, `file-${++files}`);
  writeFileSync(path, text);
  return path;
}

const words = (list: string, body: string, ...more: string[]): string[] => [
  'queue',
  `--list=${file(list)}`,
  '--from=news@example.org',
  '--subject=Hello',
  `--text=${file(body)}`,
  ...more,
];

const run = (args: readonly string[]) => runCommand(args, { url: db.url });

interface Figures {
  id: number;
  total: number;
  missing: number;
  declined: number;
  suppressed: number;
}

/** Queues a list, and makes sure that its books balance and that a dry run comes to the same. */
async function queue(list: string, body: string, ...more: string[]): Promise<Figures> {
  const tried = await run(words(list, body, '--dry-run', '--json', ...more));
  const { code, stdout } = await run(words(list, body, '--yes', '--json', ...more));
  expect([tried.code, code]).toEqual([0, 0]);
  const figures: Figures = JSON.parse(stdout);
  expect(JSON.parse(tried.stdout).missing).toBe(figures.missing);
  expect(await verifySend(db.database, figures.id)).toEqual([]);
  await balancedBooks(db.database, figures.id);
  return figures;
}

const rowsOf = async (id: number): Promise<string[]> =>
  (
    await db.database.rows<{ EMAIL: string; STATUS: string; RESPONSE: string | null }>(
      'SELECT EMAIL, STATUS, RESPONSE FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? ORDER BY SEQ',
      [id],
    )
  ).map(({ EMAIL, STATUS, RESPONSE }) => `${EMAIL} ${STATUS} ${RESPONSE ?? ''}`.trim());

const LIST = `email,first_name,city,vip
ann@example.org,Ann,Bath,
bob@example.org,,Bonn,yes
cat@example.org,"  ",,yes
BOB@example.org,,,
dan@example.org,Dan,,
`;

describe('a cell that is empty', () => {
  it.each<[string, string[]]>([
    ['Dear {{ first_name }}', ['bob', 'cat']],
    ['Dear {{ First_Name | upcase }}', ['bob', 'cat']],
    ["{{ first_name | strip | default: 'friend' }}", []],
    ['{{ first_name | default: city }}', ['cat']],
    ["{{ 'Dear ' | append: first_name | append: '!' }}", ['bob', 'cat']],
    ['{% if first_name %}Dear {{ first_name }}{% else %}Hello{% endif %}', []],
    ['{% if vip %}Dear {{ first_name }}{% endif %}', ['bob', 'cat']],
    ["{% unless vip == 'yes' %}{{ first_name }}, {{ city }}{% endunless %}", ['dan']],
    ['{% case first_name %}{% when blank %}Hello{% else %}{{ first_name }}{% endcase %}', []],
    ["{% assign name = first_name | default: 'you' %}{{ name }}", []],
    ['{% assign name = first_name %}{% if name != blank %}{{ name }}{% endif %}', []],
    ['{% assign name = first_name | append: "," %}{{ name }}', ['bob', 'cat']],
    ['{% capture name %}Dear {{ first_name }}{% endcapture %}Hello', []],
    ['{% capture name %}Dear {{ first_name }}{% endcapture %}{{ name | strip }}', ['bob', 'cat']],
    ['{% for part in city %}{{ part }}{% endfor %}', []],
    ["{{ city | split: ',' | join: ' and ' }}", ['cat', 'dan']],
    ['{% echo city %}', ['cat', 'dan']],
    ['{% liquid\necho city | upcase\n%}', ['cat', 'dan']],
    ['{% comment %}{{ city }}{% endcomment %}{% raw %}{{ city }}{% endraw %}', []],
    ['{{ email }}', []],
    ['{{ vip | plus: 1 }}', ['ann', 'dan']],
  ])('is missing where the message prints it: %s', async (body, missing) => {
    const { id, ...figures } = await queue(LIST, body, '--missing=skip');
    expect(figures).toMatchObject({ total: 4, missing: missing.length });
    expect((await rowsOf(id)).filter((row) => row.includes('skipped'))).toEqual(
      missing.map((name) => expect.stringContaining(`${name}@example.org skipped missing: `)),
    );
  });

  it('is looked for in subject, HTML, headers and links too', async () => {
    const html = file('<p title="{{ city }}">x</p>');
    const list = 'email,a,b,city,c\nann@example.org,,,,\n';
    const { id } = await queue(
      list,
      'x',
      `--html=${html}`,
      '--subject={{ a }}',
      '--header=X-B: {{ b }}',
      '--list-unsubscribe=https://example.org/{{ c }}',
      '--missing=skip',
    );
    expect(await rowsOf(id)).toEqual(['ann@example.org skipped missing: a, city, c, b']);
  });

  it('is no link of ours, nor is the whole list in the way of a template without fields', async () => {
    const { missing } = await queue(
      LIST,
      '{{ unsubscribe_url }}',
      '--unsubscribe-url=https://example.org/u',
      '--missing=error',
    );
    expect(missing).toBe(0);
  });
});

describe('--missing', () => {
  it('blank tells how many with the first lines, and sends it with a blank', async () => {
    const { id, ...figures } = await queue(LIST, 'Dear {{ first_name }} of {{ city }}');
    expect(figures).toMatchObject({ total: 4, missing: 3, suppressed: 0 });
    const { stderr } = await run(words(LIST, 'Dear {{ first_name }} of {{ city }}', '--yes'));
    expect(stderr).toContain(
      'A cell that the message prints is empty for 3 recipients, who get a blank there (--missing skip leaves them out, --missing error refuses the list): first_name (2), city (2)\n' +
        '  line 3: first_name\n  line 4: first_name, city\n  line 6: city\n',
    );
    expect(await rowsOf(id)).toEqual([
      'ann@example.org pending',
      'bob@example.org pending',
      'cat@example.org pending',
      'dan@example.org pending',
    ]);
  });

  it('is told before the question', async () => {
    const asked = startCommand(words(LIST, 'Dear {{ city }}'), { url: db.url, terminal: true });
    await vi.waitFor(() => expect(asked.stderr).toContain('Send it to'), 10_000);
    expect(asked.stderr).toContain('Send it to 4 recipients (1 duplicate, 2 with an empty cell)?');
    expect(asked.stderr).toContain('  line 4: city\n  line 6: city\n');
    asked.type('n');
    expect((await asked.ended).code).toBe(2);
  });

  it('error refuses the list, naming the lines, and leaves nothing', async () => {
    const before = await db.database.rows('SELECT COUNT(*) AS n FROM CAMPAIGN_SENDS');
    for (const more of ['--yes', '--dry-run']) {
      const { code, stderr } = await run(
        words(LIST, 'Dear {{ city }}', '--missing=error', '--json', more),
      );
      const error = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
      expect([code, error.code]).toEqual([2, 'BAD_LIST']);
      expect(error.message).toMatch(
        /has 2 rows with an empty cell that the message prints: line 4 \(city\), line 6 \(city\)$/,
      );
    }
    expect(await db.database.rows('SELECT COUNT(*) AS n FROM CAMPAIGN_SENDS')).toEqual(before);
  });

  it('error takes a list whose missing rows are not to be mailed: duplicates, and who said no', async () => {
    const list = `email,city,subscribed
ann@example.org,Bath,yes
ann@example.org,,yes
bob@example.org,,no
`;
    const figures = await queue(list, '{{ city }}', '--missing=error');
    expect(figures).toMatchObject({ total: 2, declined: 1, missing: 0 });
  });

  it('skip counts the row once, beside noes and suppressions, and the rest is mailed', async () => {
    await db.database.run(
      `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, CREATED_AT)
       VALUES ('eve@example.org', 'asked', UTC_TIMESTAMP(3)), ('cat@example.org', 'asked', UTC_TIMESTAMP(3))`,
    );
    const list = `email,city,subscribed
ann@example.org,Bath,yes
bob@example.org,,no
cat@example.org,,yes
dan@example.org,,yes
eve@example.org,Rome,yes
`;
    const { id, ...figures } = await queue(list, '{{ city }}', '--missing=skip', '--key=skips');
    expect(figures).toMatchObject({ total: 5, declined: 1, missing: 2, suppressed: 1 });
    expect(await rowsOf(id)).toEqual([
      'ann@example.org pending',
      'bob@example.org skipped declined: subscribed = no',
      'cat@example.org skipped missing: city',
      'dan@example.org skipped missing: city',
      'eve@example.org skipped suppressed: asked',
    ]);
    const again = await run(words(list, '{{ city }}', '--key=skips', '--yes', '--json'));
    expect(JSON.parse(again.stdout)).toMatchObject({
      alreadyQueued: true,
      missing: 2,
      suppressed: 1,
      declined: 1,
    });
    const shown = await runCommand(['progress', String(id)], { url: db.url, terminal: true });
    expect(shown.stdout).toContain('4  1 said no in the list  2 with an empty cell');
    const smtp = await startSmtpServer();
    try {
      await runCommand(['run-scheduler', '--once'], {
        url: db.url,
        env: { CAMPAIGN_SMTP_URL: smtp.url },
      });
      const mailed = smtp.messages.flatMap(({ to }) => to);
      for (const name of ['bob', 'cat', 'dan', 'eve']) {
        expect(mailed).not.toContain(`${name}@example.org`);
      }
    } finally {
      await smtp.close();
    }
    expect(await verifySend(db.database, id)).toEqual([]);
  });

  it('skip takes rows by thousands', async () => {
    const people = Array.from(
      { length: 5_000 },
      (_, i) => `p${i}@example.org,${i % 2 === 0 ? '' : 'x'}`,
    );
    const { total, missing } = await queue(
      `email,city\n${people.join('\n')}\n`,
      '{{ city }}',
      '--missing=skip',
    );
    expect([total, missing]).toEqual([5_000, 2_500]);
  });

  it('takes no other word', async () => {
    const { code, stderr } = await run(words(LIST, 'x', '--missing=ignore', '--yes'));
    expect([code, stderr]).toEqual([2, expect.stringContaining('one of blank, error, skip')]);
  });
});
