import type { Verification } from '../domain/verification.js';

export const verdictJson = ({ id, ok, contradictions }: Verification) => ({
  id,
  ok,
  contradictions: contradictions.map(({ what, expected, found }) => ({ what, expected, found })),
});
