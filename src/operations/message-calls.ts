import type { Linted } from '../domain/lint.js';
import type { Preview } from '../domain/preview.js';
import type { Tested } from '../domain/tested.js';
import type { Calls } from './calls.js';
import type * as given from './library-types.js';
import type { Opened } from './open-workspace.js';
import { options as read } from './options.js';
import { streamsOf } from './queue-file-options.js';
import { SuppressionCalls } from './suppression-calls.js';

/** What the library does with a message before it goes out: of a send, or of what `queue` is given. */
export class MessageCalls extends SuppressionCalls {
  readonly #calls: Calls;
  readonly #opened: Opened;

  /** @internal */
  protected constructor(calls: Calls, opened: Opened) {
    super(calls);
    this.#calls = calls;
    this.#opened = opened;
  }

  /**
   * One recipient's message as it would arrive, of a send, or of what `queue` is given; for the latter no database is needed.
   * Of Date, Message-ID and links to unsubscribe, which are made when it is sent, it has words in their place.
   */
  preview(of: number | given.QueueOptions, options: given.PreviewOptions = {}): Promise<Preview> {
    return this.#calls.run(
      async (on, stop) =>
        (await import('./preview-for-library.js')).previewForLibrary(on, of, options, stop),
      { signal: Object(of).signal, streams: streamsOf(Object(of)) },
    );
  }

  /**
   * Sends a message to testers, as recipients get it: of a send, or of what `queue` is given. `trouble` says why one was not
   * accepted. Mailed by a scheduler that runs or, with `now`, from here.
   */
  test(of: number | given.QueueOptions, options: given.TestOptions): Promise<Tested> {
    return this.#calls.run(
      async (_, signal) =>
        (await import('./test-for-library.js')).testForLibrary(this.#opened, of, options, signal),
      {
        signal: options?.signal,
        streams: streamsOf(Object(of)),
        drainSeconds: read.drainSeconds({}),
      },
    );
  }

  /**
   * What is wrong with a message, as the first rows of its list get it: of a send (`{ id }`), or of what `queue` is given; for
   * the latter no database is needed.
   */
  lint(
    of: number | { id: number } | given.QueueOptions,
    options: given.LintOptions = {},
  ): Promise<Linted> {
    return this.#calls.run(
      async (_, stop) =>
        (await import('./lint-for-library.js')).lintForLibrary(this.#opened, of, options, stop),
      { signal: Object(of).signal, streams: streamsOf(Object(of)) },
    );
  }
}
