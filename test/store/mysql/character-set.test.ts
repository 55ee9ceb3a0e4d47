import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../../src/store/mysql/database.ts';
import {
  createTestDatabase,
  startTestServer,
  type TestDatabase,
  type TestServer,
} from '../../support/database.ts';
import { runCommand } from '../../support/run-command.ts';
import { type SessionProxy, startSessionProxy } from '../../support/session-proxy.ts';
import { type SmtpServer, startSmtpServer } from '../../support/smtp.ts';

const NAME = 'Grüße, 用户 😀';
const TEXT = 'Straße 😀 Ω';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'campaign-charset-'));
  writeFileSync(
    join(directory, 'list.csv'),
    `email,name\n用户@example.org,"${NAME}"\nann@example.org,Ann 😀\n`,
  );
  writeFileSync(join(directory, 'mail.txt'), `${TEXT}: {{ name }}\n`);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The body of a message in plain text, as it is after quoted-printable is undone. */
const bodyOf = (raw: string): string => {
  const encoded = raw.slice(raw.indexOf('\r\n\r\n') + 4).replace(/=\r\n/g, '');
  const bytes = encoded.replace(/=([0-9A-F]{2})/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
};

describe.each([
  ['latin1', ['--character-set-server=latin1']],
  ['utf8mb3', ['--character-set-server=utf8mb3']],
  ['koi8r, by init_connect', ['--init-connect=SET NAMES koi8r']],
])('a server that puts every session into %s', (_, extra) => {
  let server: TestServer;
  let db: TestDatabase;
  let smtp: SmtpServer;

  beforeAll(async () => {
    // MySQL 9 has no such option any more, and does what the client says.
    server = await startTestServer({
      extra: ['--loose-skip-character-set-client-handshake', ...extra],
    });
    db = await createTestDatabase(server.url);
    smtp = await startSmtpServer();
    // Of an administrator init_connect is not run.
    await db.database.run("CREATE USER news@'%' IDENTIFIED BY 'secret'");
    await db.database.run("GRANT ALL ON *.* TO news@'%'");
    await db.database
      .run("REVOKE SUPER, CONNECTION ADMIN ON *.* FROM news@'%'")
      .catch(() => db.database.run("REVOKE SUPER, CONNECTION_ADMIN ON *.* FROM news@'%'"));
  });
  afterAll(async () => {
    await smtp.close();
    await db.drop();
    await server.stop();
  });

  test('gets addresses and texts as they are, and gives them back so', async () => {
    const url = db.url.replace(/\/\/[^@]*@/, '//news:secret@');
    const env = { CAMPAIGN_SMTP_URL: smtp.url };
    const queued = await runCommand(
      [
        ...['queue', '--list', join(directory, 'list.csv'), '--from', 'News <news@example.org>'],
        ...['--subject', `${TEXT} {{ name }}`, '--text', join(directory, 'mail.txt'), '--yes'],
      ],
      { url, env },
    );
    expect(queued).toMatchObject({ code: 0, stderr: expect.stringContaining('2') });
    const sent = await runCommand(['run-scheduler', '--until-idle'], { url, env });
    expect(sent.code).toBe(0);
    const messages = [...smtp.messages].sort((a, b) =>
      (a.to[0] ?? '').localeCompare(b.to[0] ?? ''),
    );
    expect(messages.map(({ to }) => to)).toEqual([['ann@example.org'], ['用户@example.org']]);
    expect(messages.map(({ raw }) => bodyOf(raw).trim())).toEqual([
      `${TEXT}: Ann 😀`,
      `${TEXT}: ${NAME}`,
    ]);
    const { stdout } = await runCommand(['recipients', queued.stdout.trim(), '--json'], { url });
    const { recipients } = JSON.parse(stdout) as {
      recipients: { email: string; status: string }[];
    };
    expect(recipients.map(({ email, status }) => [email, status])).toEqual([
      ['用户@example.org', 'sent'],
      ['ann@example.org', 'sent'],
    ]);
  });
});

describe('through a proxy that', () => {
  let db: TestDatabase;
  let proxy: SessionProxy;
  let through: Database;
  let url: string;

  beforeEach(async () => {
    db = await createTestDatabase();
    await db.database.run(
      'CREATE TABLE T (A INT PRIMARY KEY, B VARCHAR(80) NOT NULL) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4',
    );
    await db.database.run('INSERT INTO T VALUES (1, ?)', [NAME]);
    const [host] = db.address.hosts;
    proxy = await startSessionProxy({ port: host?.port ?? 0 });
    url = db.url.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${proxy.port}`);
    through = new Database(
      { ...db.address, hosts: [{ host: '127.0.0.1', port: proxy.port }] },
      { connections: 1 },
    );
  });
  afterEach(async () => {
    await through.close();
    await proxy.close();
    await db.drop();
  });

  const stored = (): Promise<{ a: number; b: string }[]> =>
    db.database.rows('SELECT A AS a, B AS b FROM T ORDER BY A');

  test.each(['client', 'connection', 'results'])(
    'does not let the character set be set, %s, commands are refused with exit 5 and the remedy',
    async (which) => {
      proxy.replace(
        'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE',
        `SET character_set_${which} = latin1`,
      );
      const result = await runCommand(['list', '--json'], { url });
      expect(result.code).toBe(5);
      const error = JSON.parse(result.stderr);
      expect(error).toMatchObject({ code: 'DATABASE_REFUSED' });
      expect(error.message).toContain(`character_set_${which} is latin1`);
      expect(error.remedy).toContain('SET NAMES');
    },
  );

  test('takes SET NAMES for something else, commands are refused', async () => {
    proxy.replace('SET NAMES utf8mb4 COLLATE utf8mb4_bin', 'SET NAMES latin1');
    expect(await runCommand(['list'], { url })).toMatchObject({ code: 5 });
  });

  test.each(['SET NAMES latin1', 'SET NAMES utf8', 'SET character_set_results = NULL'])(
    'hands over a session that another client changed by %s, rows are read right all the same',
    async (change) => {
      await through.rows('SELECT 1 AS one');
      proxy.inject(change);
      expect(await through.rows('SELECT A AS a, B AS b FROM T')).toEqual([{ a: 1, b: NAME }]);
      proxy.inject(change);
      expect(
        await through.packet([
          { sql: 'SELECT A AS a FROM T', params: [] },
          { sql: 'SELECT B AS b FROM T', params: [] },
        ]),
      ).toEqual([[{ a: 1 }], [{ b: NAME }]]);
    },
  );

  test('hands over such a session, what a transaction writes is right', async () => {
    await through.rows('SELECT 1 AS one');
    proxy.inject('SET NAMES latin1');
    await through.transaction((tx) => tx.run('INSERT INTO T VALUES (2, ?)', [NAME]));
    proxy.inject('SET NAMES latin1');
    await through.packetTransaction(
      [{ sql: 'INSERT INTO T VALUES (3, ?)', params: [NAME] }],
      () => true,
    );
    expect(await stored()).toEqual([1, 2, 3].map((a) => ({ a, b: NAME })));
  });

  test('hands over such a session, a guarded transaction sets it again, and is then done once', async () => {
    await through.rows('SELECT 1 AS one');
    for (const name of [TEXT, NAME]) {
      proxy.inject('SET NAMES latin1');
      const done = await through.guardedTransaction([
        { sql: 'UPDATE T SET B = ? WHERE A = ?', params: [name, 1], touches: 1 },
      ]);
      expect(done).toEqual([]);
      expect(await stored()).toEqual([{ a: 1, b: name }]);
    }
  });

  test('changes it before every command, nothing is read or written in another character set', async () => {
    await through.rows('SELECT 1 AS one');
    proxy.inject('SET NAMES latin1', Number.POSITIVE_INFINITY);
    await expect(through.rows('SELECT B AS b FROM T')).rejects.toMatchObject({
      code: 'DATABASE_REFUSED',
      exitCode: 5,
    });
    await expect(
      through.guardedTransaction([
        { sql: 'UPDATE T SET B = ? WHERE A = ?', params: [TEXT, 1], touches: 1 },
      ]),
    ).rejects.toMatchObject({ code: 'DATABASE_REFUSED', exitCode: 5 });
    expect(await stored()).toEqual([{ a: 1, b: NAME }]);
  });

  test('shares no session, costs no round trip more: one command a look, and one a transaction', async () => {
    await through.rows('SELECT 1 AS one');
    expect(proxy.commands).toBe(1 + 1);
    await through.rows('SELECT B AS b FROM T');
    expect(proxy.commands).toBe(3);
    await through.guardedTransaction([
      { sql: 'UPDATE T SET B = ? WHERE A = ?', params: [TEXT, 1], touches: 1 },
    ]);
    expect(proxy.commands).toBe(4);
    await through.transaction((tx) => tx.run('INSERT INTO T VALUES (2, ?)', [NAME]));
    expect(proxy.commands).toBe(7);
    await through.packetTransaction(
      [{ sql: 'INSERT INTO T VALUES (3, ?)', params: [NAME] }],
      () => true,
    );
    expect(proxy.commands).toBe(9);
  });
});
