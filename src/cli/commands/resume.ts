import type { Command } from 'commander';
import { sendId } from '../arguments.js';
import type { Context } from '../context.js';
import { noSuchSend, wrongState } from '../refusals.js';
import { showProgress } from '../show-progress.js';

/** `campaign resume <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('resume')
    .description('go on with a paused send')
    .argument('<id>', 'number of the send', sendId)
    .option('--json', 'print the progress after the change as JSON')
    .action(async (id: number, options: { json?: boolean }) => {
      const { resume } = await import('../../store/sends/lifecycle.js');
      const database = await context.database();
      const result = await resume(database, id, context.actor);
      if (!result) throw noSuchSend(id);
      if (!result.done && result.status !== 'running')
        throw wrongState(id, result.status, 'resume');
      if (!result.done && !options.json) context.stderr.write(`send ${id} is running already\n`);
      await showProgress(context, database, id, options.json);
    });
}
