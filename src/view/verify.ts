import type { Verification } from '../domain/verification.js';
import { printable } from './printable.js';

/** Whether a send's books balance, or a line for each figure that contradicts them. */
export const verificationLines = ({ id, ok, contradictions }: Verification): string =>
  ok
    ? `send ${id}: the books balance\n`
    : contradictions
        .map(({ what, expected, found }) =>
          printable(`send ${id}: ${what}: expected ${expected}, found ${found}`).concat('\n'),
        )
        .join('');
