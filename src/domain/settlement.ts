import type { Claim, SendState } from './claim.js';
import type { RowInFlight } from './recipient.js';

/** What became of one row, to be written to the ledger. */
export type Settlement =
  | { seq: number; to: 'sent'; code: number; enhanced: string | null; text: string }
  | {
      seq: number;
      to: 'failed' | 'unknown';
      code: number | null;
      enhanced: string | null;
      text: string;
    }
  /** Refused for now: counts as an attempt. */
  | {
      seq: number;
      to: 'deferred';
      code: number | null;
      enhanced: string | null;
      text: string;
      delayMs: number;
    }
  /** Given back as it was. */
  | { seq: number; to: 'returned'; delayMs: number }
  /** The same, for the relay told of a limit of its own. */
  | { seq: number; to: 'limited'; delayMs: number; times: number };

/** One step of a batch: what came in is recorded and as many rows are marked anew, in one transaction. */
export interface Step {
  settlements: readonly Settlement[];
  mark: readonly number[];
  /** The cursor before this step: no untouched row above it and up to `cursorSeq` may be left out of `mark`. */
  fromSeq: number;
  cursorSeq: number;
  settledSeq: number;
}

export type StepResult =
  /** Committed. */
  | { kind: 'done' }
  /** Nothing written: the send no longer runs, so nothing may be marked; what came in can still be recorded. */
  | { kind: 'not-running'; state: SendState }
  /** Nothing written: the claim is no longer ours. */
  | { kind: 'lost' }
  /** Nothing written: something is not as we left it, or was not for a moment; `reconcile` tells how it is. */
  | { kind: 'mismatch' };

/** Says what became of such rows. May be asked more than once for the same. */
export type SettleRows = (rows: readonly RowInFlight[], maxAttempts: number) => Settlement[];

/** What taking a claim over came to: the rows, by what became of them. */
export interface TakenOver {
  sent: number;
  failed: number;
  deferred: number;
  returned: number;
  unknown: number;
}

/** Rows that a takeover of this claim left `unknown`. */
export interface ReclaimedRows {
  claim: Claim;
  maxAttempts: number;
  rows: RowInFlight[];
}
