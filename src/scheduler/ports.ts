import type {
  BatchEnd,
  Claim,
  ClaimedSend,
  Reconciled,
  SendState,
  SilentClaim,
  StaleClaim,
  Unsignable,
  Work,
} from '../domain/claim.js';
import type { ConnectionLimit } from '../domain/connection-limit.js';
import type { ShareReading, ShareState } from '../domain/connection-share.js';
import type { Flight, FlightLog } from '../domain/flight.js';
import type { LeaseReading, LeaseState } from '../domain/leases.js';
import type { FilledMessage, StoredMessage } from '../domain/message.js';
import type { MessageFile } from '../domain/message-file.js';
import type { NextRows, Recipient, RowsToRead } from '../domain/recipient.js';
import type { Run } from '../domain/refusal-watch.js';
import type { LimitKind, NewHold, RelayProbe, RelayState } from '../domain/relay.js';
import type { Reply, Stage } from '../domain/reply.js';
import type {
  GivenUp,
  PlanStep,
  ReclaimedRows,
  Refusal,
  Settlement,
  SettleRows,
  Step,
  StepResult,
  TakenOver,
} from '../domain/settlement.js';
import type { NewSuppression, SuppressionChanges } from '../domain/suppression.js';
import type { DeliveryResult, Verdict } from '../domain/verdict.js';
import type { BackingOff, KnownWorker, WorkerIdentity } from '../domain/worker.js';

/** What the scheduler needs of the outside, in its own words; `smtp`, `message`, `store` and `host` fit, tests may bring others. */

/** What a file holds: base64, in lines that end in CRLF. */
export type FileContents = (file: MessageFile) => Buffer;

/** A send's message, compiled once. */
export interface CompiledMessage {
  /** Files that every message has. */
  readonly files: readonly MessageFile[];
  /** What the files of one row have at most beside those, as they are sent; 0 where rows have none. */
  readonly rowFilesBytes: number;
  /** What the largest message has at least: values of its templates aside. */
  readonly leastBytes: number;
  /**
   * @param contents what its files hold, and those of the recipient: needed where there are any
   * @throws Error when a template cannot be rendered with these fields
   */
  fill(recipient: Recipient, now: Date, contents?: FileContents): FilledMessage;
  /**
   * In place of `fill`, where other threads have a part in making a message, as in one that is signed: it is made ahead
   * then. Rejects as `fill` throws.
   */
  make?(recipient: Recipient, now: Date, contents?: FileContents): Promise<FilledMessage>;
}

/** A message for a connection, and who is told what came of it. */
export interface Transmission {
  message: FilledMessage;
  /** Where the server's limits space messages: what is waited for before each MAIL but one behind a dot. */
  turn: { wait(): Promise<void> | null } | null;
  /** Asked right before MAIL and right before the body: false ends it as `not-started` with nothing accepted. */
  mayProceed(): boolean;
  /** Asked right before the write that carries the final dot: false cuts the line before it, as `not-started`. */
  mayEnd(): boolean;
  /** @param result what the wire saw, of which the verdict was made */
  done(verdict: Verdict, result: DeliveryResult): void;
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
  /** How many connections may be used; the transport tells it how many the server takes, whoever uses it the rest. */
  readonly limit: ConnectionLimit;
  /** Connections that could start a message at once without waiting for another to end. */
  readonly free: number;
  /** Connections that stand and wait for a message. */
  readonly warm: number;
  /** Connections that carry messages, are being made, or made ready for the next. */
  readonly active: number;
  /** Sockets that are not closed, or are being opened. */
  readonly open: number;
  /** So many connections may be used, where hosts share them: those that are idle beyond that are closed. */
  allow(connections: number): void;
  /** Messages whose text is on the wire: what a stop has to wait for. */
  readonly onTheWire: number;
  /** Milliseconds from the end of a message to the reply to it: an average of the last ones. */
  readonly acceptanceMs: number;
  /** Bytes that the server takes in a message, for which it may have to be connected to; null where it has not said. */
  maxSize(): Promise<number | null>;
  /** Called whenever a connection has become free. */
  onFree: (() => void) | null;
  /** Closes idle connections now and busy ones when their message has ended; resolves when all are closed. */
  close(): Promise<void>;
  /** Cuts every connection at once: messages under way end as broken. */
  destroy(): void;
}

/**
 * The database, as the scheduler needs it. Every method throws CampaignError DATABASE_UNREACHABLE when the database
 * cannot serve it now; after that the fate of what was asked is not known until `reconcile`.
 */
export interface Ledger {
  /** Of sends that need a DKIM key only those that we have one for. */
  findWork(limit: number): Promise<Work[]>;
  /** Some of the sends that are due, and that no scheduler alive has the DKIM key for which they need. */
  findUnsignable(): Promise<Unsignable[]>;
  /**
   * Sends that still have something to do now or later, those aside whose START_AT is ahead, or that need a DKIM key which
   * we have not and that nobody holds.
   */
  countUnfinished(maxWaitSeconds: number | null): Promise<number>;
  findStale(): Promise<StaleClaim[]>;
  /** Claims that will be stale, unless their workers come back. */
  findSilent(): Promise<SilentClaim[]>;
  /** Frees a stale claim; its `sending` rows become `unknown`. Null when somebody else was first. */
  reclaim(stale: StaleClaim, actor: string): Promise<{ unknown: number } | null>;
  /** Workers that ran, or run, on this boot of our host's kernel, `worker` aside. */
  findNeighbours(bootId: string, worker: string): Promise<KnownWorker[]>;
  findClaimsOf(worker: string): Promise<StaleClaim[]>;
  /**
   * Frees the claim of a worker proved dead. Where it was recorded, `settle` says what became of each row that was in its
   * hands; what that leaves out, and all rows where it is null, become `unknown`. Null when somebody else was first.
   */
  takeOver(dead: StaleClaim, actor: string, settle: SettleRows | null): Promise<TakenOver | null>;
  /** What others made `unknown` when they took a dead worker's claim; null when nobody did. */
  findReclaimed(sendId: number, by: string): Promise<ReclaimedRows | null>;
  claim(sendId: number, by: string, firstTime: boolean): Promise<ClaimedSend | null>;
  /** Frees a claim whose request ended in an error, if it took effect after all. */
  unclaim(sendId: number, by: string): Promise<void>;
  loadMessage(sendId: number, version: number): Promise<StoredMessage>;
  /** The row with the largest file. */
  largestRowFile(sendId: number): Promise<{ email: string; name: string } | undefined>;
  /** Whether the send has paused before because the server does not take the messages of some rows. */
  wasToldTooLarge(sendId: number): Promise<boolean>;
  /** Removes some of what the files of sends hold that ended so many days ago. @returns whether there may be more */
  removeOldFiles(days: number): Promise<boolean>;
  /** Untouched rows above `afterSeq` and deferred ones that are due, so many of each at most. */
  nextRows(sendId: number, read: RowsToRead): Promise<NextRows>;
  step(claim: Claim, step: Step): Promise<StepResult>;
  /** The same where rows of these addresses are checked in the step's own transaction, and `plan` says what is done. */
  checkedStep(
    claim: Claim,
    asked: { known: number; topic: string; norms: readonly string[] },
    plan: PlanStep,
  ): Promise<StepResult>;
  /** What has changed of the suppressions, as far as a send of this topic is concerned. */
  suppressionChanges(known: number, topic: string): Promise<SuppressionChanges>;
  /** Keeps these entries, from now on and for every send. */
  suppress(entries: readonly NewSuppression[]): Promise<void>;
  /** Of these addresses those that a send of this topic may not mail, with the words of the reason. */
  findSuppressed(norms: readonly string[], topic: string): Promise<ReadonlyMap<string, string>>;
  /** The claim, numbered anew, and its rows `sending`, after any earlier transaction of it has ended; null when it is lost. */
  reconcile(claim: Claim): Promise<Reconciled | null>;
  state(claim: Claim): Promise<SendState>;
  /** Results that came after the claim was lost may settle this claim's own `unknown` rows. */
  settleLate(claim: Claim, settlements: readonly Settlement[]): Promise<number>;
  /**
   * Pauses the send for a reason of the server's, giving a run of refused rows back as they were before it.
   * @param told.rowsTooLarge the reason is what `wasToldTooLarge` asks for
   */
  pauseItself(
    claim: Claim,
    reason: string,
    giveBack: Run | null,
    told?: { rowsTooLarge: boolean },
  ): Promise<boolean>;
  /** Fails a page of pending rows above `afterSeq`, untried, in the relay's words; null when the claim is lost or the send stopped. */
  failPending(claim: Claim, afterSeq: number, refusal: Refusal): Promise<GivenUp | null>;
  /** Ends the batch: LAST_BATCH_AT (when `worked`), completion, and the claim is let go. */
  endBatch(claim: Claim, end: { worked: boolean; exhausted: boolean }): Promise<BatchEnd>;
  /** What is leased of the relay's limits, and what they are. */
  readLeases(): Promise<LeaseReading>;
  /** False when somebody else has leased since this version. */
  writeLeases(version: number | null, state: LeaseState): Promise<boolean>;
  /** Who has how many of the relay's connections. */
  readShares(): Promise<ShareReading>;
  /** False when somebody else has written since this version. */
  writeShares(version: number | null, state: ShareState): Promise<boolean>;
  beat(worker: WorkerIdentity, backingOff: BackingOff | null): Promise<void>;
  leave(worker: string): Promise<void>;
}

/** The relay's row in the database, which all hosts see and write. Errors as the ledger's. */
export interface SharedRelay {
  read(): Promise<RelayState>;
  /** @param agoMs how long ago at most it accepted a message */
  noteAccepted(agoMs: number): Promise<void>;
  /** Also gives rows back that its limit was charged to, as they were before. False when another hold stands, or stood. */
  raise(hold: NewHold, deferred: ReadonlyMap<number, Run>): Promise<boolean>;
  /** Those below are false when the hold is not the claim's to probe. */
  winProbe(probe: RelayProbe & { waitMs: number }): Promise<boolean>;
  keepProbe(probe: RelayProbe & { waitMs: number }): Promise<boolean>;
  returnProbe(probe: RelayProbe): Promise<boolean>;
  extend(probe: RelayProbe & { kind: LimitKind; reason: string; waitMs: number }): Promise<boolean>;
  end(probe: RelayProbe): Promise<boolean>;
  /** An operator's hold whose time is over ends. */
  lapse(hold: { holdId: number; actor: string }): Promise<boolean>;
}

/** Keeps for a successor how far each message in our hands has come. */
export interface Recorder {
  /** Whether it records; false for good once it could not. */
  readonly works: boolean;
  /** The final dot may be written from now on; false when this, or something before it, could not be noted. */
  begin(flight: Flight): boolean;
  /** The reply that ended the message's transaction. */
  answered(flight: Flight, stage: Stage, reply: Reply): void;
  /** These rows of the claim are recorded in the ledger. */
  settled(claim: number, seqs: readonly number[]): void;
  /** The claim was let go. */
  ended(claim: number): void;
  /** The claim was taken by somebody else. */
  lost(claim: number): void;
}

/** What our host tells of the workers on it. */
export interface Host {
  /** Null where there is none. */
  readonly recorder: Recorder | null;
  /** Whether the worker's death is proved. Never rejects. */
  isDead(worker: KnownWorker): Promise<boolean>;
  /** What a dead worker recorded; null where there is nothing to be believed. */
  readFlights(worker: KnownWorker): FlightLog | null;
  /** Removes what a dead worker left on it. */
  forget(worker: KnownWorker): void;
  /** Removes what we leave ourselves: nothing is left to settle. */
  close(): void;
}
