import { hostname, userInfo } from 'node:os';
import type { Outside } from './cli/context.js';
import { CommandProcess, type Streams } from './cli/process.js';
import { runProgram } from './cli/program.js';
import { reportError } from './cli/report-error.js';
import { appearance, type Environment, processEnvironment } from './config/environment.js';
import { loadEnvironmentSettings, loadSettings, type Settings } from './config/settings.js';
import { OwnWorkspace } from './operations/workspace.js';
import { findSandbox } from './sandbox/addresses.js';

/** The outside world; a test brings its own. */
export interface Io extends Streams {
  env: Environment;
  cwd: string;
}

/**
 * Runs one command line and returns its exit code; see `CommandProcess` for what ends the process itself.
 * @param args what follows the program's name
 */
export async function main(args: readonly string[], io: Io = processIo()): Promise<number> {
  const { stdout, stderr, stdin, env, cwd } = io;
  const { color, dumb, stackTraces } = appearance(env);
  const asJson = args.slice(0, args.indexOf('--') >>> 0).includes('--json');
  let read: Settings | undefined;
  const settings = (): Settings => {
    read ??= loadSettings(env, cwd, findSandbox);
    return read;
  };
  const workspace = new OwnWorkspace({
    actor: actorName(),
    address: () => {
      const { source, database } = settings();
      if (source === 'sandbox') {
        stderr.write(`campaign: using the sandbox in ${settings().sandboxDirectory}\n`);
      }
      return database;
    },
  });
  const commandProcess = new CommandProcess(io, dumb);
  const outside: Outside = {
    settings,
    environmentSettings: () => loadEnvironmentSettings(env, cwd, findSandbox),
    workspace,
    stdout,
    stderr,
    stdin,
    heedSignals: commandProcess.heedSignals,
    color: stdout.isTTY === true && color,
    dumb,
  };
  try {
    const status = await runProgram(args, asJson, outside);
    await commandProcess.written();
    return status;
  } catch (error) {
    const explain = (thrown: unknown): unknown => workspace.explain(thrown);
    return reportError(error, { args, asJson, stackTraces, stderr, explain });
  } finally {
    await workspace.close();
    commandProcess.end();
  }
}

const processIo = (): Io => ({
  env: processEnvironment(),
  cwd: currentFolder(),
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
});

/** The root where the folder we were started in has been deleted. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

/** `user@host`; the number of a user without a name. */
function actorName(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}
