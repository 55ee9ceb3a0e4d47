import type { Command } from 'commander';
import { sendId } from '../arguments.js';
import type { Context } from '../context.js';
import { showProgress } from '../show-progress.js';

interface Options {
  reason?: string;
  json?: boolean;
}

/** `campaign pause <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('pause')
    .description('stop handing out messages within a second; `resume` goes on')
    .argument('<id>', 'number of the send', sendId)
    .option('--reason <text>', 'why, for `progress` and the events')
    .option('--json', 'print the progress after the change as JSON')
    .action(async (id: number, options: Options) => {
      const { pause } = await import('../../operations/pause.js');
      const { changed, progress } = await pause(context.workspace, { id, reason: options.reason });
      if (!changed && !options.json) context.stderr.write(`send ${id} is paused already\n`);
      await showProgress(context, progress, options.json);
    });
}
