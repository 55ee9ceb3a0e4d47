import type { Command } from 'commander';
import { sendId } from '../arguments.js';
import type { Context } from '../context.js';
import { noSuchSend, wrongState } from '../refusals.js';
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
      const { pause } = await import('../../store/sends/lifecycle.js');
      const database = await context.database();
      const result = await pause(database, id, context.actor, options.reason);
      if (!result) throw noSuchSend(id);
      if (!result.done && result.status !== 'paused') throw wrongState(id, result.status, 'pause');
      if (!result.done && !options.json) context.stderr.write(`send ${id} is paused already\n`);
      await showProgress(context, database, id, options.json);
    });
}
