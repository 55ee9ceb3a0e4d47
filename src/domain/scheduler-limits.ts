/** Smallest, largest and usual value of each figure that a scheduler is run with, all included. */
export const SCHEDULER_LIMITS = {
  /** SMTP connections. */
  connections: { min: 1, max: 1000, default: 8 },
  /** Messages after which a connection is closed; 0: any number. */
  messagesPerConnection: { min: 0, max: 1_000_000, default: 0 },
  /** How often it looks for work. */
  pollSeconds: { min: 1, max: 3600, default: 5 },
  /** When it is stopped, messages on the wire have so long to end. */
  drainSeconds: { min: 0, max: 3600, default: 30 },
  /** How long an idle send is remembered. */
  sessionTtlSeconds: { min: 0, max: 31_536_000, default: 1800 },
  /** First and longest wait of a deferred recipient. */
  retryFirstSeconds: { min: 1, max: 86_400, default: 60 },
  retryMaxSeconds: { min: 1, max: 604_800, default: 3600 },
  /** Failures of the SMTP server in a row, with no success between, after which a send pauses itself. */
  maxServerFailures: { min: 1, max: 1_000_000, default: 10 },
  /** Longest backoff from a failing SMTP server. */
  backoffMaxSeconds: { min: 1, max: 86_400, default: 60 },
  /** Identical refusals in a row after which a send pauses itself and takes them back. */
  blockAfter: { min: 2, max: 1_000_000, default: 20 },
  /** Longest wait until a relay that told of a limit of its own is tried again. */
  holdMaxSeconds: { min: 1, max: 86_400, default: 3600 },
  /** From a send's begin and the relay's last acceptance on, after which nobody is tried on beyond his attempts. */
  giveUpSeconds: { min: 1, max: 31_536_000, default: 259_200 },
  /** Megabytes that files of messages may take in memory. */
  messageMemoryMb: { min: 1, max: 1_048_576, default: 64 },
  /** Days after a send has ended, after which what its files hold is removed. */
  fileDays: { min: 0, max: 36_500, default: 30 },
} as const;

/** Bytes of so many megabytes. */
export const megabytes = (count: number): number => count * 1024 * 1024;

/** How long recipients that are deferred may keep a scheduler from its end. */
export const MAX_WAIT_SECONDS = { min: 0, max: 31_536_000 } as const;
