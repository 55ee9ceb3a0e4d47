import { randomBytes } from 'node:crypto';
import { destinationOf } from '../config/settings.js';
import type { Imported, Queued, QueuePlan } from '../domain/queued.js';
import { CampaignError } from '../errors.js';
import type { QueueRequest } from '../operations/queue.js';
import {
  COLUMN_QUESTION,
  columnChoices,
  queuePlan,
  queueQuestion,
  rejectionLines,
} from '../view/queue.js';
import type { AnyOption } from './command.js';
import { ask, canAsk, choose } from './confirm.js';
import type { Context } from './context.js';
import { withMessageSource } from './message-source.js';
import { type QueueInput, queueOptions } from './queue-options.js';
import { nobodyToAsk, queueAsked, queueRequest } from './queue-run.js';
import { Ending } from './results.js';

/**
 * Queues a list as `queue` does, with a bar and questions where there is a terminal.
 * @param declared the options as they are declared, by which a message's folder is read
 * @throws CampaignError as `withMessageSource`, `queueOptions` and `queue`
 */
export async function queueList(
  typed: QueueInput,
  context: Context,
  declared: Readonly<Record<string, AnyOption>>,
): Promise<Ending<Queued | undefined>> {
  const { input, source } = await withMessageSource(
    typed,
    (key) => context.given.has(key),
    declared,
    context.warn,
  );
  const options = queueOptions(input, context.yes, context.settings(), source);
  return importAsked(await queueRequest(options, context.stdin), options.list === '-', context);
}

/**
 * Queues what is asked for, with a bar and questions where there is a terminal.
 * @param takesStdin whether standard input is the list: then nobody can answer
 * @throws CampaignError as `queue`
 */
export async function importAsked(
  request: QueueRequest,
  takesStdin: boolean,
  context: Context,
): Promise<Ending<Queued | undefined>> {
  const settings = context.settings();
  const barred = context.stderr.isTTY && !context.dumb && !context.json;
  const bar = barred ? (await import('./import-bar.js')).createImportBar(context) : null;
  const signal = context.heedSignals();
  /** Says something where no bar is drawn over it. */
  const say = (how: (text: string) => void, text: string): void => {
    bar?.stop();
    how(text);
  };
  try {
    const queued = await queueAsked(request, context.yes, takesStdin, {
      database: (how) => context.workspace.database(how),
      // A dry run needs no sandbox that runs.
      smtp: request.dryRun && settings.source === 'sandbox' ? undefined : settings.smtp,
      lintIgnore: settings.lintIgnore(),
      signal,
      actor: context.workspace.actor,
      randomBytes,
      now: () => performance.now(),
      announce: (plan) => announce(plan, context),
      confirm: (imported) => {
        bar?.stop();
        return confirm(imported, request.paused, context, signal);
      },
      chooseColumn: canAsk(context)
        ? (columns) => choose(context, COLUMN_QUESTION, columnChoices(columns), signal)
        : undefined,
      onProgress: (progress) => bar?.update(progress),
      onRejected: (first, total) => say(context.notice, rejectionLines(first, total)),
      onNotice: (text) => say(context.notice, text),
      onWarning: (text) => say(context.warn, text),
    });
    const interrupted = signal.aborted && queued.status === 'cancelled';
    return new Ending(queued, interrupted ? { signal: signal.reason } : {});
  } catch (error) {
    if (!signal.aborted || error instanceof CampaignError) throw error;
    context.notice('Interrupted: nothing was queued.');
    return new Ending(undefined, { signal: signal.reason });
  } finally {
    bar?.stop();
  }
}

/** @throws CampaignError CONFIRMATION_NEEDED off a terminal */
async function announce(plan: QueuePlan, context: Context): Promise<void> {
  if (!canAsk(context)) throw nobodyToAsk();
  context.stderr.write(`${queuePlan(plan, destinationOf(context.settings()))}\n`);
}

/** @throws CampaignError CONFIRMATION_NEEDED when the answer is no */
async function confirm(
  imported: Imported,
  paused: boolean,
  context: Context,
  signal: AbortSignal,
): Promise<void> {
  if (await ask(context, queueQuestion(imported, paused), signal)) return;
  throw new CampaignError('CONFIRMATION_NEEDED', 'not confirmed: nothing was queued');
}
