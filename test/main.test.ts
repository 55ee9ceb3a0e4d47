import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { runCommand } from './support/run-command.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

describe('a command line', () => {
  it('shows help and version on stdout and exits 0', async () => {
    const help = await runCommand(['--help']);
    expect(help.code).toBe(0);
    for (const command of ['migrate', 'queue', 'run-scheduler', 'progress', 'verify', 'sandbox']) {
      expect(help.stdout).toContain(`  ${command}`);
    }
    expect((await runCommand(['pause', '--help'])).stdout).toContain('--reason <text>');
    expect((await runCommand(['help', 'pause'])).stdout).toContain('--reason <text>');
    const version = await runCommand(['--version']);
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it.each([[[]], [['frob']], [['pause']], [['pause', '1', '2']], [['list', '--frob']]])(
    'that is wrong exits 2 and prints nothing on stdout: %j',
    async (args) => {
      const { code, stdout, stderr } = await runCommand(args, { url: test.url });
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^see `campaign/m);
    },
  );

  it.each([
    [['help', 'quue'], 'queue'],
    [['quue'], 'queue'],
    [['quue', '--help'], 'queue'],
    [['--help', 'run-schedular'], 'run-scheduler'],
    [['Queue', '--yes'], 'queue'],
    [['help', 'sandbox', 'strat'], 'start'],
    [['sandbox', 'help', 'strat'], 'start'],
    [['sandbox', 'strat', '--help'], 'start'],
    [['list', '--stauts', 'paused'], '--status'],
    [['queue', '--lisst', 'a.csv'], '--list'],
    [['progress', '4', '-watch'], '--watch'],
    [['--verson'], '--version'],
  ])('that is mistyped exits 2 and says what it may have meant: %j', async (args, meant) => {
    const { code, stdout, stderr } = await runCommand(args, { url: test.url });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(new RegExp(`^campaign: unknown .*; .* ${meant}\\??\nsee \`campaign`));
  });

  it('shows the help of a command of a command, and says which dashes are none', async () => {
    expect((await runCommand(['help', 'sandbox', 'start'])).stdout).toContain(
      'Usage: campaign sandbox start',
    );
    expect((await runCommand(['help', 'help'])).code).toBe(0);
    const dashed = await runCommand(['progress', '4', '–watch'], { url: test.url });
    expect(dashed.stderr).toContain('"–watch" begins with a dash that is no hyphen');
  });

  it('with --json tells an error as one JSON object on stderr', async () => {
    for (const args of [
      ['--json'],
      ['frob', '--json'],
      ['pause', '7', '--json'],
      ['pause', 'x', '--json'],
    ]) {
      const { stdout, stderr } = await runCommand(args, { url: test.url });
      expect(stdout).toBe('');
      expect(Object.keys(JSON.parse(stderr))).toEqual(['code', 'message', 'remedy']);
    }
  });

  it('on a database that is away, refuses the password or is not there exits 5 without the password', async () => {
    const away = await runCommand(['list', '--json'], { url: 'mysql://u:secret@127.0.0.1:1/x' });
    expect(away.code).toBe(5);
    expect(JSON.parse(away.stderr)).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
    const url = new URL(test.url);
    url.password = 'secret';
    const refused = await runCommand(['list', '--json'], { url: url.href });
    expect(refused.code).toBe(5);
    expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'DATABASE_REFUSED' });
    expect(away.stderr + refused.stderr).not.toContain('secret');
  });

  it.each([
    'mysql://u:Geheim@QX77@127.0.0.1:1/x',
    'mysql://u:Geheim#QX77@127.0.0.1:1/x',
    'mysql://u:12/Geheim@127.0.0.1:1/x',
    'mysql://u:12?Geheim=QX77@127.0.0.1:1/x',
    'mysql://u:Geheim%QX77@127.0.0.1:1/x',
    'mysql://u:Geheim@127.0.0.1:1,QX 77/x',
    'Geheim',
  ])('shows no part of a password, as text, as JSON or with stacks: %s', async (url) => {
    for (const form of [[], ['--json']]) {
      const env = { CAMPAIGN_DEBUG: '1' };
      const { code, stdout, stderr } = await runCommand(['list', ...form], { url, env });
      expect([2, 5]).toContain(code);
      expect(stdout + stderr).not.toMatch(/Geheim|QX/);
    }
  });

  it('without a schema says `campaign migrate`, which makes it work and can be repeated', async () => {
    const fresh = await createTestDatabase();
    try {
      const [tables] = await fresh.database.rows<{ names: string }>(
        'SELECT GROUP_CONCAT(TABLE_NAME) AS names FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()',
      );
      await fresh.database.run(`DROP TABLE ${tables?.names}`);
      const before = await runCommand(['list', '--json'], { url: fresh.url });
      expect(before.code).toBe(5);
      expect(JSON.parse(before.stderr)).toMatchObject({
        code: 'SCHEMA_MISMATCH',
        remedy: 'run `campaign migrate`',
      });
      const migrated = await runCommand(['migrate'], { url: fresh.url });
      expect(migrated).toMatchObject({ code: 0, stdout: expect.stringContaining('applied 0001_') });
      expect((await runCommand(['list', '--json'], { url: fresh.url })).stdout).toBe('[]\n');
      const again = await runCommand(['migrate', '--json'], { url: fresh.url });
      expect(JSON.parse(again.stdout)).toEqual({ applied: [] });
    } finally {
      await fresh.drop();
    }
  });
});
