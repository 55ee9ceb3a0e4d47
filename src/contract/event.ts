import { type SendEvent, shownDetails } from '../domain/send-events.js';
import { time } from './time.js';

export const eventJson = (happened: SendEvent) => ({
  id: happened.id,
  at: time(happened.at),
  event: happened.event,
  actor: happened.actor,
  reason: happened.reason,
  details: shownDetails(happened),
});
