import { VALUE_KEYS } from './message-values.js';
import type { ProgressAfter } from './progress.js';

/** What of a message may be changed. */
export const CHANGEABLE = [...VALUE_KEYS, 'headers'] as const;
export type Changeable = (typeof CHANGEABLE)[number];

/** What came of a change of a message. */
export interface Edited extends ProgressAfter {
  /** What is different now. */
  values: readonly Changeable[];
  /** The HTML was changed, and the text part, which is given by itself, was not. */
  textStays: boolean;
}
