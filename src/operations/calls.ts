import { CampaignError } from '../errors.js';
import { CallbackError, signal as readSignal } from './option-readers.js';
import { wordedForLibrary } from './option-words.js';
import { holdStream } from './pieces.js';
import type { OwnWorkspace } from './workspace.js';

/** What a user of the library has under way: each call's signal, its errors in words, and its end. */
export class Calls {
  private readonly closing = new AbortController();
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(private readonly workspace: OwnWorkspace) {}

  /**
   * Runs a call to its end.
   * @param signal aborts it, as `close` does: it is rejected with the signal's reason unless `work` comes to something
   * @param stream of the caller's, destroyed in the end: it may fail before anybody reads it
   */
  async run<T>(
    work: (workspace: OwnWorkspace, signal: AbortSignal) => Promise<T>,
    { signal, stream }: { signal?: AbortSignal | undefined; stream?: unknown } = {},
  ): Promise<T> {
    const letGo = holdStream(stream);
    try {
      return await this.follow(work, this.signalOf(signal));
    } finally {
      letGo();
    }
  }

  private async follow<T>(
    work: (workspace: OwnWorkspace, signal: AbortSignal) => Promise<T>,
    stop: AbortSignal,
  ): Promise<T> {
    const call = work(this.workspace, stop).catch((error: unknown) => {
      throw this.worded(error, stop);
    });
    this.underWay.add(call);
    try {
      return await call;
    } finally {
      this.underWay.delete(call);
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
    try {
      stop.throwIfAborted();
      for await (const item of await work(this.workspace, stop)) {
        yield item;
        if (isLast?.(item)) return;
        stop.throwIfAborted();
      }
      if (isLast) stop.throwIfAborted();
    } catch (error) {
      throw this.worded(error, stop);
    }
  }

  /** Aborts what is under way, waits until it has ended, and closes the sessions. */
  async close(): Promise<void> {
    this.closing.abort(new DOMException('the campaign was closed', 'AbortError'));
    await Promise.allSettled(this.underWay);
    await this.workspace.close();
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
    const explained = this.workspace.explain(error);
    if (signal.aborted && !(error instanceof CampaignError)) return signal.reason;
    return wordedForLibrary(explained);
  }
}
