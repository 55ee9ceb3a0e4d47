import type { Command } from 'commander';
import { sendId } from '../arguments.js';
import type { Context } from '../context.js';
import { showProgress } from '../show-progress.js';

/** `campaign resume <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('resume')
    .description('go on with a paused send')
    .argument('<id>', 'number of the send', sendId)
    .option('--json', 'print the progress after the change as JSON')
    .action(async (id: number, options: { json?: boolean }) => {
      const { resume } = await import('../../operations/resume.js');
      const { changed, progress } = await resume(context.workspace, { id });
      if (!changed && !options.json) context.stderr.write(`send ${id} is running already\n`);
      await showProgress(context, progress, options.json);
    });
}
