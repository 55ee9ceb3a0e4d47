import type { RecipientStatus } from './states.js';

/** A recipient of a send, and what became of it. */
export interface RecipientRow {
  email: string;
  status: RecipientStatus;
  attempts: number;
  smtpCode: number | null;
  /** RFC 3463. */
  enhancedCode: string | null;
  /** The server's words, or why there are none. */
  response: string | null;
  /** Null when no attempt was ever made. */
  messageId: string | null;
  sentAt: Date | null;
  /** Of the send's message: the one of its last attempt. Null when none was ever made. */
  version: number | null;
}

/** Where a page of recipients begins: after the row `seq`; `dueAt` while the deferred rows of `pending` are being read. */
export interface Position {
  seq: number;
  dueAt?: Date;
}

/** A page of a send's recipients. */
export interface RecipientPage {
  rows: RecipientRow[];
  /** Cursor of the next page, null on the last. */
  next: string | null;
}

/** A position as users pass it from page to page. */
export const formatCursor = ({ seq, dueAt }: Position): string =>
  dueAt ? `${seq}@${dueAt.getTime()}` : String(seq);

/** @returns undefined for what no page ended with */
export function parseCursor(text: string): Position | undefined {
  const [, seq, dueAt] = /^(\d{1,15})(?:@(\d{1,15}))?$/.exec(text) ?? [];
  if (seq === undefined) return undefined;
  return { seq: Number(seq), ...(dueAt === undefined ? {} : { dueAt: new Date(Number(dueAt)) }) };
}
