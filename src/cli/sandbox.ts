import type { Command } from 'commander';
import { CampaignError } from '../errors.js';
import type { SandboxStatus } from '../sandbox/sandbox.js';
import type { Context } from './context.js';

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
    const { startSandbox } = await import('../sandbox/sandbox.js');
    const { started, status } = await startSandbox(directory());
    context.stderr.write(started ? 'sandbox started\n' : 'the sandbox was running already\n');
    print(context, status, options);
  });
  add('stop', 'stop both; mail and data stay', async (options) => {
    const { sandboxStatus, stopSandbox } = await import('../sandbox/sandbox.js');
    const stopped = await stopSandbox(directory());
    context.stderr.write(stopped ? 'sandbox stopped\n' : 'the sandbox was not running\n');
    if (options.json) print(context, await sandboxStatus(directory()), options);
  });
  add('status', 'say whether it runs, where, and how much mail it has kept', async (options) => {
    const { sandboxStatus } = await import('../sandbox/sandbox.js');
    print(context, await sandboxStatus(directory()), options);
  });
  add('reset', 'delete the captured mail and every send', async (options) => {
    const { resetSandbox, sandboxStatus } = await import('../sandbox/sandbox.js');
    if (!options.yes) await confirmReset(context, directory());
    await resetSandbox(directory());
    context.stderr.write('sandbox emptied\n');
    if (options.json) print(context, await sandboxStatus(directory()), options);
  }).option('--yes', 'do not ask');
}

/** @throws CampaignError CONFIRMATION_NEEDED off a terminal, and when the answer is no */
async function confirmReset(context: Context, directory: string): Promise<void> {
  const question = `Delete all sends and captured mail of the sandbox in ${directory}?`;
  if (!context.stdin.isTTY || !context.stderr.isTTY) {
    throw new CampaignError('CONFIRMATION_NEEDED', question, 'add --yes');
  }
  const { default: prompts } = await import('prompts');
  const { yes } = await prompts({
    type: 'confirm',
    name: 'yes',
    message: question,
    initial: false,
    stdin: context.stdin,
    stdout: context.stderr,
  });
  if (yes !== true) throw new CampaignError('CONFIRMATION_NEEDED', 'nothing was deleted');
}

function print(context: Context, status: SandboxStatus, options: Options): void {
  if (options.json) {
    context.stdout.write(`${JSON.stringify(status)}\n`);
    return;
  }
  const rows: [string, string][] = [
    ['running', status.running ? 'yes' : 'no (`campaign sandbox start` starts it)'],
    ['database', status.databaseUrl ?? '-'],
    ['SMTP', status.smtpUrl ?? '-'],
    ['captured mail', `${status.captured} in ${status.mail}`],
  ];
  for (const [name, value] of rows) context.stdout.write(`${name.padEnd(14)} ${value}\n`);
}
