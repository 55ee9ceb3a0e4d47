import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isRunning } from '../../src/sandbox/processes.ts';
import {
  findServer,
  initialiseData,
  requireServer,
  startServer,
} from '../../src/sandbox/server.ts';

test('the first program that runs is found, whatever stands before it', async () => {
  const found = await findServer();
  expect(await findServer(['/nonexistent/mariadbd', '/', found?.path ?? ''])).toEqual(found);
  expect(found?.version).toMatch(/^\S+ +Ver \d+\./);
});

test('without a server it is said what to type on Debian, Fedora and macOS, and the exit code is 5', async () => {
  await expect(requireServer(['/nonexistent/mariadbd'])).rejects.toMatchObject({
    code: 'NO_DATABASE_SERVER',
    exitCode: 5,
    remedy: expect.stringMatching(
      /apt-get install .*mariadb-server-core mariadb-client-core.*dnf install.*brew install/s,
    ),
  });
});

test('a server that cannot start is given up at once, with the end of its log', async () => {
  const program = await requireServer();
  const directory = mkdtempSync(join(tmpdir(), 'campaign-test-'));
  const dataDirectory = join(directory, 'database');
  await initialiseData(program, dataDirectory);
  await expect(
    startServer(program, {
      dataDirectory,
      runDirectory: join(directory, 'run'),
      socketPath: join(directory, 'no', 'such', 'folder', 'db.sock'),
      durable: false,
    }),
  ).rejects.toMatchObject({
    code: 'DATABASE_UNREACHABLE',
    message: expect.stringContaining('did not start'),
    remedy: expect.stringContaining(join(directory, 'run', 'database.log')),
  });
  rmSync(directory, { recursive: true, force: true });
});

test('a process is told from another one that got its id', () => {
  expect(isRunning(process.pid)).toBe(true);
  expect(isRunning(2 ** 22 + 1)).toBe(false);
});
