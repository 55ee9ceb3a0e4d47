import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Position, parseCursor } from '../../domain/recipient-page.js';
import { RECIPIENT_STATUSES, type RecipientStatus } from '../../domain/states.js';
import { sendId, wholeNumber } from '../arguments.js';
import type { Context } from '../context.js';
import { write } from '../output.js';
import { createRecipientPrinter } from '../recipient-printer.js';

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
    .option('--after <cursor>', 'the next page: `next` of the one before', readCursor)
    .option('--limit <n>', 'rows of a page', wholeNumber(1, 10_000), 100)
    .option('--all', 'all rows, as a stream; --limit does not count')
    .addOption(new Option('--csv', 'print CSV').conflicts('json'))
    .option('--json', 'print {"recipients": […], "next"}')
    .action((id: number, options: Options) => showRecipients(context, id, options));
}

async function showRecipients(context: Context, id: number, options: Options): Promise<void> {
  const { recipients } = await import('../../operations/recipients.js');
  const limit = options.all ? STREAM_PAGE : options.limit;
  const { status, after } = options;
  const pages = recipients(context.workspace, { id, status, after, limit });
  const printer = await createRecipientPrinter(context, options);
  let next: string | null = null;
  for await (const page of pages) {
    await write(context.stdout, printer.rows(page.rows));
    next = page.next;
    if (!options.all) break;
  }
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

function readCursor(text: string): Position {
  const position = parseCursor(text);
  if (position) return position;
  throw new InvalidArgumentError('It must be the cursor that the page before ended with.');
}
