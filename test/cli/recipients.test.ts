import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageIdsOf } from '../../src/domain/message-id.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand } from '../support/run-command.ts';
import { rowsOf, type SeedRow, seedSendWithRows } from '../support/seed.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

const run = (...args: (string | number)[]) =>
  runCommand(['recipients', ...args.map(String)], { url: test.url });

interface Json {
  recipients: { email: string; status: string; messageId: string | null; [key: string]: unknown }[];
  next: string | null;
}

async function json(...args: (string | number)[]): Promise<Json> {
  const { code, stdout } = await run(...args, '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Json;
}

/** All pages of two rows, joined. */
async function pages(id: number, status: string): Promise<string[]> {
  const emails: string[] = [];
  for (let next: string | null = null; ; ) {
    const page: Json = await json(
      id,
      '--status',
      status,
      '--limit',
      2,
      ...(next ? ['--after', next] : []),
    );
    emails.push(...page.recipients.map(({ email }) => email));
    if (page.next === null) return emails;
    expect(page.recipients).toHaveLength(2);
    next = page.next;
  }
}

describe('recipients --json', () => {
  it('has the documented keys, the reply of what failed as the error, and the Message-ID of what was tried', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 1, failed: 1, pending: 1 }));
    const { recipients, next } = await json(id);
    expect(next).toBeNull();
    expect(Object.keys(recipients[0] ?? {}).slice(0, 8)).toEqual([
      'email',
      'status',
      'attempts',
      'smtpCode',
      'enhancedCode',
      'error',
      'messageId',
      'sentAt',
    ]);
    const idOf = messageIdsOf(id, Buffer.alloc(32, 7), 'example.org');
    expect(recipients).toMatchObject([
      { email: 'r1@example.org', status: 'sent', smtpCode: 250, error: null, messageId: idOf(1) },
      {
        status: 'failed',
        attempts: 1,
        enhancedCode: '5.1.1',
        error: 'No such user',
        messageId: idOf(2),
        sentAt: null,
      },
      { status: 'pending', attempts: 0, smtpCode: null, error: null, messageId: null },
    ]);
  });

  it('of a send without recipients is an empty page', async () => {
    const id = await seedSendWithRows(test.database, []);
    expect(await json(id)).toEqual({ recipients: [], next: null });
  });

  it('streams the whole as one document with --all', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ sent: 4500 }));
    const { recipients, next } = await json(id, '--all');
    expect(next).toBeNull();
    expect(recipients.map(({ email }) => email)).toEqual(
      Array.from({ length: 4500 }, (_, i) => `r${i + 1}@example.org`),
    );
  });
});

describe('pages of one status, joined, hold each of its rows once', () => {
  // 30 rows in which the statuses take turns, then untouched ones.
  const turns: SeedRow[] = [
    { status: 'sent' },
    { status: 'failed' },
    { status: 'unknown' },
    { status: 'sending' },
    { status: 'pending', deferred: true },
    { status: 'skipped' },
  ];
  const rows: SeedRow[] = [
    ...Array.from({ length: 30 }, (_, i) => turns[i % turns.length] as SeedRow),
    ...rowsOf({ pending: 4 }),
  ];
  let id: number;
  beforeAll(async () => {
    id = await seedSendWithRows(test.database, rows, { claimedBy: 'w' });
  });

  it.each(['sent', 'failed', 'unknown', 'sending', 'skipped', 'pending'])('%s', async (status) => {
    const expected = rows.flatMap((row, i) =>
      row.status === status ? [`r${i + 1}@example.org`] : [],
    );
    expect(await pages(id, status)).toEqual(expected);
    const all = await json(id, '--status', status, '--all');
    expect(all.recipients.map(({ email }) => email)).toEqual(expected);
  });
});

describe('recipients as CSV', () => {
  it('has a head, quotes what needs it, and disarms what a spreadsheet would run, but no address with + or -', async () => {
    const id = await seedSendWithRows(test.database, [
      { status: 'failed', response: '=HYPERLINK("http://x")' },
      { status: 'failed', email: '+a@example.org', response: 'one, two' },
    ]);
    const { stdout } = await run(id, '--csv');
    const lines = stdout.split('\r\n');
    expect(lines[0]).toBe(
      'email,status,attempts,smtpCode,enhancedCode,error,messageId,sentAt,response,version',
    );
    expect(lines[1]).toContain(`"'=HYPERLINK(""http://x"")"`);
    expect(lines[2]).toMatch(/^\+a@example\.org,failed,1,550,5\.1\.1,"one, two"/);
  });
});

describe('recipients as lines', () => {
  it('are separated by tabs, control characters escaped, and say how to go on', async () => {
    const id = await seedSendWithRows(test.database, [
      { status: 'failed', response: 'bad \u001b]0;x\u0007' },
      { status: 'pending' },
    ]);
    const { stdout, stderr } = await run(id, '--limit', 1);
    expect(stdout.split('\t').slice(0, 2)).toEqual(['r1@example.org', 'failed']);
    expect(stdout).toContain('bad \\x1b]0;x\\x07');
    expect(stderr).toContain(`campaign recipients ${id} --limit 1 --after 1`);
    const filtered = await run(id, '--status', 'failed', '--csv', '--limit', 1);
    expect(filtered.stderr).not.toContain('more:');
    const failed = await seedSendWithRows(test.database, rowsOf({ failed: 2 }));
    expect((await run(failed, '--status', 'failed', '--csv', '--limit', 1)).stderr).toContain(
      `campaign recipients ${failed} --status failed --csv --limit 1 --after 1`,
    );
  });

  it('become a table on a terminal', async () => {
    const id = await seedSendWithRows(test.database, rowsOf({ failed: 1 }));
    const { stdout } = await runCommand(['recipients', String(id)], {
      url: test.url,
      terminal: true,
    });
    expect(stdout).toMatch(/r1@example\.org +failed +1 +550 +5\.1\.1 +No such user/);
  });
});

describe('recipients with wrong input', () => {
  it.each([
    ['--limit', '0'],
    ['--limit', '10001'],
    ['--after', 'x'],
    ['--status', 'lost'],
  ])('%s %s exits 2', async (...option) => {
    expect((await run(1, ...option)).code).toBe(2);
  });

  it('of no send exits 3', async () => {
    expect((await run(999_999)).code).toBe(3);
  });
});
