import { defineCommand } from '../command.js';
import { anyText, sendToMove } from '../readers.js';

export default defineCommand({
  name: 'cancel',
  summary: 'end a send for good; what is pending is never sent',
  arguments: { id: sendToMove('cancel') },
  options: { reason: anyText({ help: 'why, for the events' }) },
  prints: 'progress',
  json: 'print the progress after the change as JSON',
  asks: true,
  errors: ['NO_SUCH_SEND', 'WRONG_STATE', 'CONFIRMATION_NEEDED'],
  examples: [
    ['campaign cancel 42', 'asks first'],
    ['campaign cancel 42 --yes --reason "wrong list"', 'in a script'],
  ],
  run: async ({ id, reason }, context) => {
    const [{ cancel }, { pendingOf }, { count }] = await Promise.all([
      import('../../operations/cancel.js'),
      import('../../domain/send.js'),
      import('../../domain/text.js'),
    ]);
    const { changed, progress } = await cancel(context.workspace, {
      id,
      reason,
      confirm: (send) => {
        const left =
          send.status === 'importing' ? 'its import' : `${count(pendingOf(send))} pending`;
        return context.confirm(`Cancelling send ${id} (${left}) is final`);
      },
    });
    if (!changed) context.notice(`send ${id} is cancelled already`);
    return progress;
  },
});
