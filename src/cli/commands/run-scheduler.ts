import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { requireSmtp, type Settings } from '../../config/settings.js';
import { STALE_CLAIM_SECONDS, systemClock } from '../../domain/lease.js';
import type { Report } from '../../domain/scheduler-events.js';
import { plural } from '../../domain/text.js';
import type { LifeSign } from '../../domain/worker.js';
import { CampaignError } from '../../errors.js';
import type { Host as HostOfWorker } from '../../host/host.js';
import type { SchedulerOptions, SchedulerResult } from '../../scheduler/loop.js';
import type { LogFormat, LogLevel } from '../../view/log.js';
import { wholeNumber } from '../arguments.js';
import type { Context } from '../context.js';

/** A database that has not answered for so long is gone, and another host may be tried. */
const STATEMENT_TIMEOUT_MS = 30_000;

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
  const database = await context.workspace.database({
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    writableOnly: true,
  });
  const [{ createLedger }, { createTransport }, { compileMessage }, scheduler, ...rest] =
    await Promise.all([
      import('../../store/ledger.js'),
      import('../../smtp/transport.js'),
      import('../../message/compile.js'),
      import('../../scheduler/loop.js'),
      import('../../host/host.js'),
      import('../../view/log.js'),
      import('../../view/scheduler-log.js'),
    ]);
  const [{ Host }, log, words] = rest;
  const format: LogFormat = flags.json ? 'json' : 'text';
  const colour = context.stderr.isTTY === true && (context.color ?? false);
  const logger = log.createLogger(context.stderr, format, flags.logLevel, colour);
  const report: Report = words.logSchedulerEvents(logger);
  const { connections, messagesPerConnection } = flags;
  const worker = `${hostname().slice(0, 64)}:${process.pid}:${randomBytes(4).toString('hex')}`;
  const host = await Host.open({
    folders: settings.stateFolders,
    worker,
    flights: connections * scheduler.MARKED_PER_CONNECTION,
  });
  tellWhatIsNotKept(host, report);
  const result = await scheduler.runScheduler(
    schedulerOptions(flags, settings, { worker, life: host.life }),
    {
      host,
      ledger: createLedger(database, flags.staleSeconds),
      transport: createTransport(smtp, {
        connections,
        messagesPerConnection,
        onGivenUp: (way) => report({ kind: 'commands-ahead-given-up', way }),
        onPlaces: (connections, reason) =>
          report({ kind: 'connections-learnt', connections, reason }),
      }),
      compile: compileMessage,
      clock: systemClock,
      random: Math.random,
      report,
    },
    context.signal,
  );
  tellTrouble(flags, result);
}

/** Once: what this process cannot leave to a successor. */
function tellWhatIsNotKept(
  { trouble, recorder, recorderTrouble }: HostOfWorker,
  report: Report,
): void {
  if (trouble !== null) report({ kind: 'no-life-sign', reason: trouble });
  if (recorderTrouble !== null) report({ kind: 'no-recorder', reason: recorderTrouble });
  if (!recorder) return;
  recorder.onFailure = (reason) => report({ kind: 'no-recorder', reason });
}

function schedulerOptions(
  flags: Flags,
  settings: Settings,
  { worker, life }: { worker: string; life: LifeSign },
): SchedulerOptions {
  return {
    worker: { worker, host: hostname().slice(0, 64), pid: process.pid, life },
    connections: flags.connections,
    pollSeconds: flags.pollSeconds,
    staleSeconds: flags.staleSeconds,
    until: flags.once ? 'once' : flags.untilIdle ? 'idle' : 'stopped',
    maxWaitSeconds: flags.maxWait ?? null,
    drainSeconds: flags.drainSeconds,
    sessionTtlSeconds: settings.sessionTtlSeconds,
    retry: { firstSeconds: settings.retryFirstSeconds, maxSeconds: settings.retryMaxSeconds },
    backoffMaxSeconds: settings.backoffMaxSeconds,
    maxServerFailures: settings.maxServerFailures,
    blockAfter: settings.blockAfter,
  };
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
