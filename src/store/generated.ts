/** What the digits of the generated columns mean, as the files of `sql/` define them (0003, 0009). */

/**
 * CAMPAIGN_SEND_RESULTS.ATTENTION: null for rows that are untouched, `sent`, or `sending` at their first attempt. The
 * first three are the whole of a status, and have no NEXT_ATTEMPT_AT.
 */
export const ATTENTION = {
  failed: 1,
  unknown: 2,
  skipped: 3,
  /** `pending`, and deferred or given back. */
  deferred: 4,
  /** `sending` after that. */
  deferredSending: 5,
} as const;

/** CAMPAIGN_SENDS.DUE, of a send that nobody holds; null where nothing is to be done. */
export const DUE = {
  /** Its next batch is due at DUE_AT. */
  batch: 1,
  /** Nothing is left of it but deferred rows: not before the first of them is due either. */
  deferred: 2,
  /** Rows are in flight under no claim. */
  strays: 3,
} as const;
