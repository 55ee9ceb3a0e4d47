import type { ImportProgress } from '../domain/queued.js';
import type { Suppression } from '../domain/suppression.js';
import type { Pieces } from './library-shared-types.js';

export interface SuppressOptions {
  /** A no to sends of this topic alone; to everything when left out. */
  topic?: string | undefined;
  /** Why. */
  reason?: string | undefined;
  /** What writes it; `library` when left out. */
  source?: string | undefined;
  /** Take the whole domain of a large provider, such as `@gmail.com`. */
  wholeProviders?: boolean | undefined;
}

/** Which suppressions are meant: those that fit all that is given. */
export interface SuppressionFilterOptions {
  /** Empty: those to everything. */
  topic?: string | undefined;
  /** `import` stands for every import. */
  source?: string | undefined;
  /** Words of the reason. */
  reason?: string | undefined;
  /** From this time on. */
  since?: Date | undefined;
  /** From before this time. */
  until?: Date | undefined;
  domain?: string | undefined;
}

/** Addresses, a filter, or of some addresses what fits a filter. */
export interface UnsuppressOptions extends SuppressionFilterOptions {
  addresses?: string | readonly string[] | undefined;
  /** Count what would be removed, and change nothing. */
  dryRun?: boolean | undefined;
  /** Told what is about to be removed, and waited for: what it throws leaves that as it is. */
  onRemoving?: ((entries: readonly Suppression[]) => Promise<void> | void) | undefined;
}

export interface CheckSuppressedOptions {
  /** Of the send that is meant; left out, an entry of any topic counts. */
  topic?: string | undefined;
}

export interface SuppressionsOptions extends SuppressionFilterOptions {
  signal?: AbortSignal | undefined;
}

export interface ImportSuppressionsOptions extends SuppressOptions {
  /** A provider's export, ours, JSON of either, or an address a line: a path, or the pieces of it. */
  list: string | Pieces;
  /** The column that holds the address: its header, or its position from 1. */
  emailColumn?: string | undefined;
  /** What the list is written in; found when left out. */
  encoding?: string | undefined;
  /** Take those too whose columns say that they may be mailed. */
  everybody?: boolean | undefined;
  /** Ends it; what was read till then is suppressed. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: ImportProgress) => void) | undefined;
}

export interface ForgetOptions {
  /** Blank what may be blanked; left out, it is only shown. */
  blank?: boolean | undefined;
}
