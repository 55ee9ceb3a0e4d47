import { plural } from '../domain/text.js';

/** Of recipients who are to be sent to again: those who are suppressed by now. */
export const willBeSkipped = (suppressed: number): string =>
  suppressed === 0
    ? ''
    : `; ${plural(suppressed, 'of them is', 'of them are')} suppressed by now, and will be skipped`;
