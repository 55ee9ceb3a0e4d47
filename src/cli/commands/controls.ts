import type { Command } from 'commander';
import { type Controls, PACING_LIMITS } from '../../domain/pacing.js';
import { sendId, wholeNumber } from '../arguments.js';
import type { Context } from '../context.js';
import { write } from '../output.js';
import { showProgress } from '../show-progress.js';

type Options = Partial<Controls> & { json?: boolean };

const within = (control: keyof Controls) =>
  wholeNumber(PACING_LIMITS[control].min, PACING_LIMITS[control].max);

/** `campaign controls <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('controls')
    .description('show or change the pacing of a send, live')
    .argument('<id>', 'number of the send', sendId)
    .option('--batch-size <n>', 'messages a batch, from the next one on', within('batchSize'))
    .option('--delay-ms <n>', 'milliseconds between starts of messages', within('delayMs'))
    .option('--cooldown-seconds <n>', 'seconds between batches', within('cooldownSeconds'))
    .option('--json', 'print the progress after the change as JSON')
    .action(async (id: number, { json, ...change }: Options) => {
      const { controls } = await import('../../operations/controls.js');
      const progress = await controls(context.workspace, { id, change });
      if (Object.keys(change).length > 0 || json) return showProgress(context, progress, json);
      const { batchSize, delayMs, cooldownSeconds } = progress.send;
      await write(
        context.stdout,
        `batchSize: ${batchSize}\ndelayMs: ${delayMs}\ncooldownSeconds: ${cooldownSeconds}\n`,
      );
    });
}
