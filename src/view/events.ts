import type { SendEvent } from '../domain/send-events.js';
import { printable } from './printable.js';

/** Time, event, actor, reason and details, separated by tabs. */
export const eventLine = ({ at, event, actor, reason, details }: SendEvent): string =>
  `${[at.toISOString(), event, actor, reason ?? '', details === null ? '' : JSON.stringify(details)]
    .map(printable)
    .join('\t')}\n`;
