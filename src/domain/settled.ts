import type { ProgressAfter } from './progress.js';
import { plural } from './text.js';

/** A send after its claim was freed, and who had it; null where nobody did. */
export interface Released extends ProgressAfter {
  heldBy: string | null;
}

/** A send after recipients of it were settled. */
export interface Settled extends ProgressAfter {
  /** How many. */
  recipients: number;
  /** How many of them are suppressed by now, where they are to be sent to again: they will be skipped. */
  suppressed: number;
  /** Whether it had been completed, and is running again. */
  reopened: boolean;
}

/** A send after its relay's log was read. */
export interface ResolvedFromLog extends ProgressAfter {
  /** Recipients that are sent now. */
  sent: number;
  /** Those that are pending again. */
  pending: number;
  /** Those that are unknown still. */
  unknown: number;
}

/** Of recipients who are to be sent to again: those who are suppressed by now. */
export const willBeSkipped = (suppressed: number): string =>
  suppressed === 0
    ? ''
    : `; ${plural(suppressed, 'of them is', 'of them are')} suppressed by now, and will be skipped`;
