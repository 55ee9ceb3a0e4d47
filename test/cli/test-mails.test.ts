import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_RELAY } from '../../src/domain/relay.ts';
import { raiseHold, readRelay } from '../../src/store/relays/relays.ts';
import { readSend } from '../../src/store/sends/row.ts';
import { suppress } from '../../src/store/suppressions/suppress.ts';
import { verifySend } from '../../src/store/verify.ts';
import { balancedBooks } from '../support/ledger.ts';
import { runCommand } from '../support/run-command.ts';
import { schedulerScene } from '../support/scheduler-scene.ts';
import { rowsOf, seedSendWithRows } from '../support/seed.ts';
import type { SmtpServer } from '../support/smtp.ts';

const scene = schedulerScene();

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'campaign-test-mails-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(() => scene.db.database.run('DELETE FROM CAMPAIGN_WORKERS'));

let files = 0;
function file(content: string): string {
  const path = join(directory, `file-${++files}`);
  writeFileSync(path, content);
  return path;
}

const run = (args: readonly (string | number)[], smtpUrl?: string) =>
  runCommand(args.map(String), {
    url: scene.db.url,
    env: {
      CAMPAIGN_STATE_DIR: join(directory, 'state'),
      ...(smtpUrl ? { CAMPAIGN_SMTP_URL: smtpUrl } : {}),
    },
  });

const LIST = 'email,name\nada@example.org,Ada\ngrace@example.org,Grace\nbob@example.org,Bob\n';
const flags = (html = '<p>Dear {{ name }}, {{ email }}</p>'): string[] => [
  ...['--list', file(LIST), '--from', 'News <news@example.org>'],
  ...['--subject', 'Hello {{ name }}', '--html', file(html)],
];

async function queued(...more: string[]): Promise<number> {
  const { stdout, stderr } = await run(['queue', ...flags(), '--paused', '--yes', ...more]);
  if (stdout === '') throw new Error(stderr);
  return Number(stdout);
}

const counts = async () => {
  const [row] = await scene.db.database.rows<{ sends: number }>(
    'SELECT COUNT(*) AS sends FROM CAMPAIGN_SENDS',
  );
  return row?.sends;
};

/** Subject and body of what each address got, in the order it came. */
const got = (server: SmtpServer) =>
  server.messages.map(({ to, raw }) => ({
    to: to[0],
    subject: /^Subject: (.*)\r$/m.exec(raw)?.[1],
    text: /Dear[= ](?:20)?(.*)\r/m.exec(raw)?.[1],
  }));

describe('test', () => {
  it('sends mails as the first recipients get theirs by a send of their own, and prints the replies', async () => {
    const server = await scene.smtp();
    scene.schedule(server, { until: 'stopped' });
    const id = await queued('--topic', 'news', '--start-at', '2040-01-01T00:00:00Z');
    const before = await readSend(scene.db.database, id);
    const to = ['--to', 'me@example.net', '--to', 'Boss@example.net'];
    const { code, stdout } = await run(['test', id, ...to, '--rows', 2, '--json']);
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    const mail = (email: string, row: number) => ({
      email,
      row,
      status: 'sent',
      smtpCode: 250,
      response: expect.stringContaining('Ok'),
      messageId: expect.stringMatching(/^<.*@example\.org>$/),
    });
    expect(result).toEqual({
      id: expect.any(Number),
      of: id,
      recipients: [
        mail('me@example.net', 1),
        mail('Boss@example.net', 1),
        mail('me@example.net', 2),
        mail('Boss@example.net', 2),
      ],
    });
    expect(
      new Set(result.recipients.map(({ messageId }: { messageId: string }) => messageId)).size,
    ).toBe(4);
    const mails = got(server).sort((a, b) => String(a.text).localeCompare(String(b.text)));
    expect(mails.map(({ subject }) => subject)).toEqual([
      ...['[TEST] Hello Ada', '[TEST] Hello Ada', '[TEST] Hello Grace', '[TEST] Hello Grace'],
    ]);
    expect(mails[0]?.text).toContain('ada@example.org');
    // The original knows nothing of it.
    expect(await readSend(scene.db.database, id)).toEqual(before);
    expect(await balancedBooks(scene.db.database, id)).toMatchObject({ total: 3, pending: 3 });
    expect(await balancedBooks(scene.db.database, result.id)).toMatchObject({
      total: 4,
      sent: 4,
      status: 'completed',
    });
    for (const one of [id, result.id]) expect(await verifySend(scene.db.database, one)).toEqual([]);
    const listed = async (...more: string[]) =>
      JSON.parse((await run(['list', '--json', ...more])).stdout).map(
        ({ id: one, testOf }: { id: number; testOf: number | null }) => ({ id: one, testOf }),
      );
    expect(await listed()).not.toContainEqual({ id: result.id, testOf: id });
    expect(await listed('--tests')).toContainEqual({ id: result.id, testOf: id });
  });

  it('takes the options of queue, one address of the list, and leaves the subject with --plain', async () => {
    const server = await scene.smtp();
    scene.schedule(server, { until: 'stopped' });
    const args = [...flags(), '--to', 'me@example.net', '--email', 'bob@example.org', '--plain'];
    const { code, stdout } = await run(['test', ...args, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      of: null,
      recipients: [{ row: 3, status: 'sent' }],
    });
    expect(got(server)).toEqual([
      { to: 'me@example.net', subject: 'Hello Bob', text: expect.stringContaining('Bob') },
    ]);
    const lines = await run(['test', ...args, '--plain']);
    expect(lines.stdout).toMatch(/^me@example\.net\t3\tsent\t250\t.+\n$/);
  });

  it('goes to who is suppressed, with a warning, suppresses nobody, and no refusal stops anything', async () => {
    const server = await scene.smtp({
      onRcptTo: (address) =>
        address.startsWith('gone') ? { reply: [550, '5.1.1 No such user'] } : undefined,
    });
    scene.schedule(server, { until: 'stopped', blockAfter: 2 });
    await suppress(scene.db.database, [
      { emailNorm: 'me@example.net', topic: '', reason: 'asked', source: 'manual' },
      { emailNorm: '@boss.example', topic: '', reason: 'asked', source: 'manual' },
    ]);
    const id = await queued();
    const to = [
      'me@example.net',
      'me@boss.example',
      ...['a', 'b', 'c'].map((n) => `gone-${n}@example.net`),
    ];
    const { code, stdout, stderr } = await run([
      ...['test', id, '--json', ...to.flatMap((address) => ['--to', address])],
    ]);
    expect(code).toBe(6);
    const { id: test, recipients } = JSON.parse(stdout);
    expect(recipients.map(({ status }: { status: string }) => status)).toEqual([
      ...['sent', 'sent', 'failed', 'failed', 'failed'],
    ]);
    expect(stderr).toContain('me@example.net is suppressed (asked)');
    const error = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
    expect(error).toMatchObject({
      code: 'TEST_NOT_ACCEPTED',
      message: expect.stringMatching(
        /^3 of 5 test mails not accepted: gone-a@example\.net: 550 .*No such user/,
      ),
    });
    const suppressed = await scene.db.database.rows<{ norm: string }>(
      "SELECT EMAIL_NORM AS norm FROM CAMPAIGN_SUPPRESSIONS WHERE EMAIL_NORM LIKE '%gone%'",
    );
    expect(suppressed).toEqual([]);
    expect(await readSend(scene.db.database, test)).toMatchObject({ status: 'completed' });
  });

  it('queues nothing where no scheduler runs, and exits 4', async () => {
    const id = await queued();
    const before = await counts();
    const { code, stderr } = await run(['test', id, '--to', 'me@example.net', '--json']);
    expect(code).toBe(4);
    expect(JSON.parse(stderr)).toMatchObject({
      code: 'NO_SCHEDULER',
      remedy: expect.stringContaining('--now'),
    });
    expect(await counts()).toBe(before);
  });

  it('of a cancelled send, of a test, of nobody, and without an address is refused, with nothing queued', async () => {
    const server = await scene.smtp();
    scene.schedule(server, { until: 'stopped' });
    const id = await queued();
    const { stdout } = await run(['test', id, '--to', 'me@example.net', '--json']);
    await run(['cancel', id, '--yes']);
    const before = await counts();
    const refused = async (...args: (string | number)[]) => {
      const { code, stderr } = await run(['test', ...args, '--json']);
      return [code, JSON.parse(stderr).message];
    };
    const to = ['--to', 'me@example.net'];
    expect(await refused(id, ...to)).toEqual([4, expect.stringContaining('is cancelled')]);
    expect(await refused(JSON.parse(stdout).id, ...to)).toEqual([
      4,
      expect.stringContaining('is a test itself'),
    ]);
    expect(await refused(999_999, ...to)).toEqual([3, expect.stringContaining('no send 999999')]);
    expect(await refused(id)).toEqual([2, '--to is missing']);
    const other = await queued();
    expect(await refused(other, '--to', 'nobody')).toEqual([
      2,
      expect.stringContaining('nobody: '),
    ]);
    expect(await refused(other, ...to, '--subject', 'x')).toEqual([
      2,
      expect.stringContaining('--subject does not go'),
    ]);
    expect(await refused(other, ...to, '--email', 'x@example.org')).toEqual([
      3,
      expect.stringContaining('no recipient x@'),
    ]);
    expect(
      await refused(
        other,
        '--rows',
        3,
        ...Array.from({ length: 40 }, (_, i) => ['--to', `t${i}@example.net`]).flat(),
      ),
    ).toEqual([2, expect.stringContaining('120 test mails')]);
    expect(await counts()).toBe((before ?? 0) + 1);
  });

  it('says that the relay is held, or that a reply has not come, and with --no-wait waits for neither', async () => {
    const server = await scene.smtp({ onData: () => new Promise(() => undefined) });
    scene.schedule(server, { until: 'stopped', drainSeconds: 0 });
    const id = await queued();
    const to = ['--to', 'me@example.net'];
    const late = await run(['test', id, ...to, '--max-wait', 1, '--json']);
    expect(late.code).toBe(6);
    expect(JSON.parse(late.stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
      code: 'TEST_NOT_ACCEPTED',
      message: '1 of 1 test mail not accepted within 1 s',
    });
    const unwaited = await run(['test', id, ...to, '--no-wait']);
    expect(unwaited).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^me@example\.net\t1\t/),
    });
    expect(unwaited.stderr).toContain('campaign recipients');
    await run(['relay', 'default', '--hold', '2h', '--reason', 'maintenance']);
    try {
      const held = await run(['test', id, ...to, '--json']);
      expect(held.code).toBe(6);
      expect(JSON.parse(held.stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
        code: 'RELAY_HELD',
        message: expect.stringContaining('maintenance'),
      });
    } finally {
      await run(['relay', 'default', '--release']);
    }
  });
});

describe('test --now', () => {
  it('needs no scheduler, sends its own mails and no other’s, and says whose relay it uses', async () => {
    const server = await scene.smtp();
    const id = await queued();
    const other = await seedSendWithRows(scene.db.database, rowsOf({ pending: 5 }));
    const { code, stdout, stderr } = await run(
      ['test', id, '--to', 'me@example.net', '--now'],
      server.url,
    );
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^me@example\.net\t1\tsent\t250\t/),
    });
    expect(stderr).toContain(`sending from here by 127.0.0.1:${server.port}`);
    expect(server.messages.map(({ to }) => to[0])).toEqual(['me@example.net']);
    expect(await balancedBooks(scene.db.database, other)).toMatchObject({ pending: 5 });
    const workers = await scene.db.database.rows('SELECT * FROM CAMPAIGN_WORKERS');
    expect(workers).toEqual([]);
  });

  it('with only a database exits 2 and names what is missing, with nothing queued', async () => {
    const id = await queued();
    const before = await counts();
    const { code, stderr } = await run(['test', id, '--to', 'me@example.net', '--now', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr).message).toContain('CAMPAIGN_SMTP_URL');
    expect(await counts()).toBe(before);
  });

  it('tells a refusal, and a server that is away, and leaves nothing behind to be sent later', async () => {
    const id = await queued();
    const server = await scene.smtp({ onRcptTo: () => ({ reply: [451, '4.7.1 Greylisted'] }) });
    const to = ['--to', 'me@example.net', '--now', '--json'];
    const grey = await run(['test', id, ...to], server.url);
    expect(grey.code).toBe(6);
    expect(JSON.parse(grey.stdout).recipients).toMatchObject([
      { status: 'pending', smtpCode: 451 },
    ]);
    const away = await run(['test', id, ...to], 'smtp://127.0.0.1:9');
    expect(away.code).toBe(6);
    expect(JSON.parse(away.stderr.trim().split('\n').at(-1) ?? '').message).toMatch(/ECONNREFUSED/);
    const open = await scene.db.database.rows(
      "SELECT ID FROM CAMPAIGN_SENDS WHERE TEST_OF IS NOT NULL AND STATUS NOT IN ('completed', 'cancelled')",
    );
    expect(open).toEqual([]);
  });

  const QUOTA = '4.7.0 Daily message quota exceeded';
  const error = (stderr: string) => JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
  const holdOf = async () => (await readRelay(scene.db.database, DEFAULT_RELAY))?.hold;
  const held = async (): Promise<void> => {
    const { holdId = 0 } = (await readRelay(scene.db.database, DEFAULT_RELAY)) ?? {};
    const hold = { holdId, kind: 'quota', reason: `452 ${QUOTA}`, waitMs: 0, actor: 'a' } as const;
    await scene.db.database.transaction((tx) => raiseHold(tx, DEFAULT_RELAY, hold));
  };

  it('sends nothing over a relay that is held, whose probe it leaves to others', async () => {
    const server = await scene.smtp();
    const id = await queued();
    await run(['relay', 'default']);
    await held();
    const before = await holdOf();
    try {
      const { code, stderr } = await run(
        ['test', id, '--to', 'me@example.net', '--now', '--json'],
        server.url,
      );
      expect(code).toBe(6);
      expect(error(stderr)).toMatchObject({
        code: 'RELAY_HELD',
        message: expect.stringContaining(QUOTA),
        remedy: expect.stringContaining('test again'),
      });
      expect(server.connected).toBe(0);
      expect(before).toMatchObject({ kind: 'quota', probeBy: null });
      expect(await holdOf()).toEqual(before);
    } finally {
      await run(['relay', 'default', '--release']);
    }
  });

  it('sends nothing beyond the relay’s rate, and says when it may', async () => {
    const server = await scene.smtp();
    const id = await queued();
    await run(['relay', 'default', '--rate', '1/h']);
    try {
      const test = () => run(['test', id, '--to', 'me@example.net', '--now', '--json'], server.url);
      expect((await test()).code).toBe(0);
      const { code, stderr } = await test();
      expect(code).toBe(6);
      expect(error(stderr)).toMatchObject({
        code: 'RELAY_HELD',
        message: expect.stringMatching(/the relay's rate of 1\/h is used up until/),
      });
      expect(server.messages).toHaveLength(1);
    } finally {
      await run(['relay', 'default', '--rate', 'none']);
    }
  });

  it.each(['onMailFrom', 'onRcptTo', 'onData'] as const)(
    'ends its mails with the limit that the relay tells of (%s), and holds nobody',
    async (stage) => {
      let tried = 0;
      const server = await scene.smtp({
        [stage]: () => {
          tried += 1;
          return { reply: [452, QUOTA] };
        },
      });
      const id = await queued();
      const to = Array.from({ length: 8 }, (_, i) => ['--to', `t${i}@example${i}.net`]).flat();
      const { code, stdout, stderr } = await run(
        ['test', id, ...to, '--now', '--json'],
        server.url,
      );
      expect(code).toBe(6);
      expect(error(stderr)).toMatchObject({
        code: 'RELAY_HELD',
        message: expect.stringContaining(QUOTA),
      });
      const { id: test, recipients } = JSON.parse(stdout);
      expect(recipients).toHaveLength(8);
      for (const mail of recipients)
        expect(mail).toMatchObject({ status: 'failed', smtpCode: 452 });
      expect(tried).toBeLessThan(4);
      expect(await balancedBooks(scene.db.database, test)).toMatchObject({
        failed: 8,
        status: 'completed',
      });
      expect(await verifySend(scene.db.database, test)).toEqual([]);
      expect(await holdOf()).toBeNull();
    },
  );

  it('beside two schedulers sends each mail once, whoever is first to take them', async () => {
    const server = await scene.smtp();
    for (let i = 0; i < 2; i++) scene.schedule(server, { until: 'stopped', pollSeconds: 0.01 });
    const id = await queued();
    const to = ['a', 'b', 'c'].flatMap((name) => ['--to', `${name}@example.net`]);
    for (let i = 1; i <= 5; i++) {
      const { code, stderr } = await run(['test', id, ...to, '--now'], server.url);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
      expect([...server.countsByRecipient().values()]).toEqual([i, i, i]);
    }
  });
});

describe('a limit that the relay tells a test mail of', () => {
  it('is an outcome where a scheduler sends it, and holds nobody', async () => {
    const server = await scene.smtp({
      onRcptTo: (address) =>
        address.startsWith('me')
          ? { reply: [452, '4.7.0 Daily message quota exceeded'] }
          : undefined,
    });
    scene.schedule(server, { until: 'stopped' });
    const id = await queued();
    const to = ['--to', 'me@example.net', '--to', 'me@example.com', '--to', 'me@example.org'];
    const { code, stderr } = await run(['test', id, ...to, '--json']);
    expect(code).toBe(6);
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
      code: 'RELAY_HELD',
      remedy: expect.stringContaining('test again'),
    });
    expect((await readRelay(scene.db.database, DEFAULT_RELAY))?.hold).toBeNull();
    const other = await run(['test', id, '--to', 'you@example.net', '--json']);
    expect(other.code).toBe(0);
  });
});
