import { mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseAddress } from '../store/mysql/url.js';
import type { ProcessRecord } from './processes.js';

/** Where a sandbox keeps what. */
export interface SandboxPaths {
  /** The database's files. */
  data: string;
  /** Logs, pids, the state file. */
  run: string;
  /** A Maildir: what was sent lies in its `new`. */
  mail: string;
}

export const sandboxPaths = (directory: string): SandboxPaths => ({
  data: join(directory, 'database'),
  run: join(directory, 'run'),
  mail: join(directory, 'mail'),
});

export type DatabaseProcess = ProcessRecord & { socketPath: string };
type SmtpProcess = ProcessRecord & { port: number };

/** What runs, written after each step of a start, so that one cut short leaves nothing unknown. */
export interface SandboxState {
  database?: DatabaseProcess;
  smtp?: SmtpProcess;
}

const DATABASE_NAME = 'campaign';

const stateFile = (directory: string): string => join(sandboxPaths(directory).run, 'state.json');

/** The state file, whether its processes still run or not; empty where there is none that can be read. */
export function readState(directory: string): SandboxState {
  try {
    return JSON.parse(readFileSync(stateFile(directory), 'utf8')) as SandboxState;
  } catch {
    return {};
  }
}

export function writeState(directory: string, state: SandboxState): void {
  const file = stateFile(directory);
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Longest name that a Unix socket can have on every system, in bytes. */
const MAX_SOCKET_PATH = 100;

/** Root's address on a private server's Unix socket. */
export const socketAddress = (
  socketPath: string,
  password: string,
  database: string,
): DatabaseAddress => ({
  hosts: [{ host: 'localhost', port: 3306 }],
  socketPath,
  user: 'root',
  password,
  database,
  tls: 'off',
});

const canBeSocket = (path: string): boolean => Buffer.byteLength(path) <= MAX_SOCKET_PATH;

/** A place for the database's socket that only this user can reach: the sandbox's, or a new one if that is too long. */
export function chooseSocketPath(directory: string): string {
  const own = join(sandboxPaths(directory).run, 'db.sock');
  if (canBeSocket(own)) return own;
  const prefix = join(tmpdir(), 'campaign-');
  const short = canBeSocket(join(`${prefix}XXXXXX`, 'db.sock')) ? prefix : '/tmp/campaign-';
  return join(mkdtempSync(short), 'db.sock');
}

export const databaseAddress = (socketPath: string): DatabaseAddress =>
  socketAddress(socketPath, '', DATABASE_NAME);
