import { PACING_LIMITS } from '../../domain/pacing.js';
import { defineCommand } from '../command.js';
import { write } from '../output.js';
import { sendIn, sendRate, wholeNumber } from '../readers.js';

export default defineCommand({
  name: 'controls',
  summary: 'show or change the pacing of a send, live',
  arguments: { id: sendIn('running', 'paused') },
  options: {
    batchSize: wholeNumber({
      ...PACING_LIMITS.batchSize,
      help: 'messages a batch, from the next one on',
    }),
    delayMs: wholeNumber({
      ...PACING_LIMITS.delayMs,
      help: 'milliseconds between starts of messages',
    }),
    cooldownSeconds: wholeNumber({
      ...PACING_LIMITS.cooldownSeconds,
      help: 'seconds between batches',
    }),
    rate: sendRate({
      help: 'messages in a time, such as 5/s or 600/h, without a cooldown',
      conflicts: ['delayMs', 'cooldownSeconds'],
    }),
  },
  prints: 'progress',
  json: 'print the progress after the change as JSON',
  errors: ['NO_SUCH_SEND', 'WRONG_STATE'],
  examples: [
    ['campaign controls 42', 'shows them'],
    ['campaign controls 42 --rate 5/s', 'a message every 200 ms'],
    ['campaign controls 42 --batch-size 500 --cooldown-seconds 60', 'at most 500 a minute'],
  ],
  run: async ({ id, rate, ...given }, context) => {
    const { controls } = await import('../../operations/controls.js');
    const change = Object.fromEntries(
      Object.entries({ ...given, ...rate }).filter(([, value]) => value !== undefined),
    );
    const progress = await controls(context.workspace, { id, change });
    if (Object.keys(change).length > 0 || context.json) return progress;
    const { batchSize, delayMs, cooldownSeconds } = progress.send;
    await write(
      context.stdout,
      `batchSize: ${batchSize}\ndelayMs: ${delayMs}\ncooldownSeconds: ${cooldownSeconds}\n`,
    );
    return undefined;
  },
});
