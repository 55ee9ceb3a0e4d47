import type { Forgotten } from '../domain/forgotten.js';
import type { Suppression, SuppressionCheck, SuppressionResult } from '../domain/suppression.js';
import type { Calls } from './calls.js';
import type * as given from './library-suppression-types.js';

/** What the library does with those who must not be mailed. */
export class SuppressionCalls {
  readonly #calls: Calls;

  /** @internal */
  protected constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** Keeps addresses, and whole domains (`@example.org`), from being mailed from when it is fulfilled, in every send. */
  suppress(
    addresses: string | readonly string[],
    options: given.SuppressOptions = {},
  ): Promise<SuppressionResult> {
    return this.#calls.run(async (on) =>
      (await import('./suppressions-for-library.js')).suppressForLibrary(on, addresses, options),
    );
  }

  /** Lets addresses be mailed again: those given, or those whose entries fit. */
  unsuppress(options: given.UnsuppressOptions): Promise<SuppressionResult> {
    return this.#calls.run(async (on) =>
      (await import('./suppressions-for-library.js')).unsuppressForLibrary(on, options),
    );
  }

  /** What keeps each address from being mailed; no entries where nothing does. */
  checkSuppressed(
    addresses: string | readonly string[],
    options: given.CheckSuppressedOptions = {},
  ): Promise<SuppressionCheck[]> {
    return this.#calls.run(async (on) =>
      (await import('./suppressions-for-library.js')).checkForLibrary(on, addresses, options),
    );
  }

  /** Who must not be mailed, and why, in the order of their addresses. */
  suppressions(
    options: given.SuppressionsOptions = {},
  ): AsyncGenerator<Suppression, void, undefined> {
    return this.#calls.iterate(async (on) => {
      const { suppressionOptions } = await import('./suppression-options.js');
      const { eachSuppression } = await import('./suppression-pages.js');
      return eachSuppression(on, suppressionOptions.list(options));
    }, options?.signal);
  }

  /** Suppresses everybody on a list; run again, what was cut short is completed. */
  importSuppressions(options: given.ImportSuppressionsOptions): Promise<SuppressionResult> {
    return this.#calls.run(
      async (on, signal) =>
        (await import('./suppressions-for-library.js')).importForLibrary(on, options, signal),
      { signal: options?.signal, streams: [options?.list] },
    );
  }

  /** What is held of somebody; with `blank` all of it is blanked but what keeps them from being mailed. */
  forget(address: string, options: given.ForgetOptions = {}): Promise<Forgotten> {
    return this.#calls.run(async (on) => {
      const { suppressionOptions } = await import('./suppression-options.js');
      const { forget } = await import('./forget.js');
      const { blank = false, ...who } = suppressionOptions.forget(address, options);
      return forget(on, { ...who, blank });
    });
  }
}
