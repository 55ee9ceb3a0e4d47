/** What may follow what, for sends and for recipients: the one table the store's guards and the commands are written from. */

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

/** The operator's and the scheduler's verbs on a send, with the statuses each may start from and where it leads. */
export const SEND_TRANSITIONS = {
  /** The import is counted and the send may go out. */
  release: { from: ['importing'], to: 'running' },
  /** The import is counted, and waits for `resume` (`queue --paused`). */
  hold: { from: ['importing'], to: 'paused' },
  pause: { from: ['running'], to: 'paused' },
  resume: { from: ['paused'], to: 'running' },
  cancel: { from: ['importing', 'running', 'paused'], to: 'cancelled' },
  complete: { from: ['running', 'paused'], to: 'completed' },
  /** `retry` or `resolve --as pending` gave a finished send something to do. */
  reopen: { from: ['completed'], to: 'running' },
} as const satisfies Record<string, { from: readonly SendStatus[]; to: SendStatus }>;

export type SendVerb = keyof typeof SEND_TRANSITIONS;

/** Verbs an operator can use on a send in this status, for error messages. */
export function possibleVerbs(status: SendStatus): SendVerb[] {
  const operatorVerbs: SendVerb[] = ['pause', 'resume', 'cancel'];
  return operatorVerbs.filter((verb) =>
    (SEND_TRANSITIONS[verb].from as readonly SendStatus[]).includes(status),
  );
}

export const RECIPIENT_TRANSITIONS: Record<RecipientStatus, readonly RecipientStatus[]> = {
  pending: ['sending', 'skipped'],
  sending: ['sent', 'failed', 'unknown', 'pending'],
  sent: [],
  failed: ['pending'],
  unknown: ['sent', 'failed', 'pending'],
  skipped: [],
};
