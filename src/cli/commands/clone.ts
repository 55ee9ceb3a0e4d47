import { RECIPIENT_STATUSES } from '../../domain/states.js';
import { defineCommand } from '../command.js';
import { choice, flag, sendId } from '../readers.js';
import { queueOptionsAsGiven } from './message-options.js';
import queue from './queue.js';

export default defineCommand({
  name: 'clone',
  summary:
    'queue a send’s message anew, with its pacing and topic, for another list or some of its own',
  arguments: { id: sendId },
  options: {
    ...queueOptionsAsGiven,
    sameList: flag('to recipients of the send itself: those of --status', { conflicts: ['list'] }),
    status: choice(
      RECIPIENT_STATUSES.filter((status) => status !== 'sending'),
      { help: 'with --same-list: only these, such as pending of a cancelled send' },
    ),
  },
  tellsUnfit: 'as-remedy',
  prints: 'queue',
  json: 'print the result as JSON',
  asks: true,
  errors: ['NO_SUCH_SEND', 'NO_SUCH_RECIPIENT', ...queue.errors],
  examples: [
    ['campaign clone 42 --list more.csv', 'the same message to others'],
    [
      'campaign clone 42 --same-list --status pending --subject "Hello again"',
      'whom a cancelled send had not mailed',
    ],
  ],
  run: async ({ id, sameList, status, ...given }, context) => {
    const { cloneSend } = await import('../clone.js');
    return cloneSend({ id, sameList, status }, given, context);
  },
});
