import type { Command } from 'commander';
import { count } from '../../domain/text.js';
import { sendId } from '../arguments.js';
import { confirm } from '../confirm.js';
import type { Context } from '../context.js';
import { showProgress } from '../show-progress.js';

interface Options {
  reason?: string;
  yes?: boolean;
  json?: boolean;
}

/** `campaign cancel <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('cancel')
    .description('end a send for good; what is pending is never sent')
    .argument('<id>', 'number of the send', sendId)
    .option('--reason <text>', 'why, for the events')
    .option('--yes', 'do not ask')
    .option('--json', 'print the progress after the change as JSON')
    .action(async (id: number, options: Options) => {
      const [{ cancel }, { pendingOf }] = await Promise.all([
        import('../../operations/cancel.js'),
        import('../../domain/progress.js'),
      ]);
      const { changed, progress } = await cancel(context.workspace, {
        id,
        reason: options.reason,
        confirm: (send) => {
          const left =
            send.status === 'importing' ? 'its import' : `${count(pendingOf(send))} pending`;
          return confirm(context, `Cancelling send ${id} (${left}) is final`, options.yes);
        },
      });
      if (!changed && !options.json) context.stderr.write(`send ${id} is cancelled already\n`);
      await showProgress(context, progress, options.json);
    });
}
