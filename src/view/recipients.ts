import { printable } from './printable.js';

/** A recipient's values in the order they are shown in, times as text. */
type RecipientValues = Readonly<Record<string, string | number | null>>;

/** A row's values as text; empty where absent. */
export const recipientCells = (row: RecipientValues): string[] =>
  Object.values(row).map((value) => String(value ?? ''));

/** One row for a pipe: cells separated by tabs, control characters escaped. */
export const recipientLine = (row: RecipientValues): string =>
  `${recipientCells(row).map(printable).join('\t')}\n`;
