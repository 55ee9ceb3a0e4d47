export interface RetryPolicy {
  firstSeconds: number;
  maxSeconds: number;
}

/**
 * How long a recipient refused for now waits before its next attempt, in milliseconds: doubling from the first
 * wait to the limit, then spread by up to a fifth either way so that rows deferred together don't come back together.
 * @param attempts attempts made so far, this one included (1 or more)
 * @param random   a number from 0 to 1
 */
export function retryDelayMs(attempts: number, policy: RetryPolicy, random: number): number {
  const doubled = policy.firstSeconds * 2 ** Math.min(attempts - 1, 30);
  return Math.round(Math.min(doubled, policy.maxSeconds) * 1000 * (0.8 + 0.4 * random));
}
