/** Everything that an event can tell of; 32 characters at most. */
export type EventName =
  | 'queued'
  | 'imported'
  | 'claimed'
  | 'reclaimed'
  | 'released'
  | 'paused'
  | 'resumed'
  | 'cancelled'
  | 'controls'
  /** Its message was changed. */
  | 'edited'
  | 'resolved'
  | 'retried'
  | 'completed'
  /** The relay that it goes through is held, or no more. */
  | 'held'
  | 'hold-ended'
  /** How much it may be sent was changed. */
  | 'relay-limits';

/** An event's figures, of a hold with when it was to end, `seconds` later. */
export function shownDetails({ event, at, details }: SendEvent): SendEvent['details'] {
  const seconds = event === 'held' && details?.seconds;
  if (typeof seconds !== 'number') return details;
  return { ...details, until: new Date(at.getTime() + seconds * 1000).toISOString() };
}

/** Something that happened to a send. */
export interface SendEvent {
  id: number;
  at: Date;
  /** An `EventName`, or one of a newer campaign. */
  event: string;
  /** `user@host` for people, CLAIMED_BY for workers. */
  actor: string;
  reason: string | null;
  /** Figures of the event, such as from–to values. */
  details: Record<string, unknown> | null;
}
