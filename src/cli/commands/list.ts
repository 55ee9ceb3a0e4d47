import { type Command, Option } from 'commander';
import { progressJson } from '../../contract/progress.js';
import { type Progress, SHOWN_STATUSES, type ShownStatus } from '../../domain/progress.js';
import { printable } from '../../view/printable.js';
import { sendId, wholeNumber } from '../arguments.js';
import type { Context } from '../context.js';
import { jsonLine, write } from '../output.js';

interface Options {
  status?: ShownStatus;
  before?: number;
  limit: number;
  json?: boolean;
}

/** `campaign list`. */
export function register(program: Command, context: Context): void {
  program
    .command('list')
    .description('show the sends, the newest first')
    .addOption(new Option('--status <status>', 'only these').choices(SHOWN_STATUSES))
    .option('--before <id>', 'only sends older than this one: the next page', sendId)
    .option('--limit <n>', 'how many at most', wholeNumber(1, 1000), 50)
    .option('--json', 'print an array of what `progress --json` prints')
    .action(async (options: Options) => {
      const { list } = await import('../../operations/list.js');
      const sends = await list(context.workspace, options);
      if (options.json) return write(context.stdout, jsonLine(sends.map(progressJson)));
      const now = sends[0]?.now;
      if (context.stdout.isTTY && now) {
        const { sendsTable } = await import('../../view/tables.js');
        await write(context.stdout, sendsTable(sends, { color: context.color ?? false, now }));
      } else {
        await write(context.stdout, sends.map(tabbed).join(''));
      }
      const last = sends.at(-1);
      if (!last) context.stderr.write('no sends\n');
      else if (sends.length === options.limit) {
        const status = options.status === undefined ? '' : ` --status ${options.status}`;
        const { limit } = options;
        context.stderr.write(
          `older ones: campaign list${status} --limit ${limit} --before ${last.send.id}\n`,
        );
      }
    });
}

/** id, name, status, sent, failed, unknown, skipped, pending, total, created, and what it waits for. */
const tabbed = ({ send, status, pending, waiting }: Progress): string =>
  `${[
    send.id,
    printable(send.name),
    status,
    send.sent,
    send.failed,
    send.unknown,
    send.skipped,
    pending,
    send.total,
    send.createdAt.toISOString(),
    printable(waiting?.text ?? ''),
  ].join('\t')}\n`;
