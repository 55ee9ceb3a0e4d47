import { type RecipientsText, recipientJson, recipientsText } from '../contract/recipients.js';
import type { RecipientRow } from '../domain/recipient-page.js';
import { RECIPIENT_COLUMNS, recipientCells, recipientLine } from '../view/recipients.js';
import type { Context } from './context.js';

/** Turns pages of recipients into text, so that the pieces joined are one document. */
export type RecipientPrinter = RecipientsText;

const lineOf = (row: RecipientRow): string => recipientLine(recipientJson(row));
const cellsOf = (row: RecipientRow): string[] => recipientCells(recipientJson(row));

interface Format {
  csv?: boolean;
  json?: boolean;
  all?: boolean;
}

/** JSON, CSV, a table on a terminal (not for a stream, whose widths aren't known), or lines with tabs. */
export async function createRecipientPrinter(
  context: Pick<Context, 'stdout' | 'color'>,
  format: Format,
): Promise<RecipientPrinter> {
  if (format.json) return recipientsText();
  if (format.csv) return csvPrinter();
  if (!context.stdout.isTTY || format.all) {
    return { rows: (rows) => rows.map(lineOf).join(''), end: () => '' };
  }
  const { plainTable } = await import('../view/tables.js');
  return {
    rows: (rows) =>
      plainTable(
        ['email', 'status', 'attempts', 'code', '', 'error', 'sent'],
        rows.map((row) => {
          const { error, sentAt } = recipientJson(row);
          const code = row.smtpCode === null ? '' : String(row.smtpCode);
          return [
            row.email,
            row.status,
            String(row.attempts),
            code,
            row.enhancedCode ?? '',
            error ?? '',
            sentAt ?? '',
          ];
        }),
        { color: context.color ?? false },
      ),
    end: () => '',
  };
}

async function csvPrinter(): Promise<RecipientPrinter> {
  const { stringify } = await import('csv-stringify/sync');
  // A cell that begins with =, +, - or @ gets an apostrophe: a spreadsheet would run a server's words as a formula. An
  // address with + or - goes without: it makes no formula, and with an apostrophe would be somebody else's.
  const format = (rows: string[][]): string =>
    stringify(rows, {
      escape_formulas: true,
      record_delimiter: 'windows',
      cast: {
        string: (value, { column }) =>
          column === 0 && /^[+-]/.test(value) ? { value, escape_formulas: false } : value,
      },
    });
  let head: string[][] = [[...RECIPIENT_COLUMNS]];
  return {
    rows: (rows) => {
      const text = format([...head, ...rows.map(cellsOf)]);
      head = [];
      return text;
    },
    end: () => '',
  };
}
