import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { listEvents, type SendEvent } from '../../store/events.js';
import type { Database } from '../../store/mysql/database.js';
import { readSend } from '../../store/sends/row.js';
import { printable } from '../../view/printable.js';
import { sendId } from '../arguments.js';
import type { Context } from '../context.js';
import { jsonLine, write } from '../output.js';
import { noSuchSend } from '../refusals.js';

interface Options {
  follow?: boolean;
  json?: boolean;
}

const PAGE = 1000;
const LOOK_EVERY_MS = 1000;
/**
 * Events of one send get their numbers in order on one server; on several primaries (Galera) a smaller number may
 * be committed later, so a follower looks back as far as this.
 */
const LOOK_BACK = 200;

/** `campaign events <id>`. */
export function register(program: Command, context: Context): void {
  program
    .command('events')
    .description('show who did what to a send, and when')
    .argument('<id>', 'number of the send', sendId)
    .option('--follow', 'wait for more until interrupted; with --json an object a line')
    .option('--json', 'print an array of {"id","at","event","actor","reason","details"}')
    .action(async (id: number, options: Options) => {
      const database = await context.database();
      if (!(await readSend(database, id))) throw noSuchSend(id);
      if (options.follow) return follow(context, database, id, options.json);
      let separator = '[';
      for await (const event of allEvents(database, id)) {
        const text = options.json ? separator + JSON.stringify(eventJson(event)) : eventLine(event);
        separator = ',\n';
        await write(context.stdout, text);
      }
      if (options.json) await write(context.stdout, separator === '[' ? '[]\n' : ']\n');
    });
}

async function* allEvents(database: Database, id: number): AsyncGenerator<SendEvent> {
  for (let after = 0; ; ) {
    const page = await listEvents(database, id, after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (page.length < PAGE || !last) return;
    after = last.id;
  }
}

async function follow(
  context: Context,
  database: Database,
  id: number,
  json: boolean | undefined,
): Promise<void> {
  const { signal } = context;
  const shown = new Set<number>();
  let newest = 0;
  while (!signal.aborted) {
    const page = await listEvents(database, id, Math.max(0, newest - LOOK_BACK), PAGE);
    for (const event of page.filter((candidate) => !shown.has(candidate.id))) {
      shown.add(event.id);
      newest = Math.max(newest, event.id);
      await write(context.stdout, json ? jsonLine(eventJson(event)) : eventLine(event));
    }
    for (const old of shown) if (old < newest - LOOK_BACK) shown.delete(old);
    if (page.length < PAGE)
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

const eventJson = (event: SendEvent) => ({ ...event, at: event.at.toISOString() });

/** Time, event, actor, reason and details, separated by tabs. */
const eventLine = ({ at, event, actor, reason, details }: SendEvent): string =>
  `${[at.toISOString(), event, actor, reason ?? '', details === null ? '' : JSON.stringify(details)]
    .map(printable)
    .join('\t')}\n`;
