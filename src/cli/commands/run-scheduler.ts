import { type Command, InvalidArgumentError, Option } from 'commander';
import { requireSmtp } from '../../config/settings.js';
import { logDetails } from '../../contract/log.js';
import { STALE_CLAIM_SECONDS } from '../../domain/lease.js';
import type { SchedulerResult } from '../../domain/scheduler-events.js';
import { plural } from '../../domain/text.js';
import { CampaignError } from '../../errors.js';
import type { LogFormat, LogLevel } from '../../view/log.js';
import { wholeNumber } from '../arguments.js';
import type { Context } from '../context.js';

interface Flags {
  once?: true;
  untilIdle?: true;
  maxWait?: number;
  connections: number;
  messagesPerConnection: number;
  pollSeconds: number;
  drainSeconds: number;
  staleSeconds: number;
  logLevel: LogLevel;
  json?: true;
}

function logLevel(text: string): LogLevel {
  if (text === 'debug' || text === 'info' || text === 'warn' || text === 'error') return text;
  throw new InvalidArgumentError('It must be debug, info, warn or error.');
}

/** `campaign run-scheduler`: the only command that sends mail. */
export function register(program: Command, context: Context): void {
  program
    .command('run-scheduler')
    .description('claim sends that are due and mail them in batches, until stopped')
    .option('--once', 'one batch of each send that is due, then end (for cron)')
    .addOption(new Option('--until-idle', 'end when no send is running any more').conflicts('once'))
    .option(
      '--max-wait <seconds>',
      'with --until-idle: do not wait for recipients deferred for longer',
      wholeNumber(0, 31_536_000),
    )
    .option('--connections <n>', 'SMTP connections', wholeNumber(1, 1000), 8)
    .option(
      '--messages-per-connection <n>',
      'reconnect after so many messages, 0: never',
      wholeNumber(0, 1_000_000),
      0,
    )
    .option('--poll-seconds <s>', 'look for work this often', wholeNumber(1, 3600), 5)
    .option(
      '--drain-seconds <s>',
      'when stopped, let messages on the wire end for so long',
      wholeNumber(0, 3600),
      30,
    )
    .addOption(
      // Not for users: every scheduler on a database must have the same.
      new Option('--stale-seconds <s>')
        .argParser(wholeNumber(2, 3600))
        .default(STALE_CLAIM_SECONDS)
        .hideHelp(),
    )
    .option(
      '--log-level <level>',
      'debug (a line a message), info, warn or error',
      logLevel,
      'info',
    )
    .option('--json', 'log in JSON lines')
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  if (flags.maxWait !== undefined && !flags.untilIdle) {
    throw new CampaignError('USAGE', '--max-wait goes with --until-idle', 'add --until-idle');
  }
  const settings = context.settings();
  const smtp = requireSmtp(settings);
  const [{ runScheduler }, log, words] = await Promise.all([
    import('../../operations/run-scheduler.js'),
    import('../../view/log.js'),
    import('../../view/scheduler-log.js'),
  ]);
  const format: LogFormat = flags.json ? 'json' : 'text';
  const colour = context.stderr.isTTY === true && (context.color ?? false);
  const logger = log.createLogger(context.stderr, format, flags.logLevel, colour);
  const result = await runScheduler(
    context.workspace,
    {
      smtp,
      stateFolders: settings.stateFolders,
      until: flags.once ? 'once' : flags.untilIdle ? 'idle' : 'stopped',
      maxWaitSeconds: flags.maxWait ?? null,
      connections: flags.connections,
      messagesPerConnection: flags.messagesPerConnection,
      pollSeconds: flags.pollSeconds,
      drainSeconds: flags.drainSeconds,
      staleSeconds: flags.staleSeconds,
      sessionTtlSeconds: settings.sessionTtlSeconds,
      retry: { firstSeconds: settings.retryFirstSeconds, maxSeconds: settings.retryMaxSeconds },
      backoffMaxSeconds: settings.backoffMaxSeconds,
      maxServerFailures: settings.maxServerFailures,
      blockAfter: settings.blockAfter,
    },
    { report: words.logSchedulerEvents(logger, logDetails), signal: context.signal },
  );
  tellTrouble(flags, result);
}

/**
 * Cron and scripts learn from `--once` and `--until-idle` that the SMTP server was the trouble.
 * @throws CampaignError SEND_PAUSED_ITSELF, SMTP_UNREACHABLE
 */
function tellTrouble(flags: Flags, result: SchedulerResult): void {
  if (!flags.once && !flags.untilIdle) return;
  const [first, ...others] = result.pausedThemselves;
  if (first) {
    const more = others.length === 0 ? '' : ` (and ${plural(others.length, 'more send')})`;
    throw new CampaignError(
      'SEND_PAUSED_ITSELF',
      `send ${first.sendId} paused itself: ${first.reason}${more}`,
      `mend what the reason names, then \`campaign resume ${first.sendId}\``,
    );
  }
  if (result.serverTrouble !== null) {
    throw new CampaignError(
      'SMTP_UNREACHABLE',
      `the SMTP server was not to be reached: ${result.serverTrouble}`,
      'check the server that CAMPAIGN_SMTP_URL names; nobody was charged an attempt',
    );
  }
}
