import { defineCommand } from '../command.js';
import { sendIn } from '../readers.js';

export default defineCommand({
  name: 'release',
  summary: 'free the claim of a scheduler that is known to be dead, at once',
  arguments: { id: sendIn('running', 'paused') },
  prints: 'progress',
  json: 'print the progress after the change as JSON',
  asks: true,
  errors: ['NO_SUCH_SEND', 'CONFIRMATION_NEEDED'],
  examples: [['campaign release 42', 'says who holds send 42 and what it costs, and asks']],
  run: async ({ id }, context) => {
    const [{ release }, { printable }] = await Promise.all([
      import('../../operations/release.js'),
      import('../../view/printable.js'),
    ]);
    const { changed, heldBy, progress } = await release(context.workspace, {
      id,
      confirm: ({ by, sending, seenSecondsAgo }) => {
        const seen = seenSecondsAgo === null ? 'not seen lately' : `seen ${seenSecondsAgo} s ago`;
        return context.confirm(
          `Send ${id} is held by ${printable(by)}, ${seen}. If that is dead, releasing costs this: its messages in flight ` +
            `(${sending} now) become unknown, and are not sent again unless you say so. If it lives, it goes on with those ` +
            'on the wire, which you must not resolve as pending',
        );
      },
    });
    if (!changed) {
      const when = heldBy === null ? '' : ' any more';
      context.notice(`send ${id} is not held by ${heldBy ?? 'anybody'}${when}`);
    }
    return progress;
  },
});
