import type { Command } from 'commander';
import { signalExit } from '../../errors.js';
import type { SandboxStatus } from '../../sandbox/sandbox.js';
import { sandboxLines } from '../../view/sandbox.js';
import { confirm } from '../confirm.js';
import type { Context } from '../context.js';
import { jsonLine } from '../output.js';

interface Options {
  json?: boolean;
  yes?: boolean;
}

/** `campaign sandbox start|stop|status|reset`. */
export function register(program: Command, context: Context): void {
  const sandbox = program
    .command('sandbox')
    .description('a private database and a capturing SMTP server, to try things without harm');
  const directory = (): string => context.settings().sandboxDirectory;
  const add = (name: string, description: string, run: (options: Options) => Promise<void>) =>
    sandbox
      .command(name)
      .description(description)
      .option('--json', 'print the status as JSON')
      .action(run);

  add('start', 'start what is not running of the two servers', async (options) => {
    const { startSandbox, stopSandbox } = await import('../../sandbox/sandbox.js');
    // Heeded from here on: cut short, a start would leave servers that nobody knows of.
    const { signal } = context;
    const { started, status } = await startSandbox(directory());
    if (signal.aborted) {
      if (started) await stopSandbox(directory());
      context.setExitCode(signalExit(signal.reason));
      return;
    }
    context.stderr.write(started ? 'sandbox started\n' : 'the sandbox was running already\n');
    print(context, status, options);
  });
  add('stop', 'stop both; mail and data stay', async (options) => {
    const { sandboxStatus, stopSandbox } = await import('../../sandbox/sandbox.js');
    const stopped = await stopSandbox(directory());
    context.stderr.write(stopped ? 'sandbox stopped\n' : 'the sandbox was not running\n');
    if (options.json) print(context, await sandboxStatus(directory()), options);
  });
  add('status', 'say whether it runs, where, and how much mail it has kept', async (options) => {
    const { sandboxStatus } = await import('../../sandbox/sandbox.js');
    print(context, await sandboxStatus(directory()), options);
  });
  add('reset', 'delete the captured mail and every send', async (options) => {
    const { resetSandbox, sandboxStatus } = await import('../../sandbox/sandbox.js');
    const consequence = `this deletes all sends and captured mail of the sandbox in ${directory()}`;
    await confirm(context, consequence, options.yes);
    await resetSandbox(directory());
    context.stderr.write('sandbox emptied\n');
    if (options.json) print(context, await sandboxStatus(directory()), options);
  }).option('--yes', 'do not ask');
}

function print(context: Context, status: SandboxStatus, options: Options): void {
  context.stdout.write(options.json ? jsonLine(status) : sandboxLines(status));
}
