/** The library: what the commands do, for programs. Importing it does nothing; what a call needs is loaded by the call. */
import type { Edited } from './domain/edited.js';
import { hasEnded, type Progress, type ProgressAfter } from './domain/progress.js';
import type { Queued, QueuedSend } from './domain/queued.js';
import type { RecipientRow } from './domain/recipient-page.js';
import type { Relay } from './domain/relay.js';
import type { SandboxStatus } from './domain/sandbox.js';
import type { SchedulerResult } from './domain/scheduler-events.js';
import type { SendEvent } from './domain/send-events.js';
import type { Released, ResolvedFromLog, Settled } from './domain/settled.js';
import type { Verification } from './domain/verification.js';
import { Calls } from './operations/calls.js';
import type * as given from './operations/library-types.js';
import { MessageCalls } from './operations/message-calls.js';
import { type Opened, openWorkspace } from './operations/open-workspace.js';
import { options as read } from './operations/options.js';
import { streamsOf } from './operations/queue-file-options.js';
import { onSandbox, openSandbox } from './operations/sandbox-for-library.js';

export { CampaignError, type ErrorCode } from './errors.js';
export type * from './operations/library-types.js';

/**
 * Sends on one database, and what can be done with them. Sessions are opened when they are first needed; `close` ends
 * them. All that goes wrong is thrown as CampaignError; after an abort, the signal's reason; and what a function of yours
 * throws, as it is.
 */
export class Campaign extends MessageCalls {
  readonly #opened: Opened;
  readonly #calls: Calls;

  /** @throws CampaignError BAD_SETTING naming the option, and never what may hold a password */
  constructor(options: given.CampaignOptions) {
    const opened = openWorkspace(options);
    const calls = new Calls(opened.workspace);
    super(calls, opened);
    this.#opened = opened;
    this.#calls = calls;
  }

  /** A campaign on the servers of a sandbox, which are started where they do not run, and go on when it is closed. */
  static async sandbox(options: given.SandboxOptions): Promise<Campaign> {
    return new Campaign(await openSandbox(options));
  }

  /** Creates or upgrades the tables; gives the names of the files applied. */
  migrate(): Promise<string[]> {
    return this.#calls.run(async (on) => {
      const { migrate } = await import('./operations/migrate.js');
      return (await migrate(on)).applied;
    });
  }

  /** Imports a list, checks it and sets it running, unless it is to wait. */
  queue(options: given.QueueOptions & { dryRun: true }): Promise<Queued>;
  queue(options: given.QueueOptions): Promise<QueuedSend>;
  queue(options: given.QueueOptions): Promise<Queued> {
    return this.#calls.run(
      async (_, signal) =>
        (await import('./operations/queue-for-library.js')).queueForLibrary(
          this.#opened,
          options,
          signal,
        ),
      { signal: options?.signal, streams: streamsOf(options) },
    );
  }

  /** The only call that mails a list; `test` with `now` runs it for its own mails. */
  runScheduler(options: given.RunSchedulerOptions = {}): Promise<SchedulerResult> {
    return this.#calls.run(
      async (_, signal) =>
        (await import('./operations/run-for-library.js')).runForLibrary(
          this.#opened,
          options,
          signal,
        ),
      { signal: options?.signal, drainSeconds: read.drainSeconds(options) },
    );
  }

  /** How a send stands, why it waits, and when it ends. */
  progress(id: number): Promise<Progress> {
    return this.#calls.run(async (on) =>
      (await import('./operations/progress.js')).progress(on, read.id(id)),
    );
  }

  /** The same twice a second, until the send is completed or cancelled, which is the last. */
  watch(id: number, options: given.WatchOptions = {}): AsyncGenerator<Progress, void, undefined> {
    return this.#calls.iterate(
      async (on, signal) => {
        const { onAway } = read.watch(options);
        const { watch } = await import('./operations/watch.js');
        return watch(on, { ...read.id(id), signal, ...(onAway ? { onAway } : {}) });
      },
      options?.signal,
      hasEnded,
    );
  }

  /** Who did what to a send, and when. */
  events(
    id: number,
    options: given.EventsOptions = {},
  ): AsyncGenerator<SendEvent, void, undefined> {
    return this.#calls.iterate(
      async (on, signal) => {
        const { follow } = read.events(options);
        const { events } = await import('./operations/events.js');
        return events(on, { ...read.id(id), follow: follow ? signal : undefined });
      },
      options?.signal,
      options?.follow ? () => false : undefined,
    );
  }

  /** A send's recipients and what became of each, in the order of the list. */
  recipients(
    id: number,
    options: given.RecipientsOptions = {},
  ): AsyncGenerator<RecipientRow, void, undefined> {
    return this.#calls.iterate(async (on) => {
      const { status } = read.recipients(options);
      const { eachRecipient } = await import('./operations/recipients.js');
      return eachRecipient(on, { ...read.id(id), status });
    }, options?.signal);
  }

  /** A page of sends, the newest first. */
  list(options: given.ListOptions = {}): Promise<Progress[]> {
    return this.#calls.run(async (on) =>
      (await import('./operations/list.js')).list(on, read.list(options)),
    );
  }

  /** Stops handing out a send's messages, within a second. */
  pause(id: number, options: given.ReasonOptions = {}): Promise<ProgressAfter> {
    return this.#calls.run(async (on) =>
      (await import('./operations/pause.js')).pause(on, {
        ...read.id(id),
        ...read.reason('pause', options),
      }),
    );
  }

  /** Lets a paused send go on. */
  resume(id: number): Promise<ProgressAfter> {
    return this.#calls.run(async (on) =>
      (await import('./operations/resume.js')).resume(on, read.id(id)),
    );
  }

  /** Ends a send for good; what is pending is never sent. */
  cancel(id: number, options: given.ReasonOptions = {}): Promise<ProgressAfter> {
    return this.#calls.run(async (on) =>
      (await import('./operations/cancel.js')).cancel(on, {
        ...read.id(id),
        ...read.reason('cancel', options),
      }),
    );
  }

  /** Queues a send's message anew, with its pacing and topic but for what is given, for another list or some of its own. */
  clone(id: number, options: given.CloneOptions & { dryRun: true }): Promise<Queued>;
  clone(id: number, options: given.CloneOptions): Promise<QueuedSend>;
  clone(id: number, options: given.CloneOptions): Promise<Queued> {
    return this.#calls.run(
      async (on, signal) =>
        (await import('./operations/clone-for-library.js')).cloneForLibrary(
          on,
          read.id(id),
          options,
          signal,
        ),
      { signal: options?.signal, streams: streamsOf(Object(options)) },
    );
  }

  /**
   * Changes the message of a paused send, for all who have not been sent theirs. Waits ten seconds for a scheduler that has
   * messages of it on the wire.
   */
  edit(id: number, change: given.EditOptions): Promise<Edited> {
    return this.#calls.run(async (on, signal) =>
      (await import('./operations/edit-for-library.js')).editForLibrary(
        on,
        read.id(id),
        change,
        signal,
      ),
    );
  }

  /** Changes the pacing of a send, live. */
  controls(id: number, change: given.ControlsOptions): Promise<Progress> {
    return this.#calls.run(async (on) =>
      (await import('./operations/controls.js')).controls(on, {
        ...read.id(id),
        ...read.controls(change),
      }),
    );
  }

  /** What a relay takes, and what holds it; that of `smtpUrl` when no other is named. */
  relay(name?: string): Promise<Relay> {
    return this.#calls.run(async (on) =>
      (await import('./operations/relay.js')).relay(on, read.relay(name)),
    );
  }

  /** Starts nothing on a relay for so long, on any host. */
  holdRelay(options: given.HoldRelayOptions): Promise<Relay> {
    return this.#calls.run(async (on) => {
      const { relay, ...hold } = read.holdRelay(options);
      return (await import('./operations/relay.js')).holdRelay(on, relay, hold);
    });
  }

  /** Sets how much may be sent over a relay, on all hosts together; what is left out stays. */
  limitRelay(options: given.LimitRelayOptions): Promise<Relay> {
    return this.#calls.run(async (on) => {
      const { relay, ...limits } = read.limitRelay(options);
      return (await import('./operations/relay.js')).limitRelay(on, relay, limits);
    });
  }

  /** Ends a relay's hold, whoever began it. */
  releaseRelay(name?: string): Promise<Relay> {
    return this.#calls.run(async (on) =>
      (await import('./operations/relay.js')).releaseRelay(on, read.relay(name)),
    );
  }

  /** Frees the claim of a scheduler that is known to be dead; its messages in flight become unknown. */
  release(id: number): Promise<Released> {
    return this.#calls.run(async (on) =>
      (await import('./operations/release.js')).release(on, read.id(id)),
    );
  }

  /** Recomputes every figure of a send from its ledger. */
  verify(id: number): Promise<Verification> {
    return this.#calls.run(async (on) =>
      (await import('./operations/verify.js')).verify(on, read.id(id)),
    );
  }

  /** The same for every send, the oldest first. */
  verifyAll(): AsyncGenerator<Verification, void, undefined> {
    return this.#calls.iterate(async (on) =>
      (await import('./operations/verify.js')).verifyAll(on),
    );
  }

  /** Settles recipients of whom it is unknown whether the server accepted their message. */
  resolve(id: number, options: given.ResolveOptions): Promise<Settled>;
  resolve(id: number, options: given.ResolveFromLogOptions): Promise<ResolvedFromLog>;
  resolve(
    id: number,
    options: given.ResolveOptions | given.ResolveFromLogOptions,
  ): Promise<Settled | ResolvedFromLog> {
    return this.#calls.run(
      async (on, signal) =>
        (await import('./operations/resolve-for-library.js')).resolveForLibrary(
          on,
          read.id(id),
          options,
          signal,
        ),
      { streams: [Object(options).mailLog] },
    );
  }

  /** Puts failed (or unknown) recipients back to pending, to be tried anew. */
  retry(id: number, options: given.RetryOptions = {}): Promise<Settled> {
    return this.#calls.run(async (on) =>
      (await import('./operations/retry.js')).retry(on, { ...read.id(id), ...read.retry(options) }),
    );
  }

  /**
   * Aborts what is under way, waits until it has ended, and ends the sessions. A scheduler has its drainSeconds for that
   * and ten seconds more, all else ten seconds.
   */
  close(): Promise<void> {
    return this.#calls.close();
  }
}

/** The private servers of `Campaign.sandbox`, by their folder. */
export const sandbox = {
  /** Starts what does not run of the two. */
  start: (directory: string): Promise<SandboxStatus> => onSandbox('start', directory),
  /** Stops both; mail and data stay. */
  stop: (directory: string): Promise<SandboxStatus> => onSandbox('stop', directory),
  status: (directory: string): Promise<SandboxStatus> => onSandbox('status', directory),
  /** Deletes the captured mail and every send. */
  reset: (directory: string): Promise<SandboxStatus> => onSandbox('reset', directory),
};
