/** Pacing of a send, as the operator last set it. */
export interface Controls {
  batchSize: number;
  delayMs: number;
  cooldownSeconds: number;
}

/** When a send's messages go, as it is queued; what of it may be changed later is its controls. */
export interface Pacing extends Controls {
  maxAttempts: number;
  /** Not before this time. */
  startAt: Date | null;
}

/** Pacing of a send that is queued without a word about it. */
export const PACING_DEFAULTS = {
  batchSize: 100,
  delayMs: 0,
  cooldownSeconds: 5,
  maxAttempts: 5,
} as const;

/** Smallest and largest value of each control, both included. */
export const PACING_LIMITS = {
  batchSize: { min: 1, max: 1_000_000 },
  delayMs: { min: 0, max: 3_600_000 },
  cooldownSeconds: { min: 0, max: 604_800 },
  maxAttempts: { min: 1, max: 100 },
} as const;
