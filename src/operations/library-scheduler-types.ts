import type { SchedulerEvent } from '../domain/scheduler-events.js';

/** A private key that signs messages (DKIM); its public half must stand in DNS. */
export interface DkimKeyOptions {
  /** Whose mail it signs: what comes from it and, where that has no key of its own, from a domain below it. */
  domain: string;
  /** `news` for `news._domainkey.example.org`. */
  selector: string;
  /** In PEM: RSA of 1,024 bits at least (2,048 are advised), or Ed25519; without a passphrase. */
  key: string;
}

export interface RunSchedulerOptions {
  /** Each signs what comes from its domain, several of one domain all; without any nothing is signed. */
  dkim?: readonly DkimKeyOptions[] | undefined;
  /** Header fields that the relay changes, such as `Date`: they are not signed. */
  dkimSkipHeaders?: readonly string[] | undefined;
  /** `idle`: until no send is running any more; `once`: one batch of each send that is due; `stopped` when left out. */
  until?: 'idle' | 'once' | 'stopped' | undefined;
  /** Stops it: what is on the wire ends, then the promise is fulfilled. */
  signal?: AbortSignal | undefined;
  /** Told of all that it does. Where it throws, the scheduler stops as by the signal, and rejects with that. */
  onEvent?: ((event: SchedulerEvent) => void) | undefined;
  /** With `idle`: wait no longer for deferred recipients, a held relay, or a rate that is used up. */
  maxWaitSeconds?: number | undefined;
  /** SMTP connections, 1 to 1000; 8 when left out. */
  connections?: number | undefined;
  /** Reconnect after so many messages; never when left out. */
  messagesPerConnection?: number | undefined;
  /** Look for work this often; 5 when left out. */
  pollSeconds?: number | undefined;
  /** When stopped, let messages on the wire end for so long; 30 when left out. */
  drainSeconds?: number | undefined;
  /** As SESSION_TTL_SECONDS. */
  sessionTtlSeconds?: number | undefined;
  /** As CAMPAIGN_RETRY_FIRST_SECONDS. */
  retryFirstSeconds?: number | undefined;
  /** As CAMPAIGN_RETRY_MAX_SECONDS. */
  retryMaxSeconds?: number | undefined;
  /** As CAMPAIGN_MAX_SERVER_FAILURES. */
  maxServerFailures?: number | undefined;
  /** As CAMPAIGN_BACKOFF_MAX_SECONDS. */
  backoffMaxSeconds?: number | undefined;
  /** As CAMPAIGN_BLOCK_AFTER. */
  blockAfter?: number | undefined;
  /** As CAMPAIGN_HOLD_MAX_SECONDS. */
  holdMaxSeconds?: number | undefined;
  /** As CAMPAIGN_GIVE_UP_SECONDS. */
  giveUpSeconds?: number | undefined;
  /** As CAMPAIGN_MESSAGE_MEMORY_MB. */
  messageMemoryMb?: number | undefined;
  /** As CAMPAIGN_FILE_DAYS. */
  fileDays?: number | undefined;
}
