import { stringify } from 'csv-stringify/sync';

/**
 * Rows as CSV, the address in the first cell. A cell that begins with =, +, - or @ gets an apostrophe: a spreadsheet would
 * run a server's words as a formula. An address with + or - goes without: it makes no formula, and with an apostrophe would be
 * somebody else's.
 */
export const safeCsv = (rows: readonly (readonly string[])[]): string =>
  stringify(rows as string[][], {
    escape_formulas: true,
    record_delimiter: 'windows',
    cast: {
      string: (value, { column }) =>
        column === 0 && /^[+-]/.test(value) ? { value, escape_formulas: false } : value,
    },
  });

/** A cell without the apostrophe that `safeCsv` may have given it. */
export const withoutApostrophe = (cell: string): string => cell.replace(/^'(?=[=+\-@\t\r])/, '');
