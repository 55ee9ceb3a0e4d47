/**
 * What `npm run demo` and `npm test` need before anything is installed, so this file imports nothing but Node:
 * packages, build, and a MySQL-compatible server program.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SERVER_PACKAGES = ['mariadb-server-core', 'mariadb-client-core'];
const NO_DATABASE_SERVER_EXIT = 5;

/** A step that failed: its words are for the user, and its exit code is the script's. */
export class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Installs and builds what is missing or outdated; one line a step on stderr, none where nothing is to do. */
export async function setUp() {
  if (packagesAreOutdated() || buildIsOutdated()) {
    exclusively(() => {
      if (packagesAreOutdated()) installPackages();
      if (buildIsOutdated()) build();
    });
  }
  const server = await import(new URL('../dist/sandbox/server.js', import.meta.url).href);
  if (await server.findServer()) return;
  if (mayInstallServer()) {
    installServer();
    if (await server.findServer()) return;
  }
  await server.requireServer().catch((error) => {
    throw new SetupError(`${error.message}\n${error.remedy}`, NO_DATABASE_SERVER_EXIT);
  });
}

/**
 * The environment without the settings of campaign: the demo and the tests never touch a server of the user's,
 * whatever is exported.
 */
export function cleanEnvironment(keep = []) {
  const entries = Object.entries(process.env).filter(
    ([name]) =>
      keep.includes(name) || !(name.startsWith('CAMPAIGN_') || name === 'SESSION_TTL_SECONDS'),
  );
  return Object.fromEntries(entries);
}

/** Runs a script's work and ends with its exit code; a failed set-up is said without a stack. */
export async function runScript(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = error.exitCode;
  }
}

/** Runs a program in the foreground, hands it the signals we get, and resolves to its exit code. */
export function runInForeground(program, args, options) {
  const child = spawn(program, args, { stdio: 'inherit', ...options });
  const forward = (signal) => child.kill(signal);
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

/** Keeps two set-ups of one checkout apart: `npm ci` takes away what the other one is using. */
function exclusively(work) {
  const name = createHash('sha256').update(ROOT).digest('hex').slice(0, 16);
  const lock = join(tmpdir(), `campaign-setup-${name}.lock`);
  while (!takeLock(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function takeLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    process.kill(Number(readFileSync(lock, 'utf8')) || process.pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') rmSync(lock, { force: true });
  }
  return false;
}

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs;

/** Whether node_modules holds anything but what package-lock.json asks for. */
function packagesAreOutdated() {
  const wanted = readLock('package-lock.json');
  const installed = readLock('node_modules/.package-lock.json');
  if (!installed) return true;
  return Object.entries(wanted).some(([path, { version, optional }]) => {
    if (path === '' || (optional && !installed[path])) return false;
    return installed[path]?.version !== version;
  });
}

function readLock(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

function installPackages() {
  step('installing packages (npm ci)');
  // Its own script builds; we do that below, so that the two steps can fail apart.
  const args = [
    'ci',
    '--include=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const npm = process.env.npm_execpath;
  if (npm) run(process.execPath, [npm, ...args]);
  else run('npm', args);
}

/** Written last. */
const PROGRAM = join(ROOT, 'dist/program/main.js');

function buildIsOutdated() {
  const built = modified(PROGRAM);
  if (built === undefined) return true;
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true });
  return [...sources.map((file) => join('src', file)), 'tsconfig.json', 'bin/bundle.js'].some(
    (file) => modified(join(ROOT, file)) > built,
  );
}

function build() {
  step('building');
  // A build that is gone while tsc's own stamp is there would not be made again.
  if (!existsSync(PROGRAM)) rmSync(join(ROOT, 'dist/.tsbuildinfo'), { force: true });
  run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json']);
  run(process.execPath, [join(ROOT, 'bin/bundle.js')]);
}

const mayInstallServer = () => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

function installServer() {
  step(`installing ${SERVER_PACKAGES.join(' and ')} (apt-get; starts no service)`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-q'], env);
  run('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...SERVER_PACKAGES], env);
}

const step = (what) => console.error(`campaign: ${what} …`);

/** Runs a program to its end; its output is shown only when it fails. */
function run(program, args, env = process.env) {
  const { status, error, stdout, stderr } = spawnSync(program, args, {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return;
  const output = [stdout, stderr, error?.message].filter(Boolean).join('\n').trim();
  throw new SetupError(`${output}\ncampaign: \`${[program, ...args].join(' ')}\` failed`);
}
