import type { DeliveryResult } from '../domain/outcome.js';

/** What the scheduler needs of the outside, in its own words; `mail` and `store` fit, tests may bring others. */

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

/** A message filled for one recipient: CRLF lines, dot-stuffed, without the final dot. */
export interface FilledMessage {
  envelope: Envelope;
  data: string;
}

/** A send's message, compiled once. */
export interface CompiledMessage {
  /** @throws Error when a template cannot be rendered with these fields */
  fill(recipient: Recipient, now: Date): FilledMessage;
}

/** Warm SMTP connections to one server. */
export interface Transport {
  /**
   * One SMTP transaction; never rejects. `mayProceed` is asked right before MAIL and right before the body:
   * false ends it as `not-started` with nothing accepted.
   */
  deliver(message: FilledMessage, mayProceed: () => boolean): Promise<DeliveryResult>;
  /** Connections that could start a message at once without waiting for another to end. */
  readonly free: number;
  /** Closes idle connections now and busy ones when their message has ended; resolves when all are closed. */
  close(): Promise<void>;
  /** Cuts every connection at once: messages under way end as broken. */
  destroy(): void;
}
