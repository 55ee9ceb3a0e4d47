/** What may follow what, for sends and for recipients: the store makes its guards, and `possibleVerbs` its hints, from these tables. */

export const SEND_STATUSES = ['importing', 'running', 'paused', 'completed', 'cancelled'] as const;
export type SendStatus = (typeof SEND_STATUSES)[number];

export const RECIPIENT_STATUSES = [
  'pending',
  'sending',
  'sent',
  'failed',
  'unknown',
  'skipped',
] as const;
export type RecipientStatus = (typeof RECIPIENT_STATUSES)[number];

/** What an operator says to a send. */
export type OperatorVerb = 'pause' | 'resume' | 'cancel';

interface Transition {
  from: readonly SendStatus[];
  to: SendStatus;
  /** The operator's command that asks for it. */
  command?: OperatorVerb;
}

/** The moves of a send: the statuses each may start from, and where it leads. */
export const SEND_TRANSITIONS = {
  /** The import is counted and the send may go out. */
  release: { from: ['importing'], to: 'running' },
  /** The import is counted, and waits for `resume` (`queue --paused`). */
  hold: { from: ['importing'], to: 'paused' },
  pause: { from: ['running'], to: 'paused', command: 'pause' },
  resume: { from: ['paused'], to: 'running', command: 'resume' },
  cancel: { from: ['running', 'paused'], to: 'cancelled', command: 'cancel' },
  /** An import that has not ended is put away, and its key is free again. */
  abandon: { from: ['importing'], to: 'cancelled', command: 'cancel' },
  complete: { from: ['running', 'paused'], to: 'completed' },
  /** `retry` or `resolve --as pending` gave a finished send something to do. */
  reopen: { from: ['completed'], to: 'running' },
} as const satisfies Record<string, Transition>;

export type SendVerb = keyof typeof SEND_TRANSITIONS;

const transitions: readonly Transition[] = Object.values(SEND_TRANSITIONS);

/** Whether a send in this status may make the move. */
export const mayMove = (status: SendStatus, verb: SendVerb): boolean =>
  (SEND_TRANSITIONS[verb] as Transition).from.includes(status);

/** Whether the send has ended: nothing more of it is sent unless an operator asks. */
export const isFinished = (status: SendStatus): boolean =>
  status === 'completed' || status === 'cancelled';

/** What an operator can say to a send in this status, for error messages. */
export const possibleVerbs = (status: SendStatus): OperatorVerb[] =>
  transitions.flatMap(({ from, command }) => (command && from.includes(status) ? [command] : []));

/** Statuses that a recipient in this one may come to. */
export const RECIPIENT_TRANSITIONS: Record<RecipientStatus, readonly RecipientStatus[]> = {
  /** `failed`, untried, where the relay takes nothing for days. */
  pending: ['sending', 'skipped', 'failed'],
  sending: ['sent', 'failed', 'unknown', 'pending'],
  sent: [],
  failed: ['pending'],
  unknown: ['sent', 'failed', 'pending'],
  skipped: [],
};
