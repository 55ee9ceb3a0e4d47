import { type Command, InvalidArgumentError, Option } from 'commander';
import { plural } from '../../domain/text.js';
import { CampaignError } from '../../errors.js';
import type { CodeFilter, Selection } from '../../store/recipients/settle.js';
import { sendId } from '../arguments.js';
import { confirm } from '../confirm.js';
import type { Context } from '../context.js';
import { noSuchSend, wrongState } from '../refusals.js';
import { showProgress } from '../show-progress.js';

interface Options {
  failed?: boolean;
  unknown?: boolean;
  code?: CodeFilter;
  yes?: boolean;
  json?: boolean;
}

/** `campaign retry <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('retry')
    .description('put failed (or unknown) recipients back to pending, to be tried anew')
    .argument('<id>', 'number of the send', sendId)
    .addOption(new Option('--failed', 'failed recipients (the default)').conflicts('unknown'))
    .option('--unknown', 'unknown recipients: some may get a second copy')
    .option(
      '--code <code>',
      'only those answered with 4xx, 5xx, a code (550) or an enhanced one (5.1.1)',
      parseCode,
    )
    .option('--yes', 'do not ask')
    .option('--json', 'print the progress after the change as JSON')
    .action((id: number, options: Options) => retry(context, id, options));
}

async function retry(context: Context, id: number, options: Options): Promise<void> {
  const [{ countSelected, settleSelected }, { readSend }] = await Promise.all([
    import('../../store/recipients/settle.js'),
    import('../../store/sends/row.js'),
  ]);
  const database = await context.database();
  const from = options.unknown ? 'unknown' : 'failed';
  const selection: Selection = { from, ...(options.code ? { code: options.code } : {}) };
  const send = await readSend(database, id);
  if (!send) throw noSuchSend(id);
  if (send.status === 'cancelled' || send.status === 'importing') {
    throw wrongState(id, send.status, 'retried');
  }
  const { free, held } = await countSelected(database, id, selection);
  if (free === 0) throw nothingFits(id, from, options.code !== undefined, held);
  if (from === 'unknown') {
    const consequence = `${plural(free, 'recipient')} of send ${id} may have got the message already, and may get a second copy`;
    await confirm(context, consequence, options.yes);
  }
  const settle = { from, to: 'pending', event: 'retried', actor: context.actor } as const;
  const settled = await settleSelected(database, id, settle, selection);
  if (!settled) throw noSuchSend(id);
  if ('refused' in settled) throw wrongState(id, settled.refused, 'retried');
  if (!options.json) {
    const running = settled.reopened ? '; the send is running again' : '';
    context.stderr.write(
      `${plural(settled.changed, 'recipient is', 'recipients are')} pending again${running}\n`,
    );
  }
  await showProgress(context, database, id, options.json);
}

function nothingFits(id: number, from: string, filtered: boolean, held: number): CampaignError {
  if (held > 0) {
    return new CampaignError(
      'WRONG_STATE',
      `a running batch still holds ${plural(held, `${from} recipient`)} of send ${id}`,
      'try again when the batch has ended',
    );
  }
  return new CampaignError(
    'WRONG_STATE',
    `send ${id} has no ${from} recipients${filtered ? ' with that code' : ''}`,
    `see \`campaign recipients ${id} --status ${from}\``,
  );
}

function parseCode(text: string): CodeFilter {
  if (/^[45]xx$/i.test(text)) return { class: text.startsWith('4') ? 400 : 500 };
  if (/^[2-5]\d\d$/.test(text)) return { code: Number(text) };
  if (/^[245]\.\d{1,3}\.\d{1,3}$/.test(text)) return { enhanced: text };
  throw new InvalidArgumentError('It must be 4xx, 5xx, a code such as 550 or one such as 5.1.1.');
}
