import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type SmtpServer, startSmtpServer } from '../support/smtp.ts';
import {
  type CliOptions,
  canChangeUser,
  NOBODYS_UID,
  spawnCampaign,
} from '../support/spawn-campaign.ts';

let db: TestDatabase;
let smtp: SmtpServer;
beforeAll(async () => {
  db = await createTestDatabase();
  smtp = await startSmtpServer();
});
afterAll(async () => {
  await smtp.close();
  await db.drop();
});

/** Makes Node answer as it does a user whom the passwd database doesn't know. */
const UNKNOWN_USER = `
  import os from 'node:os';
  import { syncBuiltinESMExports } from 'node:module';
  const unknown = () => { throw new Error('ENOENT: no such file or directory'); };
  os.homedir = unknown;
  os.userInfo = unknown;
  syncBuiltinESMExports();`;

const ways: [string, CliOptions][] = [
  [
    'as Node reports it',
    { env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(UNKNOWN_USER)}` } },
  ],
  ['for real, which takes root', { uid: NOBODYS_UID }],
];

describe.each(ways)('without HOME and without an entry in the passwd database, %s', (_, way) => {
  const run = (args: string[], env: Record<string, string> = {}) =>
    spawnCampaign(args, { ...way, env: { HOME: undefined, ...way.env, ...env } });
  const urls = () => ({ CAMPAIGN_DATABASE_URL: db.url, CAMPAIGN_SMTP_URL: smtp.url });

  test.skipIf(way.uid !== undefined && !canChangeUser())(
    'commands with servers of their own work',
    async () => {
      expect(await run(['--help'])).toMatchObject({ code: 0, stderr: '' });
      expect(await run(['--version'])).toMatchObject({ code: 0, stderr: '' });
      expect(await run(['list', '--json'], urls())).toEqual({
        code: 0,
        stdout: '[]\n',
        stderr: '',
      });
      expect(await run(['run-scheduler', '--once'], urls())).toMatchObject({ code: 0 });
    },
  );

  test.skipIf(way.uid !== undefined && !canChangeUser())(
    'commands that mean the sandbox ask for its folder, exit 2',
    async () => {
      for (const args of [['list'], ['sandbox', 'status'], ['sandbox', 'start']]) {
        const { code, stdout, stderr } = await run(args);
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
        expect(stderr).toContain('CAMPAIGN_SANDBOX_DIR');
        expect(stderr).not.toMatch(/^ +at /m);
      }
      const given = await run(['list'], { CAMPAIGN_SANDBOX_DIR: '/nonexistent' });
      expect(given).toMatchObject({ code: 5, stderr: expect.stringContaining('sandbox start') });
    },
  );
});
