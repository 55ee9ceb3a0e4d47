import type { RecipientStatus } from './states.js';

/** A test mail, and what the server said to it. */
export interface TestMail {
  /** Who gets it. */
  email: string;
  /** Whom it is about: the place in the list that is tested. */
  row: number;
  status: RecipientStatus;
  smtpCode: number | null;
  response: string | null;
  /** Null when it was not tried. */
  messageId: string | null;
}

/** Test mails that were queued, and how far they have come. */
export interface Tested {
  /** Their own send. */
  id: number;
  /** The send that is tested; null where it was never queued. */
  of: number | null;
  recipients: readonly TestMail[];
  /** Why not all were accepted; null where they were, or nobody waited. */
  trouble: TestTrouble | null;
}

/** What keeps a test mail from being accepted. */
export type TestTrouble =
  /** It was refused, or it cannot be known whether it was. */
  | { kind: 'refused' }
  | { kind: 'paused'; reason: string }
  /** The relay takes none for now. */
  | { kind: 'held'; reason: string }
  | { kind: 'cancelled' }
  /** Nothing came in time. */
  | { kind: 'late'; reason: string | null };
