import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { Command, CommanderError } from 'commander';
import type { Context } from './cli/context.js';
import { jsonLine } from './cli/output.js';
import { appearance, type Environment, processEnvironment } from './config/environment.js';
import { loadSettings, type Settings } from './config/settings.js';
import { errorJson } from './contract/error.js';
import { CampaignError, EXIT, signalExit } from './errors.js';
import { OwnWorkspace } from './operations/workspace.js';
import { findSandbox } from './sandbox/addresses.js';
import type { DatabaseAddress } from './store/mysql/url.js';
import { printable } from './view/printable.js';

/** The outside world; a test brings its own. */
export interface Io {
  env: Environment;
  cwd: string;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
}

interface CommandModule {
  register(program: Command, context: Context): void;
}

/** Each command in a file of its own, loaded only when it is asked for: starting is most of what a short one costs. */
const COMMANDS: Record<string, () => Promise<CommandModule>> = {
  sandbox: () => import('./cli/commands/sandbox.js'),
  migrate: () => import('./cli/commands/migrate.js'),
  queue: () => import('./cli/commands/queue.js'),
  'run-scheduler': () => import('./cli/commands/run-scheduler.js'),
  progress: () => import('./cli/commands/progress.js'),
  recipients: () => import('./cli/commands/recipients.js'),
  pause: () => import('./cli/commands/pause.js'),
  resume: () => import('./cli/commands/resume.js'),
  cancel: () => import('./cli/commands/cancel.js'),
  release: () => import('./cli/commands/release.js'),
  controls: () => import('./cli/commands/controls.js'),
  list: () => import('./cli/commands/list.js'),
  verify: () => import('./cli/commands/verify.js'),
  resolve: () => import('./cli/commands/resolve.js'),
  retry: () => import('./cli/commands/retry.js'),
  events: () => import('./cli/commands/events.js'),
};

/**
 * Runs one command line and returns its exit code; ends the process itself only for a second signal, for a first
 * one that the command doesn't heed, and when nobody reads its output any more.
 * @param args what follows the program's name
 */
export async function main(args: readonly string[], io: Io = processIo()): Promise<number> {
  const asJson = args.slice(0, args.indexOf('--') >>> 0).includes('--json');
  const run = new Run(io, asJson);
  try {
    const program = await buildProgram(args, run);
    await program.parseAsync(commandLine(program, args), { from: 'user' });
    await run.written();
    return run.exitCode;
  } catch (error) {
    return report(error, run, args);
  } finally {
    await run.close();
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

async function buildProgram(args: readonly string[], run: Run): Promise<Command> {
  const program = new Command('campaign')
    .description('Sends an email campaign from MySQL tables over SMTP.')
    .version(packageVersion(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void run.io.stdout.write(text),
      writeErr: (text) => void (run.asJson || run.io.stderr.write(text)),
      outputError: () => undefined,
    })
    .showSuggestionAfterError();
  const asked = args.filter((arg) => arg !== 'help').find((arg) => !arg.startsWith('-')) ?? '';
  const load = Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
  const modules = load
    ? [await load()]
    : await Promise.all(Object.values(COMMANDS).map((all) => all()));
  for (const module of modules) module.register(program, run.context);
  return program;
}

/**
 * `help` before the name of a command, of any depth, is `--help` behind it; a word that should name a command and does
 * not is left alone, for commander to say so and what it may have meant, help asked for or not.
 * @throws CampaignError USAGE for a name in capitals
 */
function commandLine(program: Command, args: readonly string[]): string[] {
  let command = program;
  let asksHelp = false;
  const path: string[] = [];
  for (const word of args.filter((arg) => !arg.startsWith('-'))) {
    if (command.commands.length === 0) break;
    if (word === 'help') {
      asksHelp = true;
      continue;
    }
    path.push(word);
    const named = command.commands.find((known) => known.name() === word.toLowerCase());
    if (!named) return path;
    if (named.name() !== word) {
      const help = `see \`campaign ${path.slice(0, -1).concat('--help').join(' ')}\``;
      const message = `unknown command '${word}'; did you mean ${named.name()}?`;
      throw new CampaignError('USAGE', message, help);
    }
    command = named;
  }
  return asksHelp ? [...path, '--help'] : [...args];
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What one command line holds open: settings, database, signals, streams. */
class Run {
  exitCode: number = EXIT.ok;
  readonly context: Context;
  private readonly abort = new AbortController();
  private outputError: Error | undefined;
  private heedsSignals = false;
  private readonly dumb: boolean;
  private settings: Settings | undefined;
  readonly workspace = new OwnWorkspace({
    actor: actorName(),
    address: () => this.databaseAddress(),
  });

  constructor(
    readonly io: Io,
    readonly asJson: boolean,
  ) {
    const run = this;
    const { color, dumb } = appearance(io.env);
    this.dumb = dumb;
    this.context = {
      settings: () => run.readSettings(),
      workspace: this.workspace,
      stdout: io.stdout,
      stderr: io.stderr,
      stdin: io.stdin,
      get signal() {
        run.heedsSignals = true;
        return run.abort.signal;
      },
      setExitCode: (code) => {
        run.exitCode = code;
      },
      color: io.stdout.isTTY === true && color,
      dumb,
    };
    for (const signal of SIGNALS) process.on(signal, this.onSignal);
    io.stdout.on('error', this.onOutputError);
    io.stderr.on('error', ignore);
  }

  async close(): Promise<void> {
    await this.workspace.close();
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
    if (this.abort.signal.reason === 'SIGHUP' && this.io.stdin.isTTY) dieOfHangup();
    // The output listeners stay: a broken pipe may show after the last write.
  }

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const again = this.abort.signal.aborted;
    if (this.heedsSignals && !again) {
      this.abort.abort(signal);
      return;
    }
    // A closed terminal may say so twice.
    if (signal === 'SIGHUP' && again) return;
    if (signal === 'SIGHUP') {
      process.off('SIGHUP', this.onSignal);
      dieOfHangup();
      return;
    }
    // A question or a bar may have hidden the cursor, a bar turned off the breaking of lines.
    if (this.io.stderr.isTTY && !this.dumb) this.io.stderr.write('\x1b[?25h\x1b[?7h');
    process.exit(signalExit(signal));
  };

  /**
   * Resolves when all output has been written.
   * @throws CampaignError BAD_FILE when it could not be
   */
  async written(): Promise<void> {
    await new Promise((resolve) => this.io.stdout.write('', resolve));
    if (!this.outputError) return;
    throw new CampaignError(
      'BAD_FILE',
      `the output cannot be written: ${this.outputError.message}`,
      'make room, or write it elsewhere; what the command did stays done, as `campaign list` shows',
    );
  }

  /** Nobody reads any more (`… | head`): end as if all had been read. */
  private readonly onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') {
      this.outputError ??= error;
      return;
    }
    if (!this.heedsSignals) process.exit(EXIT.ok);
    this.abort.abort('EPIPE');
  };

  private readSettings(): Settings {
    this.settings ??= loadSettings(this.io.env, this.io.cwd, findSandbox);
    return this.settings;
  }

  private databaseAddress(): DatabaseAddress {
    const settings = this.readSettings();
    const address = settings.database;
    if (settings.source === 'sandbox') {
      this.io.stderr.write(`campaign: using the sandbox in ${settings.sandboxDirectory}\n`);
    }
    return address;
  }
}

const ignore = (): void => undefined;

/** An exit of Node's own would set a terminal back that is gone, and abort. */
const dieOfHangup = (): boolean => process.kill(process.pid, 'SIGHUP');

/** `user@host`; the number of a user without a name. */
function actorName(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}

/** Tells the user what went wrong, once, and says which exit code that is. */
function report(error: unknown, run: Run, args: readonly string[]): number {
  const known = asCampaignError(error, run, args);
  if (known === undefined) return EXIT.ok;
  const { stderr, env } = run.io;
  if (run.asJson) {
    stderr.write(jsonLine(errorJson(known)));
  } else {
    stderr.write(`campaign: ${printableLines(known.message)}\n`);
    if (known.remedy) stderr.write(`${printableLines(known.remedy)}\n`);
  }
  if (appearance(env).stackTraces && known.cause instanceof Error)
    stderr.write(`${known.cause.stack}\n`);
  return known.exitCode;
}

const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** What is wrong with the dashes of an option that was not taken for one. */
function dashHint(args: readonly string[]): string {
  const single = args.find((arg) => /^-[a-z]{2}/i.test(arg));
  if (single) return `; options have two dashes: -${single}`;
  const typeset = args.find((arg) => /^[\u2010-\u2015\u2212]/.test(arg));
  return typeset ? `; "${typeset}" begins with a dash that is no hyphen: write --` : '';
}

/** Undefined for what is no error: help and version were shown. */
function asCampaignError(
  error: unknown,
  run: Run,
  args: readonly string[],
): CampaignError | undefined {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    const command = args.find((arg) => Object.hasOwn(COMMANDS, arg));
    const help = `see \`campaign ${command ? `${command} ` : ''}--help\``;
    if (error.code === 'commander.help') {
      return new CampaignError('USAGE', 'no command given', help);
    }
    const message = error.message
      .replace(/^error: /, '')
      .replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean $1?');
    return new CampaignError('USAGE', message.replace(/\.?$/, dashHint(args) || '$&'), help);
  }
  const explained = run.workspace.explain(error);
  if (explained instanceof CampaignError) return explained;
  const message = explained instanceof Error ? explained.message : String(explained);
  return new CampaignError(
    'INTERNAL',
    message || 'unexpected error',
    'this is a fault of campaign; CAMPAIGN_DEBUG=1 shows where it happened',
    { cause: explained },
  );
}
