import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../../src/store/mysql/database.ts';
import { parseDatabaseUrl } from '../../../src/store/mysql/url.ts';
import {
  createTestDatabase,
  startTestServer,
  type TestDatabase,
  type TestServer,
} from '../../support/database.ts';
import { type CommandResult, runCommand } from '../../support/run-command.ts';
import { seedQueuedSend } from '../../support/seed.ts';
import { type SmtpServer, startSmtpServer } from '../../support/smtp.ts';

let server: TestServer;
let db: TestDatabase;
let root: Database;
let smtp: SmtpServer;
let directory: string;
/** db.url as this user. */
let asNews: string;

beforeAll(async () => {
  // A binary log, for BINLOG_FORMAT to matter.
  server = await startTestServer({ extra: ['--log-bin=binlog', '--server-id=1'] });
  root = new Database(parseDatabaseUrl(`${server.url}/mysql`));
  smtp = await startSmtpServer();
  directory = mkdtempSync(join(tmpdir(), 'campaign-refusals-'));
  writeFileSync(join(directory, 'list.csv'), 'email\nann@example.org\n');
  writeFileSync(join(directory, 'mail.txt'), 'Hello\n');
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await smtp.close();
  await root.close();
  await server.stop();
});
beforeEach(async () => {
  db = await createTestDatabase(server.url);
  asNews = db.url.replace(/\/\/[^@]*@/, '//news:secret@');
  await root.run("CREATE USER news@'%' IDENTIFIED BY 'secret'");
});
afterEach(async () => {
  await root.run("DROP USER news@'%'");
  await db.drop();
});

const grant = (privileges: string): Promise<unknown> =>
  root.run(`GRANT ${privileges} ON ${db.address.database}.* TO news@'%'`);

const queueArguments = (text = 'mail.txt'): string[] => [
  ...['queue', '--list', join(directory, 'list.csv'), '--from', 'news@example.org'],
  ...['--subject', 'Hello', '--text', join(directory, text), '--yes'],
];

const command = (args: readonly string[], url: string): Promise<CommandResult> =>
  runCommand([...args, '--json'], { url, env: { CAMPAIGN_SMTP_URL: smtp.url } });

/** Exit 5 with an error that has a remedy, and is no fault of ours. */
function refusal({ code, stderr }: CommandResult): {
  code: string;
  message: string;
  remedy: string;
} {
  expect({ code, stderr }).toMatchObject({ code: 5 });
  const error = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
  expect(error.remedy).not.toContain('fault of campaign');
  return error;
}

const sends = async (): Promise<number> =>
  (await db.database.rows('SELECT ID FROM CAMPAIGN_SENDS')).length;

describe('a server whose binlog_format is STATEMENT', () => {
  beforeEach(() => root.run("SET GLOBAL binlog_format = 'STATEMENT'"));
  afterEach(() => root.run("SET GLOBAL binlog_format = 'ROW'"));

  test('is refused with the remedy by every command that writes, with nothing written', async () => {
    for (const args of [queueArguments(), ['run-scheduler', '--once']]) {
      expect(refusal(await command(args, db.url))).toMatchObject({
        code: 'DATABASE_REFUSED',
        remedy: expect.stringContaining('SET GLOBAL binlog_format = ROW'),
      });
    }
    expect(await sends()).toBe(0);
  });

  test('is refused by migrate before it makes the tables', async () => {
    const empty = `campaign_empty_${db.address.database.slice(-8)}`;
    await root.run(`CREATE DATABASE ${empty}`);
    const url = db.url.replace(db.address.database, empty);
    expect(refusal(await command(['migrate'], url)).remedy).toContain('binlog_format');
    const tables = await root.rows(
      'SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = ?',
      [empty],
    );
    expect(tables.length).toBeLessThanOrEqual(1);
    await root.run(`DROP DATABASE ${empty}`);
  });
});

describe('a user without a privilege', () => {
  test.each([
    ['INSERT', 'SELECT, UPDATE, DELETE', () => queueArguments()],
    ['UPDATE', 'SELECT, INSERT, DELETE', () => ['pause', '1']],
    ['DELETE', 'SELECT, INSERT, UPDATE', () => ['run-scheduler', '--once']],
    ['SELECT', 'INSERT', () => ['list']],
  ])('%s is told its name and the GRANT', async (privilege, granted, args) => {
    await seedQueuedSend(db.database, { recipients: 1 });
    await grant(granted);
    const { code, message, remedy } = refusal(await command(args(), asNews));
    expect(code).toBe('DATABASE_REFUSED');
    expect(message).toContain(`${privilege} command denied`);
    expect(remedy).toMatch(
      new RegExp(
        `GRANT [A-Z, ]*${privilege}[A-Z, ]* ON \`${db.address.database}\`\\.\\* TO 'news'@`,
      ),
    );
  });

  test('for the database at all gets the whole GRANT', async () => {
    await root.run(`CREATE DATABASE IF NOT EXISTS other_${process.pid}`);
    const { code, remedy } = refusal(await command(['list'], asNews));
    expect(code).toBe('DATABASE_REFUSED');
    expect(remedy).toContain('GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON');
    await root.run(`DROP DATABASE other_${process.pid}`);
  });

  test('can migrate and queue once that GRANT was given', async () => {
    const empty = `campaign_empty_${db.address.database.slice(-8)}`;
    await root.run(`CREATE DATABASE ${empty}`);
    await root.run(
      `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON ${empty}.* TO news@'%'`,
    );
    const url = asNews.replace(db.address.database, empty);
    expect(await command(['migrate'], url)).toMatchObject({ code: 0 });
    expect(await command(queueArguments(), url)).toMatchObject({ code: 0 });
    await root.run(`DROP DATABASE ${empty}`);
  });

  test('to migrate is told so', async () => {
    await grant('SELECT, INSERT, UPDATE, DELETE');
    await db.database.run('DROP TABLE CAMPAIGN_SCHEMA');
    expect(refusal(await command(['migrate'], asNews)).remedy).toContain('CREATE');
  });
});

describe('an account', () => {
  test('with a wrong password is told to check it', async () => {
    const url = asNews.replace('secret', 'other');
    const { code, remedy, message } = refusal(await command(['list'], url));
    expect(code).toBe('DATABASE_REFUSED');
    expect(remedy).toContain('password');
    expect(`${message}${remedy}`).not.toContain('other');
  });

  test('that is locked is told so', async () => {
    await grant('ALL');
    await root.run("ALTER USER news@'%' ACCOUNT LOCK");
    expect(refusal(await command(['list'], asNews)).remedy).toContain('ACCOUNT UNLOCK');
  });

  test('that must use TLS is told how', async () => {
    await grant('ALL');
    await root.run('SET GLOBAL require_secure_transport = ON');
    try {
      expect(refusal(await command(['list'], asNews)).remedy).toMatch(/tls/);
    } finally {
      await root.run('SET GLOBAL require_secure_transport = OFF');
    }
  });

  test.each(['MAX_CONNECTIONS_PER_HOUR', 'MAX_QUERIES_PER_HOUR', 'MAX_UPDATES_PER_HOUR'])(
    'that has used up its %s is told how to raise it',
    async (limit) => {
      await grant('ALL');
      await root.run(`ALTER USER news@'%' WITH ${limit} 1`);
      const args = ['run-scheduler', '--once'];
      let last = await command(args, asNews);
      for (let i = 0; i < 3 && last.code === 0; i++) last = await command(args, asNews);
      const { code, remedy } = refusal(last);
      expect(code).toBe('DATABASE_UNREACHABLE');
      expect(remedy).toContain(limit);
      expect(remedy).toContain('ALTER USER');
    },
  );

  test('that may have one session at a time sends a whole list all the same', async () => {
    await grant('ALL');
    await root.run("ALTER USER news@'%' WITH MAX_USER_CONNECTIONS 1");
    await seedQueuedSend(db.database, { recipients: 300 });
    const before = smtp.messages.length;
    const result = await command(['run-scheduler', '--until-idle'], asNews);
    expect(result).toMatchObject({ code: 0 });
    expect(smtp.messages.length).toBe(before + 300);
  });
});

describe('a message larger than max_allowed_packet', () => {
  let url: string;
  beforeEach(async () => {
    url = db.url;
    await root.run('SET GLOBAL max_allowed_packet = 1048576');
  });
  afterEach(() => root.run('SET GLOBAL max_allowed_packet = 67108864'));

  test.each([
    ['plain', 'x'.repeat(1_100_000)],
    ['only once its quotes are escaped', '"'.repeat(600_000)],
    ['of long characters', '😀'.repeat(280_000)],
  ])(
    'is refused before anything is written, with the file and the number that is needed: %s',
    async (_, text) => {
      writeFileSync(join(directory, 'large.txt'), text);
      const { code, message, remedy } = refusal(await command(queueArguments('large.txt'), url));
      expect(code).toBe('DATABASE_REFUSED');
      expect(message).toContain('large.txt');
      expect(message).toContain('max_allowed_packet');
      const needed = Number(/max_allowed_packet = (\d+)/.exec(remedy)?.[1]);
      expect(await sends()).toBe(0);
      await root.run('SET GLOBAL max_allowed_packet = ?', [needed]);
      expect(await command(queueArguments('large.txt'), url)).toMatchObject({ code: 0 });
    },
  );

  test('and a list goes in where the limit is small', async () => {
    await root.run('SET GLOBAL max_allowed_packet = 65536');
    writeFileSync(
      join(directory, 'many.csv'),
      `email,name\n${Array.from({ length: 5000 }, (_, i) => `p${i}@example.org,Name ${'n'.repeat(40)}\n`).join('')}`,
    );
    const args = queueArguments().map((arg) => arg.replace('list.csv', 'many.csv'));
    const result = await command(args, url);
    expect(JSON.parse(result.stdout)).toMatchObject({ total: 5000, rejected: 0 });
  });
});

test('tables that somebody has taken away are named, with the remedy', async () => {
  await db.database.run('DROP TABLE CAMPAIGN_SEND_EVENTS');
  const { code, message } = refusal(await command(queueArguments(), db.url));
  expect(code).toBe('SCHEMA_MISMATCH');
  expect(message).toContain('CAMPAIGN_SEND_EVENTS');
});

test('a server with all the cautious settings on is worked with', async () => {
  const cautious = [
    'sql_safe_updates = 1',
    'max_join_size = 1',
    "sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'",
  ];
  for (const setting of cautious) await root.run(`SET GLOBAL ${setting}`);
  await root.run('SET GLOBAL TRANSACTION READ ONLY');
  try {
    expect(await command(queueArguments(), db.url)).toMatchObject({ code: 0 });
    expect(await command(['run-scheduler', '--until-idle'], db.url)).toMatchObject({ code: 0 });
  } finally {
    await root.run('SET GLOBAL TRANSACTION READ WRITE');
    await root.run('SET GLOBAL sql_safe_updates = 0, max_join_size = DEFAULT, sql_mode = DEFAULT');
  }
});
