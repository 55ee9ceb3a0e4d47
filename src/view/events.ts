import { type SendEvent, shownDetails } from '../domain/send-events.js';
import { printable } from './printable.js';

/** Time, event, actor, reason and details, separated by tabs. */
export function eventLine(happened: SendEvent): string {
  const { at, event, actor, reason } = happened;
  const details = shownDetails(happened);
  return `${[
    at.toISOString(),
    event,
    actor,
    reason ?? '',
    details === null ? '' : JSON.stringify(details),
  ]
    .map(printable)
    .join('\t')}\n`;
}
