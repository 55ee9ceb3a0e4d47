import { defineCommand } from '../command.js';
import { flag, sendId } from '../readers.js';

export default defineCommand({
  name: 'progress',
  summary: 'show how a send stands, why it waits, and when it ends',
  arguments: { id: sendId },
  options: {
    watch: flag('until the send has ended: a bar on a terminal, else a line a change'),
  },
  prints: 'progress',
  json: 'print JSON; with --watch an object a line',
  errors: ['NO_SUCH_SEND'],
  examples: [
    ['campaign progress 42 --watch', 'a bar; p pauses, r resumes, c cancels, q leaves'],
    ['campaign progress 42 --json', 'for a program'],
  ],
  run: async ({ id, watch }, context) => {
    if (!watch) {
      const { progress } = await import('../../operations/progress.js');
      return progress(context.workspace, { id });
    }
    const { watchProgress } = await import('../watch.js');
    await watchProgress(context, id);
    return undefined;
  },
});
