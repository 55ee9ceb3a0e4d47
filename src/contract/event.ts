import type { SendEvent } from '../domain/send-events.js';
import { time } from './time.js';

export const eventJson = ({ id, at, event, actor, reason, details }: SendEvent) => ({
  id,
  at: time(at),
  event,
  actor,
  reason,
  details,
});
