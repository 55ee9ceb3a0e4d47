import { holdPolicy } from '../domain/hold.js';
import type { Report, SchedulerResult } from '../domain/scheduler-events.js';
import { MAX_WAIT_SECONDS, megabytes, SCHEDULER_LIMITS } from '../domain/scheduler-limits.js';
import { CampaignError } from '../errors.js';
import { DKIM_READERS, dkimSettings } from './dkim-options.js';
import type { RunSchedulerOptions } from './library-types.js';
import type { Opened } from './open-workspace.js';
import {
  CallbackError,
  callback,
  oneOf,
  readOptions,
  signal,
  wholeNumber,
} from './option-readers.js';
import { runScheduler } from './run-scheduler.js';

const READERS = {
  until: oneOf(['idle', 'once', 'stopped']),
  signal,
  onEvent: callback<NonNullable<RunSchedulerOptions['onEvent']>>(),
  ...DKIM_READERS,
  maxWaitSeconds: wholeNumber(MAX_WAIT_SECONDS),
  connections: wholeNumber(SCHEDULER_LIMITS.connections),
  messagesPerConnection: wholeNumber(SCHEDULER_LIMITS.messagesPerConnection),
  pollSeconds: wholeNumber(SCHEDULER_LIMITS.pollSeconds),
  drainSeconds: wholeNumber(SCHEDULER_LIMITS.drainSeconds),
  sessionTtlSeconds: wholeNumber(SCHEDULER_LIMITS.sessionTtlSeconds),
  retryFirstSeconds: wholeNumber(SCHEDULER_LIMITS.retryFirstSeconds),
  retryMaxSeconds: wholeNumber(SCHEDULER_LIMITS.retryMaxSeconds),
  maxServerFailures: wholeNumber(SCHEDULER_LIMITS.maxServerFailures),
  backoffMaxSeconds: wholeNumber(SCHEDULER_LIMITS.backoffMaxSeconds),
  blockAfter: wholeNumber(SCHEDULER_LIMITS.blockAfter),
  holdMaxSeconds: wholeNumber(SCHEDULER_LIMITS.holdMaxSeconds),
  giveUpSeconds: wholeNumber(SCHEDULER_LIMITS.giveUpSeconds),
  messageMemoryMb: wholeNumber(SCHEDULER_LIMITS.messageMemoryMb),
  fileDays: wholeNumber(SCHEDULER_LIMITS.fileDays),
};

/**
 * Runs a scheduler for a program.
 * @param only for this send alone
 * @throws CampaignError BAD_SETTING naming the option, what `onEvent` threw, and whatever `runScheduler` throws
 */
export async function runForLibrary(
  { workspace, smtp, stateDirectory }: Opened,
  options: RunSchedulerOptions,
  stop: AbortSignal,
  only?: number,
): Promise<SchedulerResult> {
  const read = readOptions('runScheduler', options, READERS);
  if (!smtp) {
    throw new CampaignError(
      'BAD_SETTING',
      'runScheduler needs an SMTP server, and smtpUrl was not given',
      'give new Campaign the option smtpUrl: smtp://user:password@host:587',
    );
  }
  const figure = (name: keyof typeof SCHEDULER_LIMITS): number =>
    read[name] ?? SCHEDULER_LIMITS[name].default;
  const retry = {
    firstSeconds: figure('retryFirstSeconds'),
    maxSeconds: figure('retryMaxSeconds'),
  };
  if (retry.maxSeconds < retry.firstSeconds) {
    throw new CampaignError(
      'BAD_SETTING',
      `retryMaxSeconds (${retry.maxSeconds}) is below retryFirstSeconds (${retry.firstSeconds})`,
      'raise the first or lower the second',
    );
  }
  const dkim = dkimSettings(read);
  if (stop.aborted) return { pausedThemselves: [], serverTrouble: null, relayHeld: null };
  const listener = new Listener(read.onEvent);
  const run = runScheduler(
    workspace,
    {
      smtp,
      only,
      dkim,
      stateFolders: stateDirectory === undefined ? [] : [{ directory: stateDirectory }],
      until: read.until ?? 'stopped',
      maxWaitSeconds: read.maxWaitSeconds ?? null,
      connections: figure('connections'),
      messagesPerConnection: figure('messagesPerConnection'),
      pollSeconds: figure('pollSeconds'),
      drainSeconds: figure('drainSeconds'),
      sessionTtlSeconds: figure('sessionTtlSeconds'),
      retry,
      maxServerFailures: figure('maxServerFailures'),
      backoffMaxSeconds: figure('backoffMaxSeconds'),
      blockAfter: figure('blockAfter'),
      giveUpSeconds: figure('giveUpSeconds'),
      hold: holdPolicy(figure('holdMaxSeconds')),
      messageMemoryBytes: megabytes(figure('messageMemoryMb')),
      fileDays: figure('fileDays'),
    },
    { report: listener.report, signal: AbortSignal.any([stop, listener.failed]) },
  );
  await Promise.allSettled([run]);
  listener.throwIfFailed();
  return run;
}

/** What a program is told by. Where that fails, the scheduler is not met by it: it is stopped, as by a signal. */
class Listener {
  private readonly failure = new AbortController();
  private first: CallbackError | undefined;

  constructor(private readonly onEvent: RunSchedulerOptions['onEvent']) {}

  get failed(): AbortSignal {
    return this.failure.signal;
  }

  readonly report: Report = (event) => {
    try {
      const told: unknown = this.onEvent?.(event);
      if (told instanceof Promise) told.catch(this.fail);
    } catch (error) {
      this.fail(error);
    }
  };

  throwIfFailed(): void {
    if (this.first) throw this.first;
  }

  private readonly fail = (error: unknown): void => {
    this.first ??= error instanceof CallbackError ? error : new CallbackError(error);
    this.failure.abort();
  };
}
