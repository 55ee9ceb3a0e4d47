import type { Command } from 'commander';
import { count } from '../../domain/text.js';
import { sendId } from '../arguments.js';
import { confirm } from '../confirm.js';
import type { Context } from '../context.js';
import { noSuchSend, wrongState } from '../refusals.js';
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
      const [{ cancel }, { readSend }, { pendingOf }] = await Promise.all([
        import('../../store/sends/lifecycle.js'),
        import('../../store/sends/row.js'),
        import('../../domain/progress.js'),
      ]);
      const database = await context.database();
      const send = await readSend(database, id);
      if (!send) throw noSuchSend(id);
      if (send.status === 'completed') throw wrongState(id, send.status, 'cancel');
      if (send.status !== 'cancelled') {
        const left =
          send.status === 'importing' ? 'its import' : `${count(pendingOf(send))} pending`;
        await confirm(context, `Cancelling send ${id} (${left}) is final`, options.yes);
      }
      const result = await cancel(database, id, context.actor, options.reason);
      if (!result) throw noSuchSend(id);
      if (!result.done && result.status !== 'cancelled')
        throw wrongState(id, result.status, 'cancel');
      if (!result.done && !options.json) context.stderr.write(`send ${id} is cancelled already\n`);
      await showProgress(context, database, id, options.json);
    });
}
