import type { DkimMode } from './dkim.js';
import type { Controls } from './pacing.js';
import type { RelayState } from './relay.js';
import type { SendStatus } from './states.js';

/** A running send that nobody holds, and when its next batch is due; zero or less is now. */
export interface Work {
  sendId: number;
  dueInMs: number;
  /** How many its batch would have `sending` if it could; 0 when DELAY_MS spaces them out. */
  rows: number;
  /** Test mails, for which somebody waits: before all others. */
  goesFirst: boolean;
}

/** A send that is due and waits for a DKIM key of its From domain. */
export interface Unsignable {
  sendId: number;
  domain: string;
}

/**
 * The worker's hold on a send. `by` is unique per claim; ledger rows carry `number`, which grows with each claim and each
 * time its holder has to read how things stand.
 */
export interface Claim {
  sendId: number;
  by: string;
  number: number;
}

export interface ClaimedSend {
  claim: Claim;
  controls: Controls;
  maxAttempts: number;
  /** Rows above it have never been touched. */
  cursorSeq: number;
  /** Since it was first claimed. */
  startedMsAgo: number;
  /** As it is in that moment; null where it has no row yet. */
  relay: RelayState | null;
  /** What it is about; empty where nothing was said. */
  topic: string;
  /** Whether its messages are signed. */
  dkim: DkimMode;
  /** The version of the suppressions up to which its ledger was checked when it was imported. */
  checkedVersion: number;
  /** Of its message: what it goes out with until the claim is let go. */
  messageVersion: number;
  /** Whether it is of test mails. */
  isTest: boolean;
}

export interface StaleClaim {
  sendId: number;
  by: string | null;
}

/** A claim that still stands, of a worker that shows no sign of life. Times by the database's clock. */
export interface SilentClaim {
  sendId: number;
  by: string;
  /** Since the worker was last seen or, when it has left, renewed the claim. */
  silentMs: number;
  now: Date;
  takenOverAt: Date;
}

/** How a send stands now. `held`: the claim that asked still holds it. */
export interface SendState {
  status: SendStatus;
  controls: Controls;
  held: boolean;
  /** Null where it has no row yet. */
  relay: RelayState | null;
  /** How far the suppressions have changed. */
  suppressionVersion: number;
}

/** What `reconcile` found: the claim, with a new number, and the rows `sending` under it. */
export interface Reconciled {
  claim: Claim;
  sending: ReadonlySet<number>;
}

export type BatchEnd =
  /** `unknown`: how many of the send's recipients are, if any. */
  | { kind: 'released'; status: SendStatus; unknown?: number }
  | { kind: 'lost' }
  /** Rows are `sending` under our claim that we don't know of. */
  | { kind: 'strays' };
