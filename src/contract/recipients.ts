import type { RecipientRow } from '../domain/recipient-page.js';
import { type RowsText, rowsDocument } from './document.js';
import { timeOrNull } from './time.js';

export type RecipientJson = ReturnType<typeof recipientJson>;

/** A recipient, and what became of it. */
export const recipientJson = (row: RecipientRow) => ({
  email: row.email,
  status: row.status,
  attempts: row.attempts,
  smtpCode: row.smtpCode,
  enhancedCode: row.enhancedCode,
  /** What went wrong: the server's words, except where they are those of acceptance. */
  error: row.status === 'sent' ? null : row.response,
  messageId: row.messageId,
  sentAt: timeOrNull(row.sentAt),
  response: row.response,
  version: row.version,
});

/** Its keys in their order, which is that of the columns of a CSV too. */
export const RECIPIENT_KEYS = [
  'email',
  'status',
  'attempts',
  'smtpCode',
  'enhancedCode',
  'error',
  'messageId',
  'sentAt',
  'response',
  'version',
] as const satisfies readonly (keyof RecipientJson)[];

/** A page of recipients, or all of them. */
export const recipientsText = (): RowsText<RecipientRow> =>
  rowsDocument('recipients', recipientJson);
