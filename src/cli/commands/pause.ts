import { defineCommand } from '../command.js';
import { anyText, sendToMove } from '../readers.js';

export default defineCommand({
  name: 'pause',
  summary: 'stop handing out messages within a second; `resume` goes on',
  arguments: { id: sendToMove('pause') },
  options: { reason: anyText({ help: 'why, for `progress` and the events' }) },
  prints: 'progress',
  json: 'print the progress after the change as JSON',
  errors: ['NO_SUCH_SEND', 'WRONG_STATE'],
  examples: [
    [
      'campaign pause 42 --reason "typo in the subject"',
      'and `campaign resume 42` when it is mended',
    ],
  ],
  run: async ({ id, reason }, context) => {
    const { pause } = await import('../../operations/pause.js');
    const { changed, progress } = await pause(context.workspace, { id, reason });
    if (!changed) context.notice(`send ${id} is paused already`);
    return progress;
  },
});
