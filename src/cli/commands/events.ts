import type { Command } from 'commander';
import { eventJson } from '../../contract/event.js';
import type { SendEvent } from '../../domain/send-events.js';
import { printable } from '../../view/printable.js';
import { sendId } from '../arguments.js';
import type { Context } from '../context.js';
import { jsonLine, write } from '../output.js';

interface Options {
  follow?: boolean;
  json?: boolean;
}

/** `campaign events <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('events')
    .description('show who did what to a send, and when')
    .argument('<id>', 'number of the send', sendId)
    .option('--follow', 'wait for more until interrupted; with --json an object a line')
    .option('--json', 'print an array of {"id","at","event","actor","reason","details"}')
    .action(async (id: number, options: Options) => {
      const { events } = await import('../../operations/events.js');
      if (options.follow) {
        for await (const event of events(context.workspace, { id, follow: context.signal })) {
          await write(context.stdout, options.json ? jsonLine(eventJson(event)) : eventLine(event));
        }
        return;
      }
      let separator = '[';
      for await (const event of events(context.workspace, { id })) {
        const text = options.json ? separator + JSON.stringify(eventJson(event)) : eventLine(event);
        separator = ',\n';
        await write(context.stdout, text);
      }
      if (options.json) await write(context.stdout, separator === '[' ? '[]\n' : ']\n');
    });
}

/** Time, event, actor, reason and details, separated by tabs. */
const eventLine = ({ at, event, actor, reason, details }: SendEvent): string =>
  `${[at.toISOString(), event, actor, reason ?? '', details === null ? '' : JSON.stringify(details)]
    .map(printable)
    .join('\t')}\n`;
