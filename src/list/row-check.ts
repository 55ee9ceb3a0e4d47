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
  /** Merge fields that are empty and that its message would print; left out where there are none. */
  missing?: readonly string[];
}

/** What a row has in a merge field, the address included. */
export type RowValues = (field: string) => string;

/** Makes of a list's columns what tells whether a row is taken. */
export type Where = (columns: Columns) => (line: number, values: RowValues) => boolean;

/** Which empty cells of a row its message would print: none but where one of `fields` is empty. */
export interface RowMissing {
  fields: readonly string[];
  missing(values: RowValues): readonly string[];
}

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
  missing?: () => RowMissing,
): RowCheck {
  const { count, email, fields } = columns;
  const takes = where?.(columns);
  const indexes = new Map(fields.map(({ index, name }) => [name, index]));
  const isEmpty = (cell: string | undefined): boolean => cell === undefined || cell.trim() === '';
  let watched: { cells: readonly number[]; of: RowMissing['missing'] } | undefined;
  const watch = ({ fields: used, missing: of }: RowMissing): typeof watched => ({
    cells: used.flatMap((name) => indexes.get(name) ?? []),
    of,
  });
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
    const valuesOf: RowValues = (field) => {
      if (field === EMAIL_FIELD) return address.ok ? address.email : cell;
      return cells[indexes.get(field) ?? -1] ?? '';
    };
    if (takes && !takes(line, valuesOf)) return null;
    if (!address.ok) return { line, reason: address.reason, cells };
    let json = '';
    for (const { index, key } of keys) {
      json += `${json === '' ? '{' : ','}${key}${JSON.stringify(cells[index] ?? '')}`;
    }
    const recipient: ListRecipient = {
      line,
      email: address.email,
      norm: address.norm,
      fields: json === '' ? null : `${json}}`,
    };
    watched ??= missing && watch(missing());
    if (watched?.cells.some((index) => isEmpty(cells[index]))) {
      const empty = watched.of(valuesOf);
      if (empty.length > 0) recipient.missing = empty;
    }
    return recipient;
  };
}
