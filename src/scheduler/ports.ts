import type {
  BackingOff,
  BatchEnd,
  Claim,
  ClaimedSend,
  FilledMessage,
  MessageSource,
  NextRows,
  Recipient,
  Reconciled,
  SendState,
  Settlement,
  SilentClaim,
  StaleClaim,
  Step,
  StepResult,
  Work,
  WorkerIdentity,
} from '../domain/delivery.js';
import type { KnownWorker } from '../domain/life.js';
import type { Run } from '../domain/refusals.js';

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
  /** Frees the claim of a worker proved dead, as `reclaim` does. */
  takeOver(dead: StaleClaim, actor: string): Promise<{ unknown: number } | null>;
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

/** What our host tells of the workers on it. */
export interface Host {
  /** Whether the worker's death is proved. Never rejects. */
  isDead(worker: KnownWorker): Promise<boolean>;
  /** Removes what a dead worker left on it. */
  forget(worker: KnownWorker): void;
  /** Removes what we leave ourselves: nothing is left to settle. */
  close(): void;
}
