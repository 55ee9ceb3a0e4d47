import type { FilledMessage } from '../domain/message.js';
import type { DeliveryResult, Verdict } from '../domain/verdict.js';

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
