/**
 * CLAIMED_BY: the worker, the claim's ordinal among the worker's, and an `r` where a flight recorder says how far each of
 * its messages has come. It never changes while the claim is held.
 */
export const claimName = (worker: string, ordinal: number, recorded: boolean): string =>
  `${worker}:${ordinal}${recorded ? 'r' : ''}`;

export interface ClaimName {
  worker: string;
  ordinal: number;
  recorded: boolean;
}

/** Null for what is no such name. */
export function parseClaimName(by: string): ClaimName | null {
  const match = /^(.+):(\d{1,9})(r?)$/.exec(by);
  const [, worker, ordinal, recorded] = match ?? [];
  if (worker === undefined) return null;
  return { worker, ordinal: Number(ordinal), recorded: recorded === 'r' };
}
