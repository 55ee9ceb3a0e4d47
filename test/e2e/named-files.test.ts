import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { collectOutput } from '../support/output.ts';
import { CAMPAIGN } from '../support/spawn-campaign.ts';

const directory = mkdtempSync(join(tmpdir(), 'campaign-named-files-'));
afterAll(() => rmSync(directory, { recursive: true }));

const LIST = join(directory, 'list.csv');
writeFileSync(LIST, 'email\nada@example.org\n');

const ENV = { PATH: process.env.PATH, HOME: '/nonexistent', CAMPAIGN_SANDBOX_DIR: '/nowhere' };
const PREVIEW = `'${process.execPath}' '${CAMPAIGN}' preview --from a@example.org --subject x`;

/** What a shell prints. */
const bash = async (script: string): Promise<string> =>
  (await promisify(execFile)('bash', ['-c', script], { cwd: directory, env: ENV })).stdout;

it.each([
  ['a command', `${PREVIEW} --list list.csv --text <(printf Hello)`],
  ['a command that is slow', `${PREVIEW} --list list.csv --text <(printf He; sleep 1; printf llo)`],
  [
    'a command that has ended',
    `exec 9< <(printf Hello); sleep 1; ${PREVIEW} --list list.csv --text /dev/fd/9`,
  ],
  ['a pipe', `printf Hello | ${PREVIEW} --list list.csv --text /dev/stdin`],
  [
    'a file that is the input',
    `printf Hello > t; ${PREVIEW} --list list.csv --text /dev/stdin < t`,
  ],
  ['a list of a command', `${PREVIEW} --list <(cat list.csv) --text <(printf Hello)`],
])('a text is taken from %s', async (_, script) => {
  expect(await bash(script)).toMatch(/^Hello$/m);
});

it('a pipe that nobody writes into can be left by a signal, at once', async () => {
  await bash('mkfifo pipe');
  const child = spawn('bash', ['-c', `exec ${PREVIEW} --list list.csv --text pipe`], {
    cwd: directory,
    env: ENV,
    stdio: 'pipe',
  });
  const { ended } = collectOutput(child);
  // It has it open for reading.
  const writer = spawn('sh', ['-c', 'exec 3> pipe; echo; read x'], {
    cwd: directory,
    stdio: 'pipe',
  });
  await once(writer.stdout, 'data');
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 130 });
  writer.kill();
});

it('a password is taken from a command', async () => {
  const script = `'${process.execPath}' '${CAMPAIGN}' sandbox status --json`;
  const env = `CAMPAIGN_SMTP_URL=smtp://u@example.org CAMPAIGN_DATABASE_URL=mysql://u@127.0.0.1:9/x`;
  await expect(
    bash(`${env} CAMPAIGN_SMTP_PASSWORD_FILE=<(sleep 1; printf secret) ${script} 2>&1 || true`),
  ).resolves.not.toContain('cannot be read');
});
