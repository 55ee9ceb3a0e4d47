import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifySend } from '../../src/store/verify.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { balancedBooks } from '../support/ledger.ts';
import { runCommand, startCommand } from '../support/run-command.ts';
import { startSmtpServer } from '../support/smtp.ts';
import { CAMPAIGN } from '../support/spawn-campaign.ts';

let db: TestDatabase;
let directory: string;
let files = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'queue-declined-'));
  writeFileSync(join(directory, 'body.txt'), 'Hello');
});

afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true, force: true });
});

afterEach(() => db.database.run('DELETE FROM CAMPAIGN_SUPPRESSIONS'));

function file(text: string): string {
  const path = join(directory, `list-${++files}.csv`);
  writeFileSync(path, text);
  return path;
}

const words = (list: string, ...more: string[]): string[] => [
  'queue',
  `--list=${list}`,
  '--from=news@example.org',
  '--subject=Hello',
  `--text=${join(directory, 'body.txt')}`,
  ...more,
];

const run = (args: readonly string[], stdin?: string) =>
  runCommand(args, { url: db.url, ...(stdin === undefined ? {} : { stdin }) });

interface Figures {
  id: number;
  total: number;
  rejected: number;
  duplicates: number;
  blank: number;
  filtered: number;
  declined: number;
  suppressed: number;
}

/** Queues a list, and makes sure that its books balance and that a dry run comes to the same. */
async function queue(text: string, ...more: string[]): Promise<Figures & { stderr: string }> {
  const list = file(text);
  const tried = await run(words(list, '--dry-run', '--json', ...more));
  const { stderr } = await run(words(list, '--dry-run', ...more));
  const { code, stdout } = await run(words(list, '--yes', '--json', ...more));
  expect([tried.code, code]).toEqual([0, 0]);
  const figures: Figures = JSON.parse(stdout);
  const dry = JSON.parse(tried.stdout);
  for (const key of ['total', 'rejected', 'duplicates', 'blank', 'filtered', 'declined'] as const) {
    expect([key, dry[key]]).toEqual([key, figures[key]]);
  }
  expect(await verifySend(db.database, figures.id)).toEqual([]);
  const books = await balancedBooks(db.database, figures.id);
  expect(books.skipped).toBe(figures.declined + figures.suppressed);
  return { ...figures, stderr };
}

const ledger = (id: number) =>
  db.database.rows<{ EMAIL: string; STATUS: string; RESPONSE: string | null }>(
    'SELECT EMAIL, STATUS, RESPONSE FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? ORDER BY SEQ',
    [id],
  );

const skipped = async (id: number): Promise<string[]> =>
  (await ledger(id)).flatMap(({ EMAIL, STATUS, RESPONSE }) =>
    STATUS === 'skipped' ? [`${EMAIL} ${RESPONSE}`] : [],
  );

const SHOPIFY = `Customer ID,First Name,Email,Accepts Email Marketing,Tags
'1,Ann,ann@example.org,yes,
'2,Bob,bob@example.org,no,
'3,Cat,cat@example.org,No,"vip, old"

'4,Dan,nobody,no,
'5,Ann,ANN@example.org,yes,
`;

describe("a list's own no", () => {
  it('is skipped with its reason, counted, told of, and never mailed', async () => {
    await db.database.run(
      `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, REASON, CREATED_AT)
       VALUES ('bob@example.org', 'asked', UTC_TIMESTAMP(3))`,
    );
    const { id, stderr, ...figures } = await queue(SHOPIFY, '--cooldown-seconds=0');
    expect(figures).toMatchObject({
      total: 3,
      rejected: 1,
      duplicates: 1,
      blank: 1,
      filtered: 0,
      declined: 2,
      suppressed: 0,
    });
    expect(stderr).toContain(
      'The list says not to write to 2 recipients, who are skipped (--ignore-declined sends to them too):\n' +
        '  Accepts Email Marketing = no or No: 2\n',
    );
    expect(await skipped(id)).toEqual([
      'bob@example.org declined: Accepts Email Marketing = no',
      'cat@example.org declined: Accepts Email Marketing = No',
    ]);
    const progress = JSON.parse((await run(['progress', String(id), '--json'])).stdout);
    expect(progress).toMatchObject({
      total: 3,
      skipped: 2,
      declined: 2,
      rejected: 1,
      duplicates: 1,
      filtered: 0,
      blank: 1,
    });
    const shown = await runCommand(['progress', String(id)], { url: db.url, terminal: true });
    expect(shown.stdout).toContain('2  2 said no in the list');
    const told = await run(['events', String(id)]);
    expect(told.stdout).toContain('"declined":2');
    const events = JSON.parse((await run(['events', String(id), '--json'])).stdout);
    expect(events.at(-1)).toMatchObject({
      event: 'imported',
      details: { declined: 2, filtered: 0, blank: 1, encoding: 'utf-8' },
    });
    const smtp = await startSmtpServer();
    try {
      const { code } = await runCommand(['run-scheduler', '--once'], {
        url: db.url,
        env: { CAMPAIGN_SMTP_URL: smtp.url, XDG_STATE_HOME: directory },
      });
      expect(code).toBe(0);
      expect(smtp.messages.map(({ to }) => to)).toEqual([['ann@example.org']]);
    } finally {
      await smtp.close();
    }
    expect(await verifySend(db.database, id)).toEqual([]);
  });

  it('on the second or third line of an address wins over the first', async () => {
    const { id, ...figures } = await queue(
      `email,subscribed
a@example.org,yes
b@example.org,no
A@Example.org,no
b@example.org,yes
c@example.org,yes
c@example.org,yes
"C" <c@example.org>,0
d@example.org,yes
`,
    );
    expect(figures).toMatchObject({ total: 4, duplicates: 4, declined: 3 });
    expect(await skipped(id)).toEqual([
      'a@example.org declined: subscribed = no',
      'b@example.org declined: subscribed = no',
      'c@example.org declined: subscribed = 0',
    ]);
  });

  it('on the last of many lines wins over the first, in a list from standard input', async () => {
    const people = Array.from({ length: 12_000 }, (_, i) => `p${i}@example.org,subscribed\n`);
    const text = `email,status\n${people.join('')}p7@example.org,bounced\np11999@example.org,unsubscribed\n`;
    const { stdout } = await run(words('-', '--yes', '--json'), text);
    const { id, ...figures } = JSON.parse(stdout);
    expect(figures).toMatchObject({ total: 12_000, duplicates: 2, declined: 2 });
    expect(await skipped(id)).toEqual([
      'p7@example.org declined: status = bounced',
      'p11999@example.org declined: status = unsubscribed',
    ]);
    expect(await verifySend(db.database, id)).toEqual([]);
  });

  it('on a line that --where leaves out counts for the same address on another, before or after', async () => {
    const { id, ...figures } = await queue(
      `email,city,subscribed
a@example.org,Bergen,no
a@example.org,Oslo,yes
b@example.org,Oslo,yes
b@example.org,Bergen,no
c@example.org,Oslo,yes
`,
      "--where=city == 'Oslo'",
    );
    expect(figures).toMatchObject({ total: 3, filtered: 2, declined: 2 });
    expect(await skipped(id)).toHaveLength(2);
  });

  it('of many people, each for a reason of its own, is written whole', async () => {
    const time = (i: number): string => new Date(i * 1e9).toISOString();
    const { id, ...figures } = await queue(
      `email,UNSUB_TIME\n${Array.from({ length: 3000 }, (_, i) => `p${i}@example.org,${i % 2 ? time(i) : ''}\n`).join('')}`,
    );
    expect(figures).toMatchObject({ total: 3000, declined: 1500 });
    expect(await skipped(id)).toEqual(
      Array.from({ length: 1500 }, (_, i) => {
        const n = 2 * i + 1;
        return `p${n}@example.org declined: UNSUB_TIME = ${time(n)}`;
      }),
    );
  });

  it('is not taken for one where the column is of orders, and that is told', async () => {
    const { id, stderr, ...figures } = await queue(
      'email,Status\na@example.org,unsubscribed\nb@example.org,shipped\n',
    );
    expect(figures.declined).toBe(0);
    expect(stderr).toContain(
      'The column "Status" is not taken for people\'s yes or no to mail, for "shipped" (line 3) is no word of a mailing list.' +
        ' 1 line says in it what would be a no, and nobody is skipped for it',
    );
    expect(await skipped(id)).toEqual([]);
  });

  it('is passed over with --ignore-declined', async () => {
    const { id, stderr, ...figures } = await queue(SHOPIFY, '--ignore-declined');
    expect(figures).toMatchObject({ total: 3, declined: 0 });
    expect(stderr).not.toContain('not to write to');
    expect(await skipped(id)).toEqual([]);
  });

  it('of everybody leaves nobody, and the send ends', async () => {
    const { id } = await queue('email,opt_out\na@example.org,1\nb@example.org,x\n');
    expect(await skipped(id)).toHaveLength(2);
  });

  it('does no harm to a terminal, whatever it says', async () => {
    const { stderr } = await queue('email,unsubscribed\na@example.org,"\u001b[2Jgone\nx"\n');
    expect(stderr).toContain('unsubscribed = [2Jgone x: 1\n');
    expect(stderr).not.toContain('\u001b');
  });

  it('is named in the question, and the answer no leaves nothing', async () => {
    const command = startCommand(words(file(SHOPIFY)), { url: db.url, terminal: true });
    await vi.waitFor(() => expect(command.stderr).toContain('Send it to'), 10_000);
    expect(command.stderr).toContain(
      'Send it to 1 recipient (1 line rejected, 1 duplicate, 1 blank line, 2 said no: Accepts Email Marketing = no or No)?',
    );
    command.type('n');
    await command.ended;
    const [left] = await db.database.rows(
      "SELECT COUNT(*) AS sends FROM CAMPAIGN_SENDS WHERE STATUS = 'importing'",
    );
    expect(left).toEqual({ sends: 0 });
  });

  it('is in the figures of a send that is given back by its key', async () => {
    const list = file(SHOPIFY);
    await run(words(list, '--yes', '--key=declined'));
    const again = await run(words(list, '--yes', '--key=declined', '--json'));
    expect(JSON.parse(again.stdout)).toMatchObject({
      alreadyQueued: true,
      total: 3,
      rejected: 1,
      duplicates: 1,
      blank: 1,
      filtered: 0,
      declined: 2,
      suppressed: 0,
    });
  });
});

describe('any list', () => {
  it('has the figures, and the skipped, that its lines say, in whatever order they come', async () => {
    const line = fc.record({
      who: fc.integer({ min: 0, max: 6 }),
      form: fc.constantFrom('plain', 'plain', 'plain', 'bad', 'blank'),
      optOut: fc.constantFrom('', '0', '1'),
      status: fc.constantFrom('active', 'active', 'subscribed', 'bounced'),
      city: fc.constantFrom('Oslo', 'Bergen'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 14 }),
        fc.constantFrom('', 'shipped'),
        async (lines, foreign) => {
          const all = [
            { who: 99, form: 'plain', optOut: '0', status: 'active', city: 'Oslo' },
            ...lines,
            { who: 98, form: 'plain', optOut: '0', status: foreign || 'active', city: 'Oslo' },
          ];
          const text = all
            .map(({ who, form, optOut, status, city }) =>
              form === 'blank'
                ? ',,,\n'
                : `${form === 'bad' ? 'nobody' : `p${who}@example.org`},${optOut},${status},${city}\n`,
            )
            .join('');
          const { id, ...figures } = await queue(
            `email,opt_out,status,city\n${text}`,
            "--where=city == 'Oslo'",
          );
          const said = all.filter(({ form }) => form !== 'blank');
          const isMailing =
            foreign === '' &&
            said.some(({ status }) => status === 'subscribed' || status === 'bounced');
          const noes = new Set(
            said.flatMap(({ who, form, optOut, status }) =>
              form === 'plain' && (optOut === '1' || (isMailing && status === 'bounced'))
                ? [who]
                : [],
            ),
          );
          const taken = said.filter(({ city }) => city === 'Oslo');
          const good = taken.filter(({ form }) => form === 'plain');
          const people = [...new Set(good.map(({ who }) => who))];
          expect(figures).toMatchObject({
            total: people.length,
            rejected: taken.length - good.length,
            duplicates: good.length - people.length,
            filtered: said.length - taken.length,
            blank: all.length - said.length,
            declined: people.filter((who) => noes.has(who)).length,
            suppressed: 0,
          });
          expect((await skipped(id)).map((row) => row.split(' ')[0])).toEqual(
            people.filter((who) => noes.has(who)).map((who) => `p${who}@example.org`),
          );
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('--where', () => {
  const LIST = `email,First Name,country,orders
a@example.org,Ann,DE,2
b@example.org,Bob,de,10
c@example.org,Cat,DE,10
nobody,Dan,NO,10
`;

  it('leaves the rows out that do not meet it, and counts them', async () => {
    const { id, ...figures } = await queue(LIST, "--where=country == 'DE' and Orders > 9");
    expect(figures).toMatchObject({ total: 1, rejected: 0, filtered: 3 });
    expect((await ledger(id)).map(({ EMAIL }) => EMAIL)).toEqual(['c@example.org']);
  });

  it.each([
    ['contry == "DE"', 'line 1, column 1: there is no merge field "contry"'],
    ["country == 'DE' and nope", 'line 1, column 21: there is no merge field "nope"'],
    ["country = 'DE'", "line 1, column 9: what follows is out of place: = 'DE'"],
    ['country ==', 'line 1, column 9: "==" lacks a value'],
    ['country and', 'line 1, column 9: "and" lacks a value'],
    ["country == 'DE", "line 1, column 12: a quote is not closed: 'DE"],
    [
      "country == 'DE' orders",
      'line 1, column 17: two values stand without an operator between them',
    ],
    ["country == 'DE' && orders", 'line 1, column 17: what follows is out of place: && orders'],
    ['country | nope', 'undefined filter: nope'],
    ['country.size.x == 1', 'has no property "x"'],
    ['country %}{% endif %}{% if orders', 'line 1, column 9: what follows is out of place'],
    [' ', 'give something that is not empty'],
  ])('%j is refused, and nothing is queued', async (condition, said) => {
    const { code, stdout, stderr } = await run(words(file(LIST), '--yes', `--where=${condition}`));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(said);
  });

  it('that fails on a row names the line, and leaves nothing', async () => {
    const list = file(`${LIST}d@example.org,Eve,${'x'.repeat(4_000_000)},1\n`);
    const { code, stderr } = await run(
      words(list, '--yes', '--where=country | append: country | append: country'),
    );
    expect(code).toBe(2);
    expect(stderr).toContain('line 6');
    const [left] = await db.database.rows(
      "SELECT COUNT(*) AS sends FROM CAMPAIGN_SENDS WHERE STATUS = 'importing'",
    );
    expect(left).toEqual({ sends: 0 });
  });

  it('that nobody meets ends the import', async () => {
    const { code, stderr } = await run(words(file(LIST), '--yes', "--where=country == 'SE'"));
    expect(code).toBe(2);
    expect(stderr).toContain('has no row that meets --where: 4 rows were left out');
  });
});

describe('an import with noes', () => {
  it('killed while they are written mails nobody, its books right, and is put away', async () => {
    const people = Array.from({ length: 60_000 }, (_, i) => `p${i}@example.org,no\n`);
    const list = file(`email,subscribed\n${people.join('')}`);
    const child = spawn(process.execPath, [CAMPAIGN, ...words(list, '--yes', '--name=killed')], {
      env: { PATH: process.env.PATH, HOME: '/nonexistent', CAMPAIGN_DATABASE_URL: db.url },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    const send = async () =>
      (
        await db.database.rows<{ id: number; status: string; total: number; skipped: number }>(
          `SELECT ID AS id, STATUS AS status, TOTAL_COUNT AS total, SKIPPED_COUNT AS skipped
             FROM CAMPAIGN_SENDS WHERE NAME = 'killed'`,
        )
      )[0];
    await vi.waitFor(async () => expect((await send())?.skipped).toBeGreaterThan(0), {
      timeout: 60_000,
      interval: 5,
    });
    child.kill('SIGKILL');
    await ended;
    const left = await send();
    expect(left?.status).toBe('importing');
    const id = left?.id as number;
    const books = await balancedBooks(db.database, id);
    expect(books.skipped).toBeGreaterThan(0);
    expect(books.skipped).toBeLessThan(60_000);
    expect(books.skipped + books.pending).toBe(books.total);
    expect(await verifySend(db.database, id)).toEqual([]);
    expect((await run(['cancel', String(id), '--yes'])).code).toBe(0);
    expect(await verifySend(db.database, id)).toEqual([]);
    expect(await balancedBooks(db.database, id)).toMatchObject({
      status: 'cancelled',
      skipped: books.skipped,
    });
  });
});
