import type { RecipientStatus } from './states.js';
import type { Suppression } from './suppression.js';

/** A row of the ledger that somebody has, and what it holds of them. */
export interface HeldRow {
  /** The send. */
  id: number;
  name: string;
  email: string;
  status: RecipientStatus;
  /** The list's other columns. */
  fields: Record<string, unknown> | null;
  /** The server's words, or why there are none. */
  response: string | null;
  sentAt: Date | null;
  /** Names of the files that went, or are to go, with its message alone; as far as they are kept. */
  files: string[];
}

/** What is held of somebody, and what of it was blanked. */
export interface Forgotten {
  /** In its normal form. */
  email: string;
  /** As they were. */
  rows: HeldRow[];
  /** Events whose words name the address. */
  events: number;
  /** What keeps them from being mailed, which stays. */
  suppressions: Suppression[];
  /** Rows and events that were blanked. */
  blanked: number;
  /** Rows that are to be mailed yet, and need what they hold for it. */
  left: number;
}

/** In place of words that may name somebody. */
export const FORGOTTEN = 'forgotten';
