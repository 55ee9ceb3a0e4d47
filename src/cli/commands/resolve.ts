import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import type { Progress } from '../../domain/progress.js';
import { count, plural } from '../../domain/text.js';
import { CampaignError } from '../../errors.js';
import { sendId } from '../arguments.js';
import { confirm } from '../confirm.js';
import type { Context } from '../context.js';
import { showProgress } from '../show-progress.js';

interface Options {
  as?: 'sent' | 'pending' | 'failed';
  email?: string;
  fromMaillog?: string;
  absent?: 'pending';
  yes?: boolean;
  json?: boolean;
}

/** `campaign resolve <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('resolve')
    .description(
      'settle recipients of whom it is unknown whether the server accepted their message',
    )
    .argument('<id>', 'number of the send', sendId)
    .addOption(
      new Option('--as <status>', 'what they are to be')
        .choices(['sent', 'pending', 'failed'])
        .conflicts(['fromMaillog', 'absent']),
    )
    .addOption(new Option('--email <address>', 'only this one').conflicts('fromMaillog'))
    .option(
      '--from-maillog <file>',
      "those that the relay's log (Postfix, Exim; - for stdin) shows as accepted",
    )
    .addOption(
      new Option(
        '--absent <status>',
        'with a log: also those that it covers and does not name',
      ).choices(['pending']),
    )
    .option('--yes', 'do not ask')
    .option('--json', 'print the progress after the change as JSON')
    .action((id: number, options: Options) => resolve(context, id, options));
}

async function resolve(context: Context, id: number, options: Options): Promise<void> {
  if (!options.as === !options.fromMaillog) {
    throw new CampaignError(
      'USAGE',
      'resolve needs to know what the recipients are to be',
      'give --as sent, --as pending, --as failed, or --from-maillog <file>',
    );
  }
  const progress =
    options.fromMaillog === undefined
      ? await resolveAs(context, id, options.as as 'sent' | 'pending' | 'failed', options)
      : await resolveFromLog(context, id, options.fromMaillog, options);
  await showProgress(context, progress, options.json);
}

async function resolveAs(
  context: Context,
  id: number,
  as: 'sent' | 'pending' | 'failed',
  { email, yes, json }: Options,
): Promise<Progress> {
  const operation = await import('../../operations/resolve.js');
  const { recipients, reopened, progress } = await operation.resolve(context.workspace, {
    id,
    as,
    email,
    confirm: (count) => {
      const whom = email ?? `${plural(count, 'recipient')} of send ${id}`;
      return confirm(
        context,
        `${whom} may have got the message already, and may get a second copy`,
        yes,
      );
    },
  });
  if (!json) {
    const running = reopened ? '; the send is running again' : '';
    context.stderr.write(
      `${plural(recipients, 'recipient is', 'recipients are')} ${as} now${running}\n`,
    );
  }
  return progress;
}

async function resolveFromLog(
  context: Context,
  id: number,
  file: string,
  { absent, yes, json }: Options,
): Promise<Progress> {
  const operation = await import('../../operations/resolve-from-log.js');
  const { sent, pending, unknown, progress } = await operation.resolveFromLog(context.workspace, {
    id,
    log: openLog(context, file),
    name: file === '-' ? 'what stdin brought' : file,
    absent,
    confirm: (recipients) =>
      confirm(
        context,
        `${plural(recipients, 'recipient')} of send ${id} ${recipients === 1 ? 'is' : 'are'} not in the log and will be tried again; should the log be incomplete, they may get a second copy`,
        yes,
      ),
  });
  if (!json) {
    context.stderr.write(
      `${plural(sent, 'recipient is', 'recipients are')} sent now, ${count(pending)} pending again, ${count(unknown)} still unknown\n`,
    );
  }
  return progress;
}

async function* openLog(context: Context, file: string): AsyncGenerator<Uint8Array | string> {
  const source: Readable = file === '-' ? context.stdin : createReadStream(file);
  try {
    yield* source;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new CampaignError(
      'BAD_FILE',
      `${file} cannot be read: ${(error as Error).message}`,
      'name a file that can be read, or - for stdin',
    );
  }
}
