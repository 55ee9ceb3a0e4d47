import { randomBytes } from 'node:crypto';
import { requireSmtp } from '../config/settings.js';
import { logDetails } from '../contract/log.js';
import type { RecipientStatus } from '../domain/states.js';
import type { Tested } from '../domain/tested.js';
import { plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import { runScheduler, SCHEDULER_SESSIONS } from '../operations/run-scheduler.js';
import { type TestDeps, testMails } from '../operations/test-mails.js';
import { createLogger } from '../view/log.js';
import { logSchedulerEvents } from '../view/scheduler-log.js';
import type { Given } from './command.js';
import type { messageOptions } from './commands/message-options.js';
import type { Context } from './context.js';
import { missing } from './flags.js';
import { requireNone } from './given.js';
import { requestOf, told } from './preview.js';
import { Ending } from './results.js';
import { schedulerFigures } from './run-scheduler.js';

/** The options of `test`. */
type TestInput = Given<typeof messageOptions> & {
  readonly id: number | undefined;
  readonly to: readonly string[];
  readonly rows: number | undefined;
  readonly email: string | undefined;
  readonly plain: boolean;
  readonly maxWait: number;
  readonly noWait: boolean;
  readonly now: boolean;
};

/**
 * Sends test mails, and waits for the replies.
 * @throws CampaignError USAGE, and as `testMails`
 */
export async function sendTest(
  { id, to, rows, email, plain, maxWait, noWait, now, ...given }: TestInput,
  context: Context,
): Promise<Ending<Tested>> {
  if (to.length === 0) throw missing('to');
  if (id !== undefined) requireNone(id, given);
  // Who waits here for a pipe that nobody writes into may end it at once.
  const of = id === undefined ? { request: await requestOf(given, context) } : { id };
  const run = now ? await ownScheduler(context) : undefined;
  const { signal, ...heard } = told(context);
  const tested = await testMails(
    context.workspace,
    {
      of,
      to,
      rows,
      email,
      plain,
      waitSeconds: noWait ? null : maxWait,
    },
    {
      ...heard,
      signal,
      randomBytes,
      now: () => performance.now(),
      onSuppressed: (address, reason) =>
        context.warn(`${address} is suppressed (${reason}); a test mail goes there all the same`),
      run,
    },
  );
  if (signal.aborted) return new Ending(tested, { signal: signal.reason });
  return new Ending(tested, {
    aside: () => (noWait ? `\`campaign recipients ${tested.id}\` shows the replies` : null),
    failure: failureOf(tested, maxWait, now),
  });
}

/**
 * The scheduler's own loop, for one send. Told is whose relay it uses.
 * @throws CampaignError BAD_SETTING where there is none
 */
async function ownScheduler(context: Context): Promise<NonNullable<TestDeps['run']>> {
  const { stderr, json, color, workspace } = context;
  const settings = context.settings();
  const smtp = requireSmtp(settings);
  const dkim = settings.dkim();
  await workspace.database(SCHEDULER_SESSIONS);
  const by = smtp.user === undefined ? '' : ` as ${smtp.user}`;
  const whose = settings.source === 'sandbox' ? ', which only captures' : by;
  context.notice(`sending from here by ${smtp.host}:${smtp.port}${whose}`);
  const logger = createLogger(
    stderr,
    json ? 'json' : 'text',
    'warn',
    stderr.isTTY === true && color,
  );
  return (only, signal) =>
    runScheduler(
      workspace,
      {
        ...schedulerFigures(settings),
        smtp,
        dkim,
        stateFolders: settings.stateFolders,
        only,
        until: 'once',
        maxWaitSeconds: null,
        connections: 1,
        messagesPerConnection: 0,
        pollSeconds: 1,
        drainSeconds: 30,
      },
      { report: logSchedulerEvents(logger, logDetails), signal },
    );
}

const OPEN: ReadonlySet<RecipientStatus> = new Set(['pending', 'sending']);

/** Why the command fails; undefined where all were accepted, or nobody waited. */
function failureOf(
  { id, recipients, trouble }: Tested,
  maxWait: number,
  now: boolean,
): CampaignError | undefined {
  if (trouble === null) return undefined;
  const accepted = recipients.filter(({ status }) => status === 'sent').length;
  const missed = `${recipients.length - accepted} of ${plural(recipients.length, 'test mail')}`;
  const isOver = now || recipients.every(({ status }) => !OPEN.has(status));
  const later = isOver
    ? 'nothing of it is sent later: test again'
    : `\`campaign recipients ${id}\` shows what comes still, \`campaign cancel ${id}\` ends it`;
  switch (trouble.kind) {
    case 'refused':
      return new CampaignError(
        'TEST_NOT_ACCEPTED',
        `${missed} not accepted: ${repliesOf(recipients)}`,
        'the replies say why; the send that is tested knows nothing of them',
      );
    case 'paused':
      return new CampaignError(
        'SEND_PAUSED_ITSELF',
        `${missed} not accepted: the test was paused: ${trouble.reason}`,
        `mend what the reason names, then test again; \`campaign cancel ${id}\` puts this test away`,
      );
    case 'held':
      return new CampaignError('RELAY_HELD', `${missed} not sent: ${trouble.reason}`, later);
    case 'cancelled':
      return new CampaignError(
        'TEST_NOT_ACCEPTED',
        `${missed} not sent: the test was cancelled`,
        'test again',
      );
    case 'late':
      return new CampaignError(
        'TEST_NOT_ACCEPTED',
        `${missed} not accepted within ${maxWait} s${trouble.reason === null ? '' : `: ${trouble.reason}`}`,
        later,
      );
  }
}

/** What was said to those that were not accepted, each once. */
function repliesOf(recipients: Tested['recipients']): string {
  const replies = recipients
    .filter(({ status }) => status !== 'sent')
    .map(({ email, smtpCode, response }) => `${email}: ${smtpCode ?? ''} ${response ?? ''}`.trim());
  return [...new Set(replies)].join('; ');
}
