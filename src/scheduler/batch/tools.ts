import type { Clock, Lease } from '../../domain/lease.js';
import type { RetryPolicy } from '../../domain/retry-delay.js';
import type { Report } from '../../domain/scheduler-events.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { FileMemory } from '../files/file-memory.js';
import type { RelayHold } from '../hold/relay-hold.js';
import type { Ledger, Recorder } from '../ports.js';
import type { InFlightLimit } from './in-flight-limit.js';

/** What a batch works with; one for all batches of a process. */
export interface BatchTools {
  ledger: Ledger;
  dispatcher: Dispatcher;
  recorder: Recorder | null;
  inFlightLimit: InFlightLimit;
  files: FileMemory;
  hold: RelayHold;
  clock: Clock;
  lease: Lease;
  random: () => number;
  report: Report;
  retry: RetryPolicy;
  /** From a send's begin and the relay's last acceptance on, after which nobody is tried on beyond his attempts. */
  giveUpMs: number;
  /** Server failures in a row after which the send pauses itself. */
  maxServerFailures: number;
  /**
   * Each send has one batch (`--once`): it ends at the first server failure instead of waiting the backoff out, and sees too
   * little to tell what is said of a recipient from a limit of the relay's.
   */
  isBrief: boolean;
  /** Nothing more starts; what is on the wire may end. */
  stopping: AbortSignal;
  /** Waiting is over: what cannot be recorded now is left to the next claim. */
  abandoned: AbortSignal;
}
