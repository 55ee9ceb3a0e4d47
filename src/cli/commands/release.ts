import type { Command } from 'commander';
import { sendId } from '../arguments.js';
import { confirm } from '../confirm.js';
import type { Context } from '../context.js';
import { showProgress } from '../show-progress.js';

interface Options {
  yes?: boolean;
  json?: boolean;
}

/** `campaign release <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('release')
    .description('free the claim of a scheduler that is known to be dead, at once')
    .argument('<id>', 'number of the send', sendId)
    .option('--yes', 'do not ask')
    .option('--json', 'print the progress after the change as JSON')
    .action(async (id: number, options: Options) => {
      const [{ release }, { printable }] = await Promise.all([
        import('../../operations/release.js'),
        import('../../view/printable.js'),
      ]);
      const { changed, heldBy, progress } = await release(context.workspace, {
        id,
        confirm: ({ by, sending, seenSecondsAgo }) => {
          const seen = seenSecondsAgo === null ? 'not seen lately' : `seen ${seenSecondsAgo} s ago`;
          return confirm(
            context,
            `Send ${id} is held by ${printable(by)}, ${seen}. If that is dead, releasing costs this: its messages in flight ` +
              `(${sending} now) become unknown, and are not sent again unless you say so. If it lives, it goes on with those ` +
              'on the wire, which you must not resolve as pending',
            options.yes,
          );
        },
      });
      if (!changed && !options.json) {
        const when = heldBy === null ? '' : ' any more';
        context.stderr.write(`send ${id} is not held by ${heldBy ?? 'anybody'}${when}\n`);
      }
      await showProgress(context, progress, options.json);
    });
}
