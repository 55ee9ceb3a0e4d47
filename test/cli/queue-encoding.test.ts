import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runCommand, startCommand } from '../support/run-command.ts';

let db: TestDatabase;
let directory: string;
let files = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'campaign-queue-encoding-'));
  writeFileSync(join(directory, 'body.html'), '<p>Dear {{ name }}</p>');
});

afterAll(async () => {
  await db.drop();
  rmSync(directory, { recursive: true, force: true });
});

const rows = (count: number): string =>
  Array.from({ length: count }, (_, i) => `p${i}@example.org,Person ${i}\n`).join('');

function file(text: string, encoding: string): string {
  const path = join(directory, `list-${++files}.csv`);
  writeFileSync(path, iconv.encode(text, encoding));
  return path;
}

const words = (list: string, ...more: string[]): string[] => [
  'queue',
  `--list=${list}`,
  '--from=news@example.org',
  '--subject=Hello',
  `--html=${join(directory, 'body.html')}`,
  ...more,
];

const queue = (list: string, ...more: string[]) =>
  runCommand(words(list, ...more), {
    url: db.url,
    env: { CAMPAIGN_LINT_IGNORE: 'no-unsubscribe' },
  });

async function names(id: number): Promise<string[]> {
  const fields = await db.database.rows<{ FIELDS: string }>(
    'SELECT FIELDS FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? ORDER BY SEQ',
    [id],
  );
  return fields.map(({ FIELDS }) => JSON.parse(FIELDS).name);
}

async function expectNothingLeft(): Promise<void> {
  const [left] = await db.database.rows(
    `SELECT (SELECT COUNT(*) FROM CAMPAIGN_SENDS WHERE STATUS = 'importing') AS sends,
            (SELECT COUNT(*) FROM CAMPAIGN_SEND_RESULTS
              WHERE SEND_ID NOT IN (SELECT ID FROM CAMPAIGN_SENDS)) AS results`,
  );
  expect(left).toEqual({ sends: 0, results: 0 });
}

const LIST = `email,name\n${rows(3000)}zoe@example.org,Zoë Müller\n`;

describe('queue', () => {
  it.each([
    ['utf-8', 'utf-8', 0xfeff, ''],
    ['utf-8', 'utf-8', 0, ''],
    ['utf-16le', 'utf-16le', 0xfeff, 'is read as utf-16le, as its byte order mark says'],
    ['utf-16le', 'utf-16le', 0, 'is read as utf-16le, as the places of its NUL bytes tell'],
    ['utf-16be', 'utf-16be', 0, 'is read as utf-16be, as the places of its NUL bytes tell'],
    [
      'windows-1252',
      'windows-1252',
      0,
      'is read as windows-1252, since it is not in utf-8 (line 3002: "Zoë"); --encoding names another',
    ],
  ])(
    'reads a list in %s and says so, to people and in its JSON',
    async (_, encoding, mark, said) => {
      const list = file(`${mark ? String.fromCharCode(mark) : ''}${LIST}`, encoding);
      const told = await queue(list, '--yes', '--json');
      const result = JSON.parse(told.stdout);
      expect(result).toMatchObject({ status: 'running', total: 3001, rejected: 0, encoding });
      expect((await names(result.id)).at(-1)).toBe('Zoë Müller');
      const tried = await queue(list, '--dry-run');
      expect([tried.code, tried.stderr]).toEqual([0, said === '' ? '' : `${list} ${said}\n`]);
      expect(JSON.parse((await queue(list, '--dry-run', '--json')).stdout).encoding).toBe(encoding);
    },
  );

  it('reads standard input alike', async () => {
    const stdin = iconv.encode(LIST, 'utf-16be');
    const { stdout } = await runCommand(words('-', '--yes', '--json'), { url: db.url, stdin });
    expect(JSON.parse(stdout)).toMatchObject({ total: 3001, encoding: 'utf-16be' });
  });

  it('says it before the question', async () => {
    const command = startCommand(words(file(LIST, 'windows-1252')), {
      url: db.url,
      terminal: true,
    });
    await vi.waitFor(() => expect(command.stderr).toContain('Send it to'), 10_000);
    const { stderr } = command;
    expect(stderr.indexOf('read as windows-1252')).toBeGreaterThan(-1);
    expect(stderr.indexOf('read as windows-1252')).toBeLessThan(stderr.indexOf('Send it to'));
    command.type('n');
    await command.ended;
    await expectNothingLeft();
  });

  it('leaves the encoding open where an earlier send is given back', async () => {
    const list = file(LIST, 'windows-1252');
    await queue(list, '--yes', '--key=again');
    const again = await queue(list, '--yes', '--key=again', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ alreadyQueued: true, encoding: null });
  });
});

describe('--encoding', () => {
  it('has the list read as it says', async () => {
    const list = file('email,name\nivan@example.org,Иван Петров\n', 'windows-1251');
    const { stdout, stderr } = await queue(list, '--yes', '--encoding=CP1251');
    expect(stderr).toContain(`${list} is read as windows-1251, as --encoding says\n`);
    expect(await names(Number(stdout))).toEqual(['Иван Петров']);
  });

  it('that is not known is refused with some that are', async () => {
    const { code, stderr } = await queue(file(LIST, 'utf-8'), '--yes', '--encoding=klingon');
    expect(code).toBe(2);
    expect(stderr).toBe(
      'campaign: --encoding "klingon" is not allowed\n' +
        'give the name of an encoding, such as utf-8, utf-16le, windows-1252, windows-1251 or shift_jis\n',
    );
  });

  it('that contradicts a byte order mark is said', async () => {
    const list = file(`\ufeff${LIST}`, 'utf-8');
    const { code, stderr } = await queue(list, '--dry-run', '--encoding=windows-1252');
    const [said, ...others] = stderr.split('\n');
    expect([code, said]).toEqual([
      0,
      `${list} is read as windows-1252, as --encoding says, though it begins with the byte order mark of utf-8`,
    ]);
    expect(others[0]).toContain('looks encoded twice');
  });
});

describe('a refusal late in the list leaves nothing', () => {
  it.each([
    [
      'mixed encodings',
      `é@example.org,x\n${rows(6000)}`,
      [0xe9],
      'line 6003 holds bytes that are not UTF-8',
    ],
    ['another code page', rows(6000), [0xc8, 0xe2, 0xe0, 0xed], 'line 6002 holds "Èâàí"'],
    ['an undefined byte', `${rows(3000)}`, [0xe9, 0x20, 0x9d], 'line 3002 holds'],
  ])('%s', async (_, before, bytes, message) => {
    const list = file('', 'utf-8');
    writeFileSync(list, Buffer.concat([Buffer.from(`email,name\n${before}`), Buffer.from(bytes)]));
    for (const mode of ['--yes', '--dry-run']) {
      const { code, stdout, stderr } = await queue(list, mode, '--json');
      const error = JSON.parse(stderr);
      expect([code, stdout, error.code]).toEqual([2, '', 'BAD_LIST']);
      expect(error.message).toContain(message);
      expect(error.remedy).toContain('--encoding');
    }
    await expectNothingLeft();
  });
});
