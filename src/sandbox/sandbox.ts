import { existsSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SandboxStatus } from '../domain/sandbox.js';
import { makeFolder } from '../make-folder.js';
import { answers, createDatabase, dropDatabase } from '../store/mysql/administration.js';
import { Database } from '../store/mysql/database.js';
import { migrate } from '../store/mysql/migrate.js';
import { greets, startCapture } from './capture.js';
import { inFolder } from './folder.js';
import { countMessages, emptyMaildir } from './maildir.js';
import { isRunning, isSameProcess, recordProcess, terminate, waitUntil } from './processes.js';
import { initialiseData, requireServer, startServer } from './server.js';
import {
  chooseSocketPath,
  type DatabaseProcess,
  databaseAddress,
  readState,
  type SandboxState,
  sandboxPaths,
  writeState,
} from './state.js';

/** Which servers of the state still run and are ours: by their start time or, without /proc, by their answer. */
async function runningParts({ database, smtp }: SandboxState): Promise<SandboxState> {
  const databaseUp =
    database !== undefined &&
    isSameProcess(database) &&
    (database.started !== null || (await answers(databaseAddress(database.socketPath))));
  const smtpUp =
    smtp !== undefined &&
    isSameProcess(smtp) &&
    (smtp.started !== null || (await greets(smtp.port)));
  return { ...(databaseUp ? { database } : {}), ...(smtpUp ? { smtp } : {}) };
}

/**
 * Starts what is not running of the two servers, and brings the database `campaign` to the current schema.
 * @returns `started`: false when all was up already
 * @throws CampaignError BAD_SETTING, NO_DATABASE_SERVER, DATABASE_UNREACHABLE, SMTP_UNREACHABLE
 */
export async function startSandbox(
  directory: string,
): Promise<{ started: boolean; status: SandboxStatus }> {
  return exclusively(directory, async () => {
    const before = readState(directory);
    const up = await runningParts(before);
    const database = up.database ?? (await startDatabase(directory));
    const state: SandboxState = { ...up, database };
    writeState(directory, state);
    if (!state.smtp) {
      const { mail, run } = sandboxPaths(directory);
      await startCapture(mail, run, before.smtp?.port ?? 0, (pid, port) => {
        state.smtp = { ...recordProcess(pid), port };
        writeState(directory, state);
      });
    }
    await createDatabase(databaseAddress(database.socketPath));
    await migrateSandbox(database.socketPath);
    return {
      started: up.database === undefined || up.smtp === undefined,
      status: describe(directory, state),
    };
  });
}

async function migrateSandbox(socketPath: string): Promise<void> {
  const pool = new Database(databaseAddress(socketPath));
  await migrate(pool).finally(() => pool.close());
}

async function startDatabase(directory: string): Promise<DatabaseProcess> {
  const program = await requireServer();
  const { data, run } = sandboxPaths(directory);
  if (!existsSync(data)) {
    // Named so only when it is whole: what was cut short is made anew.
    const draft = `${data}.new`;
    rmSync(draft, { recursive: true, force: true });
    await initialiseData(program, draft);
    renameSync(draft, data);
  }
  const orphan = await findOrphan(run);
  if (orphan) return orphan;
  const socketPath = chooseSocketPath(directory);
  const pid = await startServer(program, {
    dataDirectory: data,
    runDirectory: run,
    socketPath,
    durable: true,
  });
  return { ...recordProcess(pid), socketPath };
}

/** A server of ours that a start which was killed has left without a word in the state file. */
async function findOrphan(run: string): Promise<DatabaseProcess | undefined> {
  const pid = readPid(join(run, 'database.pid'));
  const socketPath = join(run, 'db.sock');
  const ours = pid !== undefined && isRunning(pid) && (await answers(databaseAddress(socketPath)));
  return ours ? { ...recordProcess(pid), socketPath } : undefined;
}

/**
 * Stops both servers cleanly and waits until they have ended; mail and data stay.
 * @returns false when nothing was running
 */
export async function stopSandbox(directory: string): Promise<boolean> {
  if (!existsSync(directory)) return false;
  return exclusively(directory, async () => {
    // The state file stays: dead processes are recognised as such, and the next start wants the same port.
    const { smtp, ...up } = await runningParts(readState(directory));
    const database = up.database ?? (await findOrphan(sandboxPaths(directory).run));
    await Promise.all([database, smtp].map((part) => part && terminate(part.pid)));
    if (database) removeSocketDirectory(database.socketPath, directory);
    return database !== undefined || smtp !== undefined;
  });
}

/** A socket outside the sandbox lies alone in a directory made for it, which the server has left empty. */
function removeSocketDirectory(socketPath: string, directory: string): void {
  const socketDirectory = dirname(socketPath);
  if (socketDirectory === sandboxPaths(directory).run) return;
  try {
    rmdirSync(socketDirectory);
  } catch {
    // Left where it is: empty, and in the system's folder for such things.
  }
}

export async function sandboxStatus(directory: string): Promise<SandboxStatus> {
  return describe(directory, await runningParts(readState(directory)));
}

/** Deletes the captured mail and every send, list and event; a running sandbox goes on, empty. */
export async function resetSandbox(directory: string): Promise<void> {
  if (!existsSync(directory)) return;
  await exclusively(directory, async () => {
    const { data, mail } = sandboxPaths(directory);
    const { database } = await runningParts(readState(directory));
    if (database) {
      const address = databaseAddress(database.socketPath);
      await dropDatabase(address);
      await createDatabase(address);
      await migrateSandbox(database.socketPath);
    } else {
      rmSync(data, { recursive: true, force: true });
    }
    emptyMaildir(mail);
  });
}

function describe(directory: string, { database, smtp }: SandboxState): SandboxStatus {
  const { mail } = sandboxPaths(directory);
  return {
    running: database !== undefined && smtp !== undefined,
    directory,
    mail: join(mail, 'new'),
    captured: countMessages(mail),
    databaseUrl: database
      ? `mysql://root@localhost/campaign?socket=${encodeURIComponent(database.socketPath)}`
      : null,
    smtpUrl: smtp ? `smtp://127.0.0.1:${smtp.port}` : null,
  };
}

const LOCK_TIMEOUT_MS = 60_000;

/**
 * Keeps two starts, stops or resets of one sandbox apart; the lock of a process that died is taken over.
 * @throws CampaignError BAD_SETTING where the directory cannot be used
 */
const exclusively = <T>(directory: string, work: () => Promise<T>): Promise<T> =>
  inFolder(directory, () => locked(directory, work));

async function locked<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const { run } = sandboxPaths(directory);
  makeFolder(run);
  const lock = join(run, 'lock');
  const take = (): boolean => {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readPid(lock);
    if (holder !== undefined && !isRunning(holder)) rmSync(lock, { force: true });
    return false;
  };
  await waitUntil(take, LOCK_TIMEOUT_MS, `another command holds ${lock}`);
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The pid in a file; undefined while it is being written or when it is gone. */
function readPid(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}
