import type { FilledMessage } from '../../domain/message.js';
import type { DeliveryResult, Verdict } from '../../domain/verdict.js';
import type { ServerSign } from './server-health.js';

/** One message waiting for a connection. */
export interface Job {
  owner: JobOwner;
  /** Ahead of what others have waiting. */
  goesFirst: boolean;
  /**
   * Null where it is not ready: it is submitted again once it is.
   * @throws Error when the message cannot be made
   */
  message(): FilledMessage | null;
  mayProceed(): boolean;
  /** Right before the final dot. */
  mayEnd(): boolean;
  done(verdict: Verdict, result: DeliveryResult): { sign: ServerSign; reason: string };
}

export interface JobOwner {
  /** The server failed anew, or is crowded: nothing more will start until it has been waited for. */
  trouble(reason: string, crowded: boolean): void;
  /** A connection is free, or the server may be tried again. */
  wake(): void;
}
