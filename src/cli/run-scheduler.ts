import { requireSmtp, type Settings } from '../config/settings.js';
import { logDetails } from '../contract/log.js';
import { holdPolicy } from '../domain/hold.js';
import type { SchedulerResult } from '../domain/scheduler-events.js';
import { megabytes } from '../domain/scheduler-limits.js';
import { plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import { runScheduler, SCHEDULER_SESSIONS } from '../operations/run-scheduler.js';
import { createLogger, type LogLevel } from '../view/log.js';
import { logSchedulerEvents } from '../view/scheduler-log.js';
import type { Context } from './context.js';

/** The options of `run-scheduler`. */
export interface SchedulerInput {
  once: boolean;
  untilIdle: boolean;
  maxWait: number | undefined;
  connections: number;
  messagesPerConnection: number;
  pollSeconds: number;
  drainSeconds: number;
  staleSeconds: number;
  logLevel: LogLevel;
}

/**
 * Runs a scheduler that logs to stderr, until it is stopped or has nothing to do.
 * @throws CampaignError SEND_PAUSED_ITSELF, RELAY_HELD, SMTP_UNREACHABLE, or as the operation
 */
export async function runAndLog(input: SchedulerInput, context: Context): Promise<void> {
  const { once, untilIdle, maxWait, logLevel, ...options } = input;
  const settings = context.settings();
  const smtp = requireSmtp(settings);
  const { stderr, color, json, workspace } = context;
  // While it is waited for, a signal ends the command as it ends any other.
  await workspace.database(SCHEDULER_SESSIONS);
  const colour = stderr.isTTY === true && color;
  const logger = createLogger(stderr, json ? 'json' : 'text', logLevel, colour);
  const result = await runScheduler(
    workspace,
    {
      ...options,
      smtp,
      dkim: settings.dkim(),
      stateFolders: settings.stateFolders,
      until: once ? 'once' : untilIdle ? 'idle' : 'stopped',
      maxWaitSeconds: maxWait ?? null,
      ...schedulerFigures(settings),
    },
    { report: logSchedulerEvents(logger, logDetails), signal: context.heedSignals() },
  );
  if (once || untilIdle) tellTrouble(result);
}

/** What the settings say of a scheduler. */
export const schedulerFigures = (settings: Settings) => ({
  sessionTtlSeconds: settings.sessionTtlSeconds,
  retry: { firstSeconds: settings.retryFirstSeconds, maxSeconds: settings.retryMaxSeconds },
  backoffMaxSeconds: settings.backoffMaxSeconds,
  maxServerFailures: settings.maxServerFailures,
  blockAfter: settings.blockAfter,
  giveUpSeconds: settings.giveUpSeconds,
  hold: holdPolicy(settings.holdMaxSeconds),
  messageMemoryBytes: megabytes(settings.messageMemoryMb),
  fileDays: settings.fileDays,
});

/**
 * Cron and scripts learn that the SMTP server was the trouble.
 * @throws CampaignError SEND_PAUSED_ITSELF, RELAY_HELD, SMTP_UNREACHABLE
 */
function tellTrouble(result: SchedulerResult): void {
  const [first, ...others] = result.pausedThemselves;
  if (first) {
    const more = others.length === 0 ? '' : ` (and ${plural(others.length, 'more send')})`;
    throw new CampaignError(
      'SEND_PAUSED_ITSELF',
      `send ${first.sendId} paused itself: ${first.reason}${more}`,
      `mend what the reason names, then \`campaign resume ${first.sendId}\``,
    );
  }
  if (result.relayHeld) {
    const { reason, until } = result.relayHeld;
    throw new CampaignError(
      'RELAY_HELD',
      `the relay is held: ${reason}; goes on by itself at ${until.toISOString()}`,
      'nobody was charged an attempt; a scheduler that runs then goes on, `campaign relay` shows the hold',
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
