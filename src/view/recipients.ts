import { printable } from './printable.js';

/** Columns of a recipient's row, for CSV and pipes. */
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

/** A recipient's values, times as text. */
export type RecipientValues = Readonly<
  Record<(typeof RECIPIENT_COLUMNS)[number], string | number | null>
>;

/** A row's values as text, in the order of `RECIPIENT_COLUMNS`; empty where absent. */
export const recipientCells = (row: RecipientValues): string[] =>
  RECIPIENT_COLUMNS.map((column) => String(row[column] ?? ''));

/** One row for a pipe: cells separated by tabs, control characters escaped. */
export const recipientLine = (row: RecipientValues): string =>
  `${recipientCells(row).map(printable).join('\t')}\n`;
