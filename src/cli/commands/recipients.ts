import { type Command, InvalidArgumentError, Option } from 'commander';
import { RECIPIENT_STATUSES, type RecipientStatus } from '../../domain/states.js';
import type { Position } from '../../store/recipients/pages.js';
import type { RecipientView } from '../../view/recipients.js';
import { sendId, wholeNumber } from '../arguments.js';
import type { Context } from '../context.js';
import { write } from '../output.js';
import { createRecipientPrinter } from '../recipient-printer.js';
import { noSuchSend } from '../refusals.js';

interface Options {
  status?: RecipientStatus;
  after?: Position;
  limit: number;
  all?: boolean;
  csv?: boolean;
  json?: boolean;
}

const STREAM_PAGE = 2000;

/** `campaign recipients <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('recipients')
    .description("show a send's recipients and what became of each")
    .argument('<id>', 'number of the send', sendId)
    .addOption(new Option('--status <status>', 'only these').choices(RECIPIENT_STATUSES))
    .option('--after <cursor>', 'the next page: `next` of the one before', parseCursor)
    .option('--limit <n>', 'rows of a page', wholeNumber(1, 10_000), 100)
    .option('--all', 'all rows, as a stream; --limit does not count')
    .addOption(new Option('--csv', 'print CSV').conflicts('json'))
    .option('--json', 'print {"recipients": […], "next"}')
    .action((id: number, options: Options) => showRecipients(context, id, options));
}

async function showRecipients(context: Context, id: number, options: Options): Promise<void> {
  const [{ listRecipients }, { readSend }, { messageIds }] = await Promise.all([
    import('../../store/recipients/pages.js'),
    import('../../store/sends/row.js'),
    import('../message-ids.js'),
  ]);
  const database = await context.database();
  if (!(await readSend(database, id))) throw noSuchSend(id);
  const idOf = await messageIds(database, id);
  const printer = await createRecipientPrinter(context, options);
  const limit = options.all ? STREAM_PAGE : options.limit;
  let position = options.after ?? null;
  do {
    const page = await listRecipients(database, id, options.status, position, limit);
    const views = page.rows.map((row): RecipientView => ({ ...row, messageId: idOf(row) }));
    await write(context.stdout, printer.rows(views));
    position = page.next;
  } while (options.all && position);
  const next = position && formatCursor(position);
  await write(context.stdout, printer.end(next));
  if (next && !options.json) {
    const given = [
      ...(options.status === undefined ? [] : [`--status ${options.status}`]),
      ...(options.csv ? ['--csv'] : []),
      `--limit ${limit}`,
    ];
    context.stderr.write(`more: campaign recipients ${id} ${given.join(' ')} --after ${next}\n`);
  }
}

const formatCursor = ({ seq, dueAt }: Position): string =>
  dueAt ? `${seq}@${dueAt.getTime()}` : String(seq);

function parseCursor(text: string): Position {
  const [, seq, dueAt] = /^(\d{1,15})(?:@(\d{1,15}))?$/.exec(text) ?? [];
  if (seq === undefined) {
    throw new InvalidArgumentError('It must be the cursor that the page before ended with.');
  }
  return { seq: Number(seq), ...(dueAt === undefined ? {} : { dueAt: new Date(Number(dueAt)) }) };
}
