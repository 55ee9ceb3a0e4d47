import type { Command } from 'commander';
import { type Controls, PACING_LIMITS } from '../../domain/pacing.js';
import { sendId, wholeNumber } from '../arguments.js';
import type { Context } from '../context.js';
import { write } from '../output.js';
import { noSuchSend, wrongState } from '../refusals.js';
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
      const database = await context.database();
      if (Object.keys(change).length === 0 && !json) return showControls(context, id);
      if (Object.keys(change).length > 0) {
        const { setControls } = await import('../../store/sends/lifecycle.js');
        const result = await setControls(database, id, context.actor, change);
        if (!result) throw noSuchSend(id);
        if (!result.done) throw wrongState(id, result.status, 'changed in its pacing');
      }
      await showProgress(context, database, id, json);
    });
}

async function showControls(context: Context, id: number): Promise<void> {
  const { readSend } = await import('../../store/sends/row.js');
  const send = await readSend(await context.database(), id);
  if (!send) throw noSuchSend(id);
  await write(
    context.stdout,
    `batchSize: ${send.batchSize}\ndelayMs: ${send.delayMs}\ncooldownSeconds: ${send.cooldownSeconds}\n`,
  );
}
