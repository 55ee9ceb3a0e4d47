import { execFile, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { CampaignError } from '../errors.js';
import { accountStatements, answers } from '../store/mysql/administration.js';
import { waitUntil } from './processes.js';
import { socketAddress } from './state.js';

const run = promisify(execFile);

/** A MySQL-compatible server program that this machine has. */
export interface ServerProgram {
  flavor: 'mariadb' | 'mysql';
  /** Path or name on PATH. */
  path: string;
  /** What it prints for --version, on one line. */
  version: string;
}

const PROGRAMS = [
  'mariadbd',
  '/usr/sbin/mariadbd',
  '/usr/libexec/mariadbd',
  '/usr/local/sbin/mariadbd',
  '/opt/homebrew/opt/mariadb/bin/mariadbd',
  '/usr/local/opt/mariadb/bin/mariadbd',
  'mysqld',
  '/usr/sbin/mysqld',
  '/usr/libexec/mysqld',
  '/opt/homebrew/opt/mysql/bin/mysqld',
  '/usr/local/opt/mysql/bin/mysqld',
  '/usr/local/mysql/bin/mysqld',
];

/** The first MariaDB or MySQL server program found on PATH or at its usual places. */
export async function findServer(
  candidates: readonly string[] = PROGRAMS,
): Promise<ServerProgram | undefined> {
  for (const path of candidates) {
    try {
      const { stdout } = await run(path, ['--no-defaults', '--version']);
      const version = stdout.trim();
      return { flavor: /mariadb/i.test(version) ? 'mariadb' : 'mysql', path, version };
    } catch {
      // Not there, or not runnable here: the next one may be.
    }
  }
  return undefined;
}

/** @throws CampaignError NO_DATABASE_SERVER with what to type on Debian, Fedora and macOS */
export async function requireServer(candidates?: readonly string[]): Promise<ServerProgram> {
  const program = await findServer(candidates);
  if (program) return program;
  throw new CampaignError(
    'NO_DATABASE_SERVER',
    'neither MariaDB nor MySQL is installed here (no mariadbd or mysqld on PATH or in /usr/sbin)',
    [
      'install one, which starts no service where the package is the one named here:',
      '  Debian, Ubuntu:  sudo apt-get install --no-install-recommends mariadb-server-core mariadb-client-core',
      '  Fedora:          sudo dnf install mariadb-server',
      '  macOS:           brew install mariadb',
      'or set CAMPAIGN_DATABASE_URL and CAMPAIGN_SMTP_URL to servers of your own',
    ].join('\n'),
  );
}

/** As root, both servers start only when told that root is meant. */
const asUser = (): string[] => (process.getuid?.() === 0 ? ['--user=root'] : []);

const failure = (what: string, cause: unknown, log?: string): CampaignError =>
  new CampaignError(
    'DATABASE_UNREACHABLE',
    `${what}: ${cause instanceof Error ? cause.message.trim() : String(cause)}`,
    log === undefined ? undefined : `see its log, ${log}`,
    { cause },
  );

/**
 * Creates the system tables in `dataDirectory`, which must not exist yet. Root has no password.
 * A starting MariaDB clears its folder for temporary tables of all it finds there, so no two may share one.
 */
export async function initialiseData(program: ServerProgram, dataDirectory: string): Promise<void> {
  const temporary = `${dataDirectory}.tmp`;
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const { path: data, remove: removeAlias } = plainPath(dataDirectory);
  const common = ['--no-defaults', ...asUser(), `--datadir=${data}`, `--tmpdir=${data}.tmp`];
  try {
    if (program.flavor === 'mysql') {
      await run(program.path, [...common, '--initialize-insecure']);
      return;
    }
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    await run('mariadb-install-db', [
      ...common,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    ]);
  } catch (error) {
    throw failure(`${program.path} could not create its data in ${dataDirectory}`, error);
  } finally {
    removeAlias();
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** mariadb-install-db splits its arguments at blanks, and takes these signs in them for patterns. */
const NOT_PLAIN = /[\s*?[\]]/;

/** A path that mariadb-install-db takes as it is: the folder's own, or one through a link until `remove` is called. */
function plainPath(folder: string): { path: string; remove(): void } {
  if (!NOT_PLAIN.test(folder)) return { path: folder, remove: () => undefined };
  const temporary = tmpdir();
  const base = NOT_PLAIN.test(temporary) || !existsSync(temporary) ? '/tmp' : temporary;
  const alias = mkdtempSync(join(base, 'campaign-'));
  symlinkSync(dirname(folder), join(alias, 'd'));
  return {
    path: join(alias, 'd', basename(folder)),
    remove: () => rmSync(alias, { recursive: true, force: true }),
  };
}

/** A loopback TCP port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

export interface StartOptions {
  dataDirectory: string;
  /** Pid, log and start-up files go here. */
  runDirectory: string;
  /** At most 100 bytes: the kernel's limit for a Unix socket's name. */
  socketPath: string;
  /** Opens loopback TCP as well; needs a password, for any local user can reach it. */
  tcp?: { port: number; password: string };
  /** False: a commit does not wait for the disk (tests). */
  durable: boolean;
  /** Further server options, such as `--innodb-buffer-pool-size=256M`. */
  extra?: readonly string[];
}

const START_TIMEOUT_MS = 60_000;

/**
 * Starts a server of its own session on initialised data, reading no configuration file, and waits until it answers.
 * It outlives this process.
 * @returns its pid
 * @throws CampaignError DATABASE_UNREACHABLE with the end of its log
 */
export async function startServer(program: ServerProgram, options: StartOptions): Promise<number> {
  const { runDirectory, socketPath, tcp } = options;
  mkdirSync(runDirectory, { recursive: true, mode: 0o700 });
  const temporary = join(runDirectory, 'tmp');
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const log = join(runDirectory, 'database.log');
  const startUp = join(runDirectory, 'startup.sql');
  writeFileSync(startUp, accountStatements(tcp?.password ?? '', tcp !== undefined), {
    mode: 0o600,
  });
  const logFile = openSync(log, 'w', 0o600);
  const child = spawn(
    program.path,
    [
      '--no-defaults',
      ...asUser(),
      `--datadir=${options.dataDirectory}`,
      `--socket=${socketPath}`,
      `--pid-file=${join(runDirectory, 'database.pid')}`,
      `--init-file=${startUp}`,
      ...(tcp ? [`--port=${tcp.port}`, '--bind-address=127.0.0.1'] : ['--skip-networking']),
      '--skip-name-resolve',
      // Both the limit of SELECT … INTO OUTFILE, and a folder that is there: a package's own need not be.
      `--secure-file-priv=${runDirectory}`,
      `--tmpdir=${withoutColon(temporary, options.dataDirectory)}`,
      '--skip-log-bin',
      '--character-set-server=utf8mb4',
      ...(program.flavor === 'mysql' ? ['--mysqlx=OFF'] : []),
      ...(options.durable ? [] : ['--innodb-flush-log-at-trx-commit=2']),
      ...(options.extra ?? []),
    ],
    { cwd: options.dataDirectory, detached: true, stdio: ['ignore', logFile, logFile] },
  );
  closeSync(logFile);
  let exited: string | undefined;
  child.once('error', (error) => {
    exited = error.message;
  });
  child.once('exit', (code, signal) => {
    exited = `ended with ${signal ?? `code ${code}`}`;
  });
  const address = socketAddress(socketPath, tcp?.password ?? '', '');
  const isUp = async (): Promise<boolean> => {
    if (exited) throw failure(`${program.path} did not start`, `${exited}\n${lastLines(log)}`, log);
    return answers(address);
  };
  try {
    await waitUntil(isUp, START_TIMEOUT_MS, `${program.path} does not answer; ${lastLines(log)}`);
  } catch (error) {
    if (child.pid !== undefined && !exited) process.kill(child.pid, 'SIGKILL');
    throw error;
  }
  child.unref();
  return child.pid as number;
}

/** A server takes a folder with a colon in its name for several; seen from its data, where it works, it has none. */
const withoutColon = (folder: string, dataDirectory: string): string =>
  folder.includes(':') ? relative(dataDirectory, folder) : folder;

/** What a server's log says last: its errors, if it names any. */
function lastLines(file: string): string {
  try {
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    const errors = lines.filter((line) => line.includes('[ERROR]'));
    return (errors.length > 0 ? errors : lines).slice(-3).join('\n');
  } catch {
    return '';
  }
}
