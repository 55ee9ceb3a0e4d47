import { type Command, Option } from 'commander';
import { checkAddress } from '../../domain/address.js';
import { plural } from '../../domain/text.js';
import { CampaignError } from '../../errors.js';
import type { Database } from '../../store/mysql/database.js';
import type { Selection, Settled } from '../../store/recipients/settle.js';
import { sendId } from '../arguments.js';
import { confirm } from '../confirm.js';
import type { Context } from '../context.js';
import { noSuchSend, wrongState } from '../refusals.js';
import { showProgress } from '../show-progress.js';

interface Options {
  as?: 'sent' | 'pending' | 'failed';
  email?: string;
  fromMaillog?: string;
  absent?: 'pending';
  yes?: boolean;
  json?: boolean;
}

/** `campaign resolve <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('resolve')
    .description(
      'settle recipients of whom it is unknown whether the server accepted their message',
    )
    .argument('<id>', 'number of the send', sendId)
    .addOption(
      new Option('--as <status>', 'what they are to be')
        .choices(['sent', 'pending', 'failed'])
        .conflicts(['fromMaillog', 'absent']),
    )
    .addOption(new Option('--email <address>', 'only this one').conflicts('fromMaillog'))
    .option(
      '--from-maillog <file>',
      "those that the relay's log (Postfix, Exim; - for stdin) shows as accepted",
    )
    .addOption(
      new Option(
        '--absent <status>',
        'with a log: also those that it covers and does not name',
      ).choices(['pending']),
    )
    .option('--yes', 'do not ask')
    .option('--json', 'print the progress after the change as JSON')
    .action((id: number, options: Options) => resolve(context, id, options));
}

async function resolve(context: Context, id: number, options: Options): Promise<void> {
  if (!options.as === !options.fromMaillog) {
    throw new CampaignError(
      'USAGE',
      'resolve needs to know what the recipients are to be',
      'give --as sent, --as pending, --as failed, or --from-maillog <file>',
    );
  }
  const { readSend } = await import('../../store/sends/row.js');
  const database = await context.database();
  const send = await readSend(database, id);
  if (!send) throw noSuchSend(id);
  if ((options.as === 'pending' || options.absent) && send.status === 'cancelled') {
    throw wrongState(id, send.status, 'sent to again');
  }
  if (options.fromMaillog !== undefined) {
    const { resolveFromLog } = await import('../resolve-from-log.js');
    await resolveFromLog(context, database, id, { ...options, file: options.fromMaillog });
  } else if (options.as) {
    await resolveAs(context, database, id, options.as, options);
  }
  await showProgress(context, database, id, options.json);
}

async function resolveAs(
  context: Context,
  database: Database,
  id: number,
  to: 'sent' | 'pending' | 'failed',
  options: Options,
): Promise<void> {
  const { countSelected, settleSelected } = await import('../../store/recipients/settle.js');
  const selection: Selection =
    options.email === undefined
      ? { from: 'unknown' }
      : { from: 'unknown', seq: await findUnknown(database, id, options.email) };
  const { free, held } = await countSelected(database, id, selection);
  if (free === 0) throw nothingToResolve(id, held);
  if (to === 'pending') {
    const whom = options.email ?? `${plural(free, 'recipient')} of send ${id}`;
    await confirm(
      context,
      `${whom} may have got the message already, and may get a second copy`,
      options.yes,
    );
  }
  const text = to === 'pending' ? undefined : `resolved as ${to} by ${context.actor}`;
  const settle = { from: 'unknown', to, event: 'resolved', actor: context.actor } as const;
  const settled = await settleSelected(database, id, settle, selection, text);
  tell(context, id, settled, to, options.json);
}

function tell(
  context: Context,
  id: number,
  settled: Settled | undefined,
  to: string,
  json: boolean | undefined,
): void {
  if (!settled) throw noSuchSend(id);
  if ('refused' in settled) throw wrongState(id, settled.refused, 'sent to again');
  if (json) return;
  const running = settled.reopened ? '; the send is running again' : '';
  context.stderr.write(
    `${plural(settled.changed, 'recipient is', 'recipients are')} ${to} now${running}\n`,
  );
}

/** @returns SEQ of an address whose row is unknown */
async function findUnknown(database: Database, id: number, email: string): Promise<number> {
  const address = checkAddress(email.trim());
  if (!address.ok) {
    throw new CampaignError(
      'BAD_ADDRESS',
      `--email ${email}: ${address.reason}`,
      'give one address',
    );
  }
  const { findRecipient } = await import('../../store/recipients/pages.js');
  const row = await findRecipient(database, id, address.norm);
  if (!row) {
    throw new CampaignError(
      'NO_SUCH_RECIPIENT',
      `${email} is not in send ${id}`,
      `see \`campaign recipients ${id} --status unknown\``,
    );
  }
  if (row.status === 'unknown') return row.seq;
  throw new CampaignError(
    'WRONG_STATE',
    `${email} is ${row.status} in send ${id}, not unknown`,
    row.status === 'failed'
      ? `\`campaign retry ${id}\` tries failed recipients anew`
      : 'there is nothing to resolve',
  );
}

function nothingToResolve(id: number, held: number): CampaignError {
  return held > 0
    ? new CampaignError(
        'WRONG_STATE',
        `a running batch of send ${id} still holds its ${plural(held, 'unknown recipient')}`,
        'try again when the batch has ended',
      )
    : new CampaignError(
        'WRONG_STATE',
        `send ${id} has no unknown recipients`,
        'there is nothing to resolve',
      );
}
