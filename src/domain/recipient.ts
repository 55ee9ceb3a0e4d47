import type { MessageFile } from './message-file.js';

/** A recipient as the ledger has it. */
export interface Recipient {
  seq: number;
  email: string;
  /** Normalised address: domain as A-labels. */
  emailNorm: string;
  fields: Readonly<Record<string, string>>;
  attempts: number;
  /** Files that go with its message alone, where rows have any. */
  files?: readonly MessageFile[] | undefined;
  /** When it was due, by the database's clock, if it was tried before or given back. */
  dueAt?: Date | undefined;
  /** How often the relay told of a limit of its own for it, others accepted between. */
  limited?: number | null | undefined;
}

/** Whether the relay has told of a limit of its own for it. */
export const wasTold = ({ limited }: Recipient): boolean => (limited ?? 0) > 0;

/** Which rows to read, and how many of each at most. */
export interface RowsToRead {
  /** Untouched ones above it. */
  afterSeq: number;
  untouched: number;
  deferred: number;
  /** Deferred ones of these alone. */
  among?: readonly number[];
  /** With the files of each. */
  files?: boolean;
}

/** Rows to be tried next. */
export interface NextRows {
  /** Never tried, in the list's order. */
  untouched: Recipient[];
  /** Given back or deferred, and due. */
  deferred: Recipient[];
}

/** A row that was in a dead worker's hands. */
export interface RowInFlight {
  seq: number;
  attempts: number;
}
