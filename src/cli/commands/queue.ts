import type { Command } from 'commander';
import { queueJson } from '../../contract/queue.js';
import type { Imported, ImportProgress, Queued, QueuePlan } from '../../domain/queued.js';
import { CampaignError, signalExit } from '../../errors.js';
import type { Context } from '../context.js';
import { jsonLine } from '../output.js';
import type { QueueDeps } from '../queue-run.js';

interface Flags {
  list: string;
  json?: boolean;
  [flag: string]: unknown;
}

/** `campaign queue`: a list and a message become a send. */
export function register(program: Command, context: Context): void {
  program
    .command('queue')
    .description('import a list, check it, and set it running; prints the id of the send')
    .option('--list <file>', 'CSV with a header and an address column; - for standard input')
    .option('--from <sender>', 'who it is from: news@example.org or Name <news@example.org>')
    .option('--subject <template>', 'subject, a Liquid template')
    .option('--html <file>', 'HTML body, a Liquid template')
    .option('--text <file>', 'text body, a Liquid template (made from the HTML when left out)')
    .option('--reply-to <address>', 'where answers go')
    .option(
      '--list-unsubscribe <template>',
      'URL that unsubscribes a recipient by one click: https://… (or mailto:…)',
    )
    .option(
      '--timezone <name>',
      'where times in the message are shown, such as Europe/Berlin (default: UTC)',
    )
    .option('--name <name>', 'what the send is called in lists (default: the subject)')
    .option('--batch-size <n>', 'messages a batch, 1 to 1,000,000 (default: 100)')
    .option('--delay-ms <n>', 'milliseconds between messages, 0 to 3,600,000 (default: 0)')
    .option('--cooldown-seconds <n>', 'seconds between batches, 0 to 604,800 (default: 5)')
    .option('--max-attempts <n>', 'tries for a recipient refused for now, 1 to 100 (default: 5)')
    .option('--start-at <time>', 'not before this time (RFC 3339)')
    .option('--key <key>', 'a repeated queue with the same key gives the first send back')
    .option('--paused', 'wait for `campaign resume`')
    .option(
      '--email-column <header>',
      'the column that holds the address: its header, or its position',
    )
    .option(
      '--encoding <name>',
      'what the list is written in (default: found, UTF-8, UTF-16 or Windows-1252)',
    )
    .option('--rejects <file>', 'write every rejected line to this CSV')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'check list and templates, and change nothing')
    .option('--json', 'print the result as JSON')
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  const [
    { parseQueueOptions },
    { queue },
    { COLUMN_QUESTION, columnChoices, rejectionLines },
    { canAsk, choose },
    { randomBytes },
  ] = await Promise.all([
    import('../queue-options.js'),
    import('../queue-run.js'),
    import('../../view/queue.js'),
    import('../confirm.js'),
    import('node:crypto'),
  ]);
  const options = parseQueueOptions(flags);
  const notice = (text: string): void => {
    if (!flags.json) context.stderr.write(`${text}\n`);
  };
  const barred = context.stderr.isTTY && !context.dumb && !flags.json;
  const bar = barred ? await createBar(context) : null;
  const deps: QueueDeps = {
    database: (options) => context.workspace.database(options),
    stdin: context.stdin,
    signal: context.signal,
    actor: context.workspace.actor,
    randomBytes,
    now: () => performance.now(),
    announce: (plan) => announce(plan, context),
    confirm: (imported) => {
      bar?.stop();
      return confirm(imported, options.paused, context);
    },
    chooseColumn: canAsk(context)
      ? (columns) => choose(context, COLUMN_QUESTION, columnChoices(columns), context.signal)
      : undefined,
    onProgress: (progress) => bar?.update(progress),
    onRejected: (first, total) => {
      bar?.stop();
      notice(rejectionLines(first, total));
    },
    onNotice: (text) => {
      bar?.stop();
      notice(text);
    },
    onWarning: (text) => {
      bar?.stop();
      context.stderr.write(`${text}\n`);
    },
  };
  try {
    const result = await queue(options, deps);
    bar?.stop();
    await report(result, flags, context);
    if (context.signal.aborted && result.status === 'cancelled') interrupted(context);
  } catch (error) {
    if (!context.signal.aborted || (error as Error).name === 'CampaignError') throw error;
    notice('Interrupted: nothing was queued.');
    interrupted(context);
  } finally {
    bar?.stop();
  }
}

const interrupted = (context: Context): void =>
  context.setExitCode(signalExit(context.signal.reason));

async function report(result: Queued, flags: Flags, context: Context): Promise<void> {
  const { queueSummary } = await import('../../view/queue.js');
  if (flags.json) context.stdout.write(jsonLine(queueJson(result)));
  else if (context.stdout.isTTY || result.id === null) {
    context.stdout.write(`${queueSummary(result)}\n`);
  } else {
    context.stdout.write(`${result.id}\n`);
    context.stderr.write(`${queueSummary(result)}\n`);
  }
}

/** @throws CampaignError CONFIRMATION_NEEDED off a terminal */
async function announce(plan: QueuePlan, context: Context): Promise<void> {
  const [{ queuePlan }, { canAsk }, { nobodyToAsk }, { describeAddress }] = await Promise.all([
    import('../../view/queue.js'),
    import('../confirm.js'),
    import('../queue-run.js'),
    import('../../store/mysql/url.js'),
  ]);
  if (!canAsk(context)) throw nobodyToAsk();
  const { source, database } = context.settings();
  const destination = source === 'sandbox' ? 'the sandbox' : describeAddress(database);
  context.stderr.write(`${queuePlan(plan, destination)}\n`);
}

/** @throws CampaignError CONFIRMATION_NEEDED when the answer is no */
async function confirm(imported: Imported, paused: boolean, context: Context): Promise<void> {
  const [{ queueQuestion }, { ask }] = await Promise.all([
    import('../../view/queue.js'),
    import('../confirm.js'),
  ]);
  if (await ask(context, queueQuestion(imported, paused), context.signal)) return;
  throw new CampaignError('CONFIRMATION_NEEDED', 'not confirmed: nothing was queued');
}

interface Bar {
  update(progress: ImportProgress): void;
  stop(): void;
}

/** Progress by bytes where the size of the list is known, else the lines alone. */
async function createBar(context: Context): Promise<Bar> {
  const [{ default: cliProgress }, { onSuspend }] = await Promise.all([
    import('cli-progress'),
    import('../suspend.js'),
  ]);
  const started = performance.now();
  let bar: InstanceType<typeof cliProgress.SingleBar> | null = null;
  const create = (known: boolean) =>
    new cliProgress.SingleBar({
      stream: context.stderr,
      format: known
        ? 'Importing {bar} {percentage}% | {lines} lines | {rate} lines/s | {eta_formatted} left'
        : 'Importing | {lines} lines | {rate} lines/s',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      // So that whatever ends or stops the command leaves the terminal whole.
      hideCursor: false,
      linewrap: true,
      clearOnComplete: true,
      etaBuffer: 100,
    });
  const clear = (): void => {
    bar?.stop();
    bar = null;
  };
  // What the shell writes meanwhile moves the bar: the next update draws it where the cursor is then.
  const suspension = onSuspend(clear, () => undefined);
  return {
    update: ({ bytes, totalBytes, lines }) => {
      const seconds = (performance.now() - started) / 1000;
      const payload = {
        lines: lines.toLocaleString('en-US'),
        rate: Math.round(lines / seconds).toLocaleString('en-US'),
      };
      if (!bar) {
        bar = create(totalBytes !== null);
        bar.start(totalBytes ?? 0, 0, payload);
      }
      bar.update(bytes, payload);
    },
    stop: () => {
      clear();
      suspension.end();
    },
  };
}
