import type { Command } from 'commander';
import { sandboxJson } from '../../contract/sandbox.js';
import type { SandboxStatus } from '../../domain/sandbox.js';
import { signalExit } from '../../errors.js';
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
    const { startSandbox } = await import('../../operations/sandbox.js');
    // Heeded from here on: cut short, a start would leave servers that nobody knows of.
    const { signal } = context;
    const result = await startSandbox({ directory: directory(), signal });
    if (!result) {
      context.setExitCode(signalExit(signal.reason));
      return;
    }
    const { started, status } = result;
    context.stderr.write(started ? 'sandbox started\n' : 'the sandbox was running already\n');
    print(context, status, options);
  });
  add('stop', 'stop both; mail and data stay', async (options) => {
    const { stopSandbox } = await import('../../operations/sandbox.js');
    const { stopped, status } = await stopSandbox({ directory: directory() });
    context.stderr.write(stopped ? 'sandbox stopped\n' : 'the sandbox was not running\n');
    if (options.json) print(context, status, options);
  });
  add('status', 'say whether it runs, where, and how much mail it has kept', async (options) => {
    const { sandboxStatus } = await import('../../operations/sandbox.js');
    print(context, await sandboxStatus({ directory: directory() }), options);
  });
  add('reset', 'delete the captured mail and every send', async (options) => {
    const { resetSandbox } = await import('../../operations/sandbox.js');
    const consequence = `this deletes all sends and captured mail of the sandbox in ${directory()}`;
    await confirm(context, consequence, options.yes);
    const status = await resetSandbox({ directory: directory() });
    context.stderr.write('sandbox emptied\n');
    if (options.json) print(context, status, options);
  }).option('--yes', 'do not ask');
}

function print(context: Context, status: SandboxStatus, options: Options): void {
  context.stdout.write(options.json ? jsonLine(sandboxJson(status)) : sandboxLines(status));
}
