import { checkAddress } from '../domain/address.js';
import { EMAIL_FIELD } from '../domain/fields.js';
import type { RejectedLine } from '../domain/list-findings.js';
import { addressesIn, readAddressCell } from './address-cell.js';
import type { Columns } from './columns.js';
import type { ConsentReader } from './consent.js';
import type { DeclineLog } from './decline-log.js';
import { countLines } from './decode.js';
import { type CsvRecord, isBlank } from './rows.js';

/** A line of the list that can be mailed. */
export interface ListRecipient {
  line: number;
  email: string;
  /** See `Address.norm`. */
  norm: string;
  /** Merge fields as a JSON object; null when the list has the address alone. */
  fields: string | null;
}

/** What a row has in a merge field, the address included. */
export type RowValues = (field: string) => string;

/** Makes of a list's columns what tells whether a row is taken. */
export type Where = (columns: Columns) => (line: number, values: RowValues) => boolean;

/** Null for a row that the condition leaves out. */
export type RowCheck = (record: CsvRecord) => ListRecipient | RejectedLine | null;

/**
 * What looks like a row within a cell, its address in a cell of its own: a quote that was forgotten, and closed by chance by
 * that of a later row, takes all rows between for text.
 */
export function findSwallowed(
  line: number,
  cells: readonly string[],
  email: number,
  delimiter: string,
): { line: number; address: string } | undefined {
  let at = line;
  for (const [index, cell] of cells.entries()) {
    if (!cell.includes('\n')) continue;
    for (const [below, text] of cell.split('\n').entries()) {
      if (index === email || !text.includes('@') || !text.includes(delimiter)) continue;
      for (const part of text.split(delimiter)) {
        const address = part.includes('@') ? readAddressCell(part) : undefined;
        if (address?.ok) return { line: at + below, address: address.email };
      }
    }
    at += countLines(cell);
  }
  return undefined;
}

/** Every address in a cell, in the form that two spellings share: a no counts for each, whatever the line is worth. */
const normsIn = (cell: string): string[] =>
  addressesIn(cell).flatMap((address) => {
    const check = checkAddress(address);
    return check.ok ? [check.norm] : [];
  });

/**
 * Cells that are missing at the end are empty, and empty ones beyond the header's are nothing. A no is heard on every line
 * whose cells can be told apart, taken or not.
 */
export function rowCheck(
  columns: Columns,
  delimiter: string,
  said: { consent: ConsentReader; log: DeclineLog } | null,
  where: Where | undefined,
): RowCheck {
  const { count, email, fields } = columns;
  const takes = where?.(columns);
  const indexes = new Map(fields.map(({ index, name }) => [name, index]));
  const keys = fields.map(({ index, name }) => ({ index, key: `${JSON.stringify(name)}:` }));
  return ({ line, cells }) => {
    if (cells.length > count && !isBlank(cells.slice(count))) {
      return {
        line,
        reason: `too many cells: ${cells.length}, where the header has ${count}`,
        cells,
      };
    }
    const swallowed = findSwallowed(line, cells, email, delimiter);
    if (swallowed) {
      return {
        line,
        reason: `a quote that is probably not closed: line ${swallowed.line} holds ${swallowed.address}`,
        cells,
      };
    }
    const cell = cells[email] ?? '';
    const address = readAddressCell(cell);
    const noes = said?.consent.read(line, cells);
    if (noes) {
      for (const norm of address.ok ? [address.norm] : normsIn(cell)) said?.log.add(norm, noes);
    }
    if (takes) {
      const own = address.ok ? address.email : cell;
      const valuesOf: RowValues = (field) =>
        field === EMAIL_FIELD ? own : (cells[indexes.get(field) ?? -1] ?? '');
      if (!takes(line, valuesOf)) return null;
    }
    if (!address.ok) return { line, reason: address.reason, cells };
    let json = '';
    for (const { index, key } of keys) {
      json += `${json === '' ? '{' : ','}${key}${JSON.stringify(cells[index] ?? '')}`;
    }
    return {
      line,
      email: address.email,
      norm: address.norm,
      fields: json === '' ? null : `${json}}`,
    };
  };
}
