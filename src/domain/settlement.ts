import type { Claim, SendState } from './claim.js';
import type { RowInFlight } from './recipient.js';
import type { SuppressionChanges } from './suppression.js';

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

/** A server's words of refusal. */
export interface Refusal {
  code: number | null;
  enhanced: string | null;
  text: string;
}

/** Pending rows that were given up; `lastSeq` is the last of them, null where none was left. */
export interface GivenUp {
  rows: number;
  lastSeq: number | null;
}

/** A pending row that is suppressed, and the words of the reason. */
export interface Skip {
  seq: number;
  text: string;
}

/** One step of a batch: what came in is recorded and as many rows are marked anew, in one transaction. */
export interface Step {
  settlements: readonly Settlement[];
  mark: readonly number[];
  /** Suppressed ones, which are skipped. */
  skip: readonly Skip[];
  /** The version of the suppressions up to which those to mark were checked; null where they are in the step's own transaction. */
  known: number | null;
  /** The cursor before this step: no untouched row above it and up to `cursorSeq` may be left out of `mark` and `skip`. */
  fromSeq: number;
  cursorSeq: number;
  settledSeq: number;
}

export type StepResult =
  /** Committed. */
  | { kind: 'done' }
  /** Nothing written: the send no longer runs, so nothing may be marked; what came in can still be recorded. */
  | { kind: 'not-running'; state: SendState }
  /** Nothing written: the suppressions have changed, so the rows are to be checked in the transaction that marks them. */
  | { kind: 'suppressions-changed' }
  /** Nothing written: the claim is no longer ours. */
  | { kind: 'lost' }
  /** Nothing written: something is not as we left it, or was not for a moment; `reconcile` tells how it is. */
  | { kind: 'mismatch' };

/** What a step finds that checks its rows in its own transaction. */
export interface CheckedRows {
  changes: SuppressionChanges;
  /** Of the addresses asked for those that are suppressed, with the words of the reason. */
  suppressed: ReadonlyMap<string, string>;
}

/** Makes the step of what was found. May be asked more than once. */
export type PlanStep = (found: CheckedRows) => Step;

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
