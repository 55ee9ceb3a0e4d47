import type {
  BackingOff,
  BatchEnd,
  Claim,
  ClaimedSend,
  FilledMessage,
  MessageSource,
  NextRows,
  Recipient,
  ReclaimedRows,
  Reconciled,
  SendState,
  Settlement,
  SettleRows,
  SilentClaim,
  StaleClaim,
  Step,
  StepResult,
  TakenOver,
  Work,
  WorkerIdentity,
} from '../domain/delivery.js';
import type { Flight, FlightLog } from '../domain/flight.js';
import type { KnownWorker } from '../domain/life.js';
import type { Reply, Stage } from '../domain/outcome.js';
import type { Run } from '../domain/refusal-watch.js';

/** What the scheduler needs of the outside, in its own words; `mail` and `store` fit, tests may bring others. */

/** A send's message, compiled once. */
export interface CompiledMessage {
  /** @throws Error when a template cannot be rendered with these fields */
  fill(recipient: Recipient, now: Date): FilledMessage;
}

/**
 * The database, as the scheduler needs it. Every method throws CampaignError DATABASE_UNREACHABLE when the database
 * cannot serve it now; after that the fate of what was asked is not known until `reconcile`.
 */
export interface Ledger {
  findWork(limit: number): Promise<Work[]>;
  /** Sends that still have something to do now or later, those whose START_AT is ahead aside. */
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
  loadMessage(sendId: number): Promise<MessageSource>;
  /** Untouched rows above `afterSeq` and deferred ones that are due, so many of each at most. */
  nextRows(
    sendId: number,
    read: { afterSeq: number; untouched: number; deferred: number },
  ): Promise<NextRows>;
  step(claim: Claim, step: Step): Promise<StepResult>;
  /** The claim, numbered anew, and its rows `sending`, after any earlier transaction of it has ended; null when it is lost. */
  reconcile(claim: Claim): Promise<Reconciled | null>;
  state(claim: Claim): Promise<SendState>;
  /** Results that came after the claim was lost may settle this claim's own `unknown` rows. */
  settleLate(claim: Claim, settlements: readonly Settlement[]): Promise<number>;
  /** Pauses the send for a reason of the server's, giving a run of refused rows back as they were before it. */
  pauseItself(claim: Claim, reason: string, giveBack: Run | null): Promise<boolean>;
  /** Ends the batch: LAST_BATCH_AT (when `worked`), completion, and the claim is let go. */
  endBatch(claim: Claim, end: { worked: boolean; exhausted: boolean }): Promise<BatchEnd>;
  beat(worker: WorkerIdentity, backingOff: BackingOff | null): Promise<void>;
  leave(worker: string): Promise<void>;
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
