import { STALE_CLAIM_SECONDS } from '../../domain/lease.js';
import { MAX_WAIT_SECONDS, SCHEDULER_LIMITS } from '../../domain/scheduler-limits.js';
import { CampaignError } from '../../errors.js';
import { defineCommand } from '../command.js';
import { choice, flag, wholeNumber } from '../readers.js';

function figure(name: keyof typeof SCHEDULER_LIMITS) {
  const { min, max, default: fallback } = SCHEDULER_LIMITS[name];
  return { min, max, fallback };
}

export default defineCommand({
  name: 'run-scheduler',
  summary: 'claim sends that are due and mail them in batches, until stopped',
  options: {
    once: flag('one batch of each send that is due, then end (for cron)'),
    untilIdle: flag('end when no send is running any more', { conflicts: ['once'] }),
    maxWait: wholeNumber({
      ...MAX_WAIT_SECONDS,
      placeholder: 'seconds',
      help: 'with --until-idle: wait no longer for deferred recipients, a held relay or its rate',
    }),
    connections: wholeNumber({ ...figure('connections'), help: 'SMTP connections' }),
    messagesPerConnection: wholeNumber({
      ...figure('messagesPerConnection'),
      help: 'reconnect after so many messages, 0: never',
    }),
    pollSeconds: wholeNumber({
      ...figure('pollSeconds'),
      placeholder: 's',
      help: 'look for work this often',
    }),
    drainSeconds: wholeNumber({
      ...figure('drainSeconds'),
      placeholder: 's',
      help: 'when stopped, let messages on the wire end for so long',
    }),
    // Not for users: every scheduler on a database must have the same.
    staleSeconds: wholeNumber({
      min: 2,
      max: 3600,
      placeholder: 's',
      help: "a claim that has not been renewed for so long is a dead worker's",
      fallback: STALE_CLAIM_SECONDS,
      hidden: true,
    }),
    logLevel: choice(['debug', 'info', 'warn', 'error'], {
      placeholder: 'level',
      help: 'debug (a line a message), info, warn or error',
      sentence: 'It must be debug, info, warn or error.',
      fallback: 'info',
    }),
  },
  prints: 'log',
  json: 'log in JSON lines',
  errors: ['DATABASE_REFUSED', 'SMTP_UNREACHABLE', 'SEND_PAUSED_ITSELF', 'RELAY_HELD'],
  examples: [
    ['campaign run-scheduler', 'until it is stopped; a service'],
    ['campaign run-scheduler --until-idle', 'sends what there is to send, then ends'],
  ],
  run: async (input, context) => {
    if (input.maxWait !== undefined && !input.untilIdle) {
      throw new CampaignError('USAGE', '--max-wait goes with --until-idle', 'add --until-idle');
    }
    const { runAndLog } = await import('../run-scheduler.js');
    await runAndLog(input, context);
    return undefined;
  },
});
