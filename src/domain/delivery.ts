/** What the scheduler, the ledger and the sending path tell each other. */

import type { LifeSign } from './life.js';
import type { DeliveryResult } from './outcome.js';
import type { SendStatus } from './states.js';

/** SMTP envelope of one message. `to` has its domain as A-labels; `utf8` when only SMTPUTF8 (RFC 6531) can carry it. */
export interface Envelope {
  from: string;
  to: string;
  utf8: boolean;
}

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

/** A message filled for one recipient: CRLF lines, dot-stuffed, without the final dot. */
export interface FilledMessage {
  envelope: Envelope;
  data: string;
}

/** A message for a connection, and who is told what came of it. */
export interface Transmission {
  message: FilledMessage;
  /** Asked right before MAIL and right before the body: false ends it as `not-started` with nothing accepted. */
  mayProceed(): boolean;
  /** Asked right before the write that carries the final dot: false cuts the line before it, as `not-started`. */
  mayEnd(): boolean;
  done(result: DeliveryResult): void;
}

/** What gives the message that is to follow on a connection; null when there is none. */
export type Following = () => Transmission | null;

/** Warm SMTP connections to one server. */
export interface Transport {
  /**
   * Sends a message, and then those that `following` gives, over one connection: where the server allows it, the
   * commands of the next go out behind the dot of the last. Resolves when all are done, never rejects.
   */
  carry(first: Transmission, following: Following): Promise<void>;
  /** Who logs in where, for messages: `news at smtp.example.org:587`. */
  readonly login: string;
  /** Connections that could start a message at once without waiting for another to end. */
  readonly free: number;
  /** Connections that carry messages, are being made, or made ready for the next. */
  readonly active: number;
  /** Messages whose text is on the wire: what a stop has to wait for. */
  readonly onTheWire: number;
  /** Milliseconds from the end of a message to the reply to it: an average of the last ones. */
  readonly acceptanceMs: number;
  /** Called whenever a connection has become free. */
  onFree: (() => void) | null;
  /** Closes idle connections now and busy ones when their message has ended; resolves when all are closed. */
  close(): Promise<void>;
  /** Cuts every connection at once: messages under way end as broken. */
  destroy(): void;
}

/** Commands of one message together (RFC 2920), or those of the next behind a message's dot. */
export type WayAhead = 'pipelining' | 'behindDot';

/** Pacing of a send, as the operator last set it. */
export interface Controls {
  batchSize: number;
  delayMs: number;
  cooldownSeconds: number;
}

/** A running send that nobody holds, and when its next batch is due; zero or less is now. */
export interface Work {
  sendId: number;
  dueInMs: number;
  /** How many its batch would have `sending` if it could; 0 when DELAY_MS spaces them out. */
  rows: number;
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

/** A row that was in a dead worker's hands. */
export interface RowInFlight {
  seq: number;
  attempts: number;
}

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
  | { seq: number; to: 'returned'; delayMs: number };

/** One step of a batch: what came in is recorded and as many rows are marked anew, in one transaction. */
export interface Step {
  settlements: readonly Settlement[];
  mark: readonly number[];
  /** The cursor before this step: no untouched row above it and up to `cursorSeq` may be left out of `mark`. */
  fromSeq: number;
  cursorSeq: number;
  settledSeq: number;
}

/** How a send stands now. `held`: the claim that asked still holds it. */
export interface SendState {
  status: SendStatus;
  controls: Controls;
  held: boolean;
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

/** A running scheduler, for CAMPAIGN_WORKERS and CLAIMED_BY. */
export interface WorkerIdentity {
  /** `host:pid:random`, unique per process. */
  worker: string;
  host: string;
  pid: number;
  life: LifeSign;
}

/** Why a worker sends nothing at the moment, and for how long. */
export interface BackingOff {
  ms: number;
  reason: string;
}

/** A send's message as stored. */
export interface MessageSource {
  sendId: number;
  from: string;
  replyTo: string | null;
  subject: string;
  html: string | null;
  text: string | null;
  /** A Liquid template, too. */
  listUnsubscribe: string | null;
  /** Time zone in which `now` and times with an offset are shown. */
  timezone: string;
  fieldNames: string[];
  secret: Buffer;
}
