import { unlessAborted, within } from '../domain/races.js';
import { CampaignError } from '../errors.js';
import { CallbackError, signal as readSignal } from './option-readers.js';
import { wordedForLibrary } from './option-words.js';
import { holdStream } from './pieces.js';
import type { OwnWorkspace } from './workspace.js';

/** What ends by itself after an abort is waited for so long. */
const GRACE_MS = 10_000;

interface CallOptions {
  /** Aborts it, as `close` does: it is rejected with the signal's reason unless `work` comes to something. */
  signal?: AbortSignal | undefined;
  /** Of the caller's, destroyed at an abort or in the end: one may fail before anybody reads it. */
  streams?: readonly unknown[] | undefined;
  /** How long it may take to end after an abort, beyond what every call may. */
  drainSeconds?: number | undefined;
}

/** What a user of the library has under way: each call's signal, its errors in words, and its end. */
export class Calls {
  private readonly closing = new AbortController();
  /** Aborted when `close` waits no longer. */
  private readonly givenUp = new AbortController();
  /** With the milliseconds that each may take to end. */
  private readonly underWay = new Map<Promise<unknown>, number>();

  constructor(private readonly workspace: OwnWorkspace) {}

  /** Runs a call to its end. */
  async run<T>(
    work: (workspace: OwnWorkspace, signal: AbortSignal) => Promise<T>,
    { signal, streams = [], drainSeconds = 0 }: CallOptions = {},
  ): Promise<T> {
    const held = streams.map(holdStream);
    const letGo = (): void => {
      for (const letGoOf of held) letGoOf();
    };
    let stop: AbortSignal | undefined;
    try {
      stop = this.signalOf(signal);
      stop.addEventListener('abort', letGo);
      // Cut off, a statement is never answered.
      const call = orAborted(work(this.workspace, stop), this.givenUp.signal);
      return await this.follow(call, stop, GRACE_MS + drainSeconds * 1000);
    } finally {
      stop?.removeEventListener('abort', letGo);
      letGo();
    }
  }

  /**
   * Gives on what a call yields.
   * @param isLast whether nothing follows an item; where it is given, ending after any other is an abort's doing
   */
  async *iterate<T>(
    work: (workspace: OwnWorkspace, signal: AbortSignal) => Promise<AsyncIterable<T>>,
    signal?: AbortSignal,
    isLast?: (item: T) => boolean,
  ): AsyncGenerator<T, void, undefined> {
    const stop = this.signalOf(signal);
    let items: AsyncIterator<T> | undefined;
    const next = async (): Promise<IteratorResult<T>> => {
      items ??= (await work(this.workspace, stop))[Symbol.asyncIterator]();
      return items.next();
    };
    try {
      for (;;) {
        // Each step by itself is under way: between two, it is the caller that takes its time.
        if (stop.aborted) throw stop.reason;
        const { done, value } = await this.follow(orAborted(next(), stop), stop);
        if (done) break;
        yield value;
        if (isLast?.(value)) return;
      }
      if (isLast && stop.aborted) throw stop.reason;
    } finally {
      // One that waits for its next item would hold us up.
      void items?.return?.().catch(() => undefined);
    }
  }

  /** Aborts what is under way, waits until it has ended, or has had its time, and closes the sessions. */
  async close(): Promise<void> {
    const reason = new DOMException('the campaign was closed', 'AbortError');
    this.closing.abort(reason);
    const ends = Promise.allSettled(this.underWay.keys());
    await within(ends, Math.max(0, ...this.underWay.values()));
    this.givenUp.abort(reason);
    await this.workspace.close();
  }

  private async follow<T>(call: Promise<T>, stop: AbortSignal, graceMs = GRACE_MS): Promise<T> {
    this.underWay.set(call, graceMs);
    try {
      return await call;
    } catch (error) {
      throw this.worded(error, stop);
    } finally {
      this.underWay.delete(call);
    }
  }

  private signalOf(signal: AbortSignal | undefined): AbortSignal {
    const { signal: closing } = this.closing;
    if (closing.aborted) {
      throw new CampaignError('USAGE', 'this campaign has been closed', 'make a new one');
    }
    return signal === undefined
      ? closing
      : AbortSignal.any([closing, readSignal(signal, 'signal')]);
  }

  /** After an abort, what it made fail is the signal's reason. */
  private worded(error: unknown, signal: AbortSignal): unknown {
    if (error instanceof CallbackError) return error.thrown;
    if (signal.aborted && (error === signal.reason || !(error instanceof CampaignError))) {
      return signal.reason;
    }
    return wordedForLibrary(this.workspace.explain(error));
  }
}

/** What `work` comes to. @throws the signal's reason when that is aborted first */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const outcome = await unlessAborted(
    work.then((value) => ({ value })),
    signal,
  );
  if (outcome === null) throw signal.reason;
  return outcome.value;
}
