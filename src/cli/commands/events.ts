import { defineCommand } from '../command.js';
import { flag, sendId } from '../readers.js';
import { Live } from '../results.js';

export default defineCommand({
  name: 'events',
  summary: 'show who did what to a send, and when',
  arguments: { id: sendId },
  options: {
    follow: flag('wait for more until interrupted; with --json an object a line'),
  },
  prints: 'events',
  json: 'print an array of {"id","at","event","actor","reason","details"}',
  errors: ['NO_SUCH_SEND'],
  examples: [
    ['campaign events 42', 'all that happened to send 42, the oldest first'],
    ['campaign events 42 --follow', 'and what happens, until Ctrl-C'],
  ],
  run: async ({ id, follow }, context) => {
    const { events } = await import('../../operations/events.js');
    if (!follow) return events(context.workspace, { id });
    // While it is waited for, a signal ends the command as it ends any other.
    await context.workspace.database();
    return new Live(events(context.workspace, { id, follow: context.heedSignals() }));
  },
});
