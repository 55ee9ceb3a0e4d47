import { safeCsv } from './safe-csv.js';
import type { Suppression } from './suppression.js';

/** The columns of our own export, which an import knows again by the first three. */
export const EXPORT_HEADER = ['email', 'topic', 'reason', 'source', 'since'] as const;

export const exportHeader = (): string => safeCsv([EXPORT_HEADER]);

/** Entries as lines of our own export, from which all of them can be put back as they were. */
export const exportLines = (entries: readonly Suppression[]): string =>
  safeCsv(
    entries.map(({ emailNorm, topic, reason, source, createdAt }) => [
      emailNorm,
      topic,
      reason,
      source,
      createdAt.toISOString(),
    ]),
  );
