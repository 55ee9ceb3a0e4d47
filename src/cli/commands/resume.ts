import { defineCommand } from '../command.js';
import { sendToMove } from '../readers.js';

export default defineCommand({
  name: 'resume',
  summary: 'go on with a paused send',
  arguments: { id: sendToMove('resume') },
  prints: 'progress',
  json: 'print the progress after the change as JSON',
  errors: ['NO_SUCH_SEND', 'WRONG_STATE'],
  examples: [['campaign resume 42', 'the next batch begins within seconds, if a scheduler runs']],
  run: async ({ id }, context) => {
    const { resume } = await import('../../operations/resume.js');
    const { changed, progress } = await resume(context.workspace, { id });
    if (!changed) context.notice(`send ${id} is running already`);
    return progress;
  },
});
