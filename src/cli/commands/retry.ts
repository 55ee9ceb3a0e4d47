import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CodeFilter, parseCodeFilter } from '../../domain/code-filter.js';
import { plural } from '../../domain/text.js';
import { sendId } from '../arguments.js';
import { confirm } from '../confirm.js';
import type { Context } from '../context.js';
import { showProgress } from '../show-progress.js';

interface Options {
  failed?: boolean;
  unknown?: boolean;
  code?: CodeFilter;
  yes?: boolean;
  json?: boolean;
}

/** `campaign retry <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('retry')
    .description('put failed (or unknown) recipients back to pending, to be tried anew')
    .argument('<id>', 'number of the send', sendId)
    .addOption(new Option('--failed', 'failed recipients (the default)').conflicts('unknown'))
    .option('--unknown', 'unknown recipients: some may get a second copy')
    .option(
      '--code <code>',
      'only those answered with 4xx, 5xx, a code (550) or an enhanced one (5.1.1)',
      readCode,
    )
    .option('--yes', 'do not ask')
    .option('--json', 'print the progress after the change as JSON')
    .action((id: number, options: Options) => retryRecipients(context, id, options));
}

async function retryRecipients(context: Context, id: number, options: Options): Promise<void> {
  const { retry } = await import('../../operations/retry.js');
  const { recipients, reopened, progress } = await retry(context.workspace, {
    id,
    from: options.unknown ? 'unknown' : 'failed',
    code: options.code,
    confirm: (count) =>
      confirm(
        context,
        `${plural(count, 'recipient')} of send ${id} may have got the message already, and may get a second copy`,
        options.yes,
      ),
  });
  if (!options.json) {
    const running = reopened ? '; the send is running again' : '';
    context.stderr.write(
      `${plural(recipients, 'recipient is', 'recipients are')} pending again${running}\n`,
    );
  }
  await showProgress(context, progress, options.json);
}

function readCode(text: string): CodeFilter {
  const code = parseCodeFilter(text);
  if (code) return code;
  throw new InvalidArgumentError('It must be 4xx, 5xx, a code such as 550 or one such as 5.1.1.');
}
