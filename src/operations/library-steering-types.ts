import type { ShownStatus } from '../domain/send.js';
import type { RecipientStatus } from '../domain/states.js';
import type { Pieces } from './library-shared-types.js';

export interface WatchOptions {
  /** Ends the watching: the iteration throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Told at each look that the database is away, which is waited for. */
  onAway?: ((reason: string) => void) | undefined;
}

export interface EventsOptions {
  /** Wait for more, until the signal is aborted. */
  follow?: boolean | undefined;
  /** Ends the iteration, which throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface RecipientsOptions {
  /** Only these. */
  status?: RecipientStatus | undefined;
  signal?: AbortSignal | undefined;
}

export interface ReasonOptions {
  /** Why, for the events. */
  reason?: string | undefined;
}

/** What is left out stays as it is. */
export interface ControlsOptions {
  batchSize?: number | undefined;
  delayMs?: number | undefined;
  cooldownSeconds?: number | undefined;
  /** Messages in a time, such as `5/s`, in place of delayMs and cooldownSeconds. */
  rate?: string | undefined;
}

export interface HoldRelayOptions {
  /** `default`, the relay of `smtpUrl`, when left out. */
  relay?: string | undefined;
  /** How long, 1 to 31,622,400: 366 days. */
  seconds: number;
  /** Why, for `progress` and the events. */
  reason?: string | undefined;
}

export interface LimitRelayOptions {
  /** `default`, the relay of `smtpUrl`, when left out. */
  relay?: string | undefined;
  /** Such as `14/s,500/h,10000/day`, or `none`. */
  rates?: string | undefined;
  /** 1 to 10,000, or `none`. */
  connections?: number | 'none' | undefined;
}

export interface ListOptions {
  /** Only these. */
  status?: ShownStatus | undefined;
  /** Only sends older than this one: the next page. */
  before?: number | undefined;
  /** How many at most, 1 to 1000; 50 when left out. */
  limit?: number | undefined;
  /** Test mails too. */
  tests?: boolean | undefined;
}

/** What unknown recipients are to be, all of them or one. */
export interface ResolveOptions {
  as: 'sent' | 'pending' | 'failed';
  /** Only this one. */
  email?: string | undefined;
}

/** The relay's own log, of Postfix or Exim, that settles unknown recipients. */
export interface ResolveFromLogOptions {
  mailLog: Pieces;
  /** What those are to be whom the log covers and does not name; they stay unknown when it is left out. */
  absent?: 'pending' | undefined;
}

export interface RetryOptions {
  /** `failed` when left out; of the unknown some may get a second copy. */
  from?: 'failed' | 'unknown' | undefined;
  /** Only those answered with `4xx`, `5xx`, a code (`550`) or an enhanced one (`5.1.1`). */
  code?: string | number | undefined;
}
