import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { spawnCampaign } from '../support/spawn-campaign.ts';

const BIN = fileURLToPath(new URL('../../bin/', import.meta.url));

const node = (args: string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
  });

test('the program without a build says how to build it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'campaign-test-'));
  cpSync(BIN, join(directory, 'bin'), { recursive: true });
  const { status, stderr } = node([join(directory, 'bin/campaign.js'), 'list']);
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('npm ci') });
  rmSync(directory, { recursive: true });
});

test('what is exported for a server of the user’s does not reach the demo or the tests', () => {
  const { stdout } = node(
    [
      '--input-type=module',
      '-e',
      `import { cleanEnvironment } from ${JSON.stringify(join(BIN, 'setup.js'))};
       console.log(JSON.stringify(cleanEnvironment(['CAMPAIGN_TEST_DATABASE_URL'])));`,
    ],
    {
      CAMPAIGN_DATABASE_URL: 'mysql://real/real',
      CAMPAIGN_SMTP_URL: 'smtp://real',
      CAMPAIGN_TEST_DATABASE_URL: 'mysql://test',
      SESSION_TTL_SECONDS: '1',
    },
  );
  expect(JSON.parse(stdout)).toEqual({
    PATH: process.env.PATH,
    HOME: '/nonexistent',
    CAMPAIGN_TEST_DATABASE_URL: 'mysql://test',
  });
});

test('a set-up with nothing to do says nothing and changes nothing', () => {
  const { status, stdout, stderr } = node([
    '--input-type=module',
    '-e',
    `import { setUp } from ${JSON.stringify(join(BIN, 'setup.js'))}; await setUp();`,
  ]);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('the built program answers with its version', async () => {
  expect(await spawnCampaign(['--version'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

test('a message is shown, looked through and tried with nothing set and nothing running', async () => {
  const text = fileURLToPath(new URL('golden/text.txt', import.meta.url));
  const args = ['--list=-', '--from=news@example.org', '--subject=Hello', `--text=${text}`];
  const stdin = 'email,name\nann@example.org,Ann\n';
  for (const command of [['preview'], ['lint'], ['queue', '--dry-run']]) {
    expect(await spawnCampaign([...command, ...args], { stdin })).toMatchObject({ code: 0 });
  }
});
