import type { Command } from 'commander';
import { sendId } from '../arguments.js';
import type { Context } from '../context.js';
import { showProgress } from '../show-progress.js';

interface Options {
  watch?: boolean;
  json?: boolean;
}

/** `campaign progress <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('progress')
    .description('show how a send stands, why it waits, and when it ends')
    .argument('<id>', 'number of the send', sendId)
    .option('--watch', 'until the send has ended: a bar on a terminal, else a line a change')
    .option('--json', 'print JSON; with --watch an object a line')
    .action(async (id: number, options: Options) => {
      if (options.watch) {
        const { watchProgress } = await import('../watch.js');
        return watchProgress(context, id, options.json);
      }
      const { progress } = await import('../../operations/progress.js');
      await showProgress(context, await progress(context.workspace, { id }), options.json);
    });
}
