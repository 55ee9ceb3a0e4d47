import type { RecipientRow } from '../domain/recipient-page.js';
import { printable } from './printable.js';

/** What went wrong: the server's words, except where they are those of acceptance. */
const errorOf = ({ status, response }: RecipientRow): string | null =>
  status === 'sent' ? null : response;

/** The documented JSON of a recipient. */
export const recipientJson = (row: RecipientRow) => ({
  email: row.email,
  status: row.status,
  attempts: row.attempts,
  smtpCode: row.smtpCode,
  enhancedCode: row.enhancedCode,
  error: errorOf(row),
  messageId: row.messageId,
  sentAt: row.sentAt?.toISOString() ?? null,
  response: row.response,
});

/** Column names of `recipientCells`. */
export const RECIPIENT_COLUMNS = [
  'email',
  'status',
  'attempts',
  'smtpCode',
  'enhancedCode',
  'error',
  'messageId',
  'sentAt',
  'response',
] as const;

/** A row's values as text, in the order of `RECIPIENT_COLUMNS`; empty where absent. */
export function recipientCells(row: RecipientRow): string[] {
  const json = recipientJson(row);
  return RECIPIENT_COLUMNS.map((column) => String(json[column] ?? ''));
}

/** One row for a pipe: cells separated by tabs, control characters escaped. */
export const recipientLine = (row: RecipientRow): string =>
  `${recipientCells(row).map(printable).join('\t')}\n`;
