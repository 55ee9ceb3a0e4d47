/** A recipient as the ledger has it. */
export interface Recipient {
  seq: number;
  email: string;
  /** Normalised address: domain as A-labels. */
  emailNorm: string;
  fields: Readonly<Record<string, string>>;
  attempts: number;
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
