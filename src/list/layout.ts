import type { FoundLine } from '../domain/list-findings.js';
import { readAddressCell } from './address-cell.js';
import { countLines } from './decode.js';
import { DELIMITERS, findDelimiter, splitRoughly } from './delimiter.js';

/** Rows, empty ones left out, among which the header is looked for. */
const MAX_ROWS = 20;
const MAX_LOOKED_AT = 1024 * 1024;

/** Of this many cells one may be filled with something else than an address, and one more. */
const MOST_OF = 5;

/** What Excel puts first, and reads, in a list whose delimiter is not that of the country: `sep=;`. */
const SEPARATOR_LINE = /^"?sep=([,;\t|])"?[ \t]*\n/i;

/** A byte order mark that was taken for text, and encoded with it. */
const MARK_ENCODED_TWICE = /^ï»¿/;

/** Where a list's table begins, and how its cells are told apart. */
export interface Layout {
  delimiter: string;
  /** Of the header, from 1. */
  headerLine: number;
  /** What stands above the header: titles, remarks. */
  above: FoundLine[];
  /** An address in a cell of its own up there. */
  addressAbove: { line: number; address: string } | null;
  /** Where no header has a known name: what is probably the header, and its column that holds addresses, from 0. */
  probable: { line: number; headers: string[]; column: number } | null;
}

interface RoughRow extends FoundLine {
  /** In the text that was looked at. */
  start: number;
}

/** Where the row that begins at `start` ends, quoted line breaks passed over; -1 when the text ends before. */
function rowEnd(text: string, start: number): number {
  let quoted = false;
  let atCellStart = true;
  for (let at = start; at < text.length; at++) {
    const character = text[at] as string;
    if (quoted) {
      if (character === '"') quoted = false;
    } else if (character === '\n') return at;
    else if (character === '"') quoted = atCellStart || text[at - 1] === '"';
    else if ((DELIMITERS as readonly string[]).includes(character)) atCellStart = true;
    else if (character !== ' ') atCellStart = false;
  }
  return -1;
}

/** A row with more in it than delimiters, quotes and white space. */
const FILLED = /[^\s,;|"]/;

/**
 * The rows at the beginning of a text that is known up to its end or to a piece.
 * @param firstLine number of the line that the text begins on
 */
function roughRows(text: string, firstLine: number, ended: boolean): RoughRow[] {
  const rows: RoughRow[] = [];
  let line = firstLine;
  for (let start = 0; start < text.length && rows.length < MAX_ROWS; ) {
    let end = rowEnd(text, start);
    if (end === -1) {
      if (!ended) return rows;
      // A quote that is never closed hides no more than its line.
      end = text.indexOf('\n', start);
      if (end === -1) end = text.length;
    }
    const row = text.slice(start, end);
    if (FILLED.test(row)) rows.push({ line, start, text: row });
    line += countLines(row) + 1;
    start = end + 1;
  }
  return rows;
}

const isAddress = (cell: string): boolean => cell.includes('@') && readAddressCell(cell).ok;

/** What is an address or was meant for one: `dan(at)example.org`. */
const MEANT = /@|[([{]\s*at\s*[)\]}]/i;

/** With nothing else in the cell. */
function isMeantAlone(cell: string): boolean {
  const parts = cell.split(MEANT).map((part) => part.trim());
  return (
    parts.length > 1 &&
    parts.every((part) => part !== '' && !/\s/.test(part)) &&
    (!/\s/.test(cell) || (parts.at(-1) as string).includes('.'))
  );
}

/**
 * Whether rows fit a header below the first row: an address column holds addresses in nearly every cell that is filled, and no
 * other column holds more. A row of the table with "Email" as the preferred way to reach somebody is none.
 */
function fits(
  header: readonly string[],
  rows: readonly RoughRow[],
  delimiter: string,
  isAddressHeader: (header: string) => boolean,
): boolean {
  if (header.some((cell) => isAddress(cell) || isMeantAlone(cell))) return false;
  const cells = rows.map(({ text }) => splitRoughly(text, delimiter));
  const columns = header.map((cell, column) => {
    const filled = cells.map((row) => row[column] ?? '').filter((value) => value !== '');
    const addresses = filled.filter((value) => MEANT.test(value)).length;
    return { isAddress: isAddressHeader(cell), filled: filled.length, addresses };
  });
  const most = columns.reduce((max, { addresses }) => Math.max(max, addresses), 0);
  return columns.some(
    ({ isAddress, filled, addresses }) =>
      isAddress &&
      addresses === most &&
      (filled === 0 || (addresses > 0 && filled - addresses <= 1 + filled / MOST_OF)),
  );
}

/**
 * What may be a recipient above the header: a cell that is an address, or was meant for one; in a row of as many cells as the
 * header also one that has more beside it.
 */
function findAddress(
  rows: readonly RoughRow[],
  delimiterOf: (row: RoughRow) => string,
  header: RoughRow | undefined,
): Layout['addressAbove'] {
  const delimiter = header && delimiterOf(header);
  const columns = delimiter ? splitRoughly(header.text, delimiter).length : 0;
  for (const row of rows) {
    const inTable = delimiter ? splitRoughly(row.text, delimiter) : [];
    const address =
      splitRoughly(row.text, delimiterOf(row)).find(
        (cell) => isAddress(cell) || isMeantAlone(cell),
      ) ??
      (columns > 1 && inTable.length === columns
        ? inTable.find((cell) => MEANT.test(cell))
        : undefined);
    if (address !== undefined) return { line: row.line, address };
  }
  return null;
}

/**
 * The header by what its rows hold: above the first row with an address in a cell, the first one with as many cells, or
 * the last one where there is but one.
 */
function findProbable(
  rows: readonly RoughRow[],
  separator: string | undefined,
): Layout['probable'] {
  for (const [index, row] of rows.entries()) {
    for (const delimiter of separator === undefined ? DELIMITERS : [separator]) {
      const cells = splitRoughly(row.text, delimiter);
      const column = cells.findIndex(isAddress);
      if (column === -1) continue;
      const above = rows.slice(cells.length === 1 ? Math.max(index - 1, 0) : 0, index);
      for (const { line, text } of above) {
        const headers = splitRoughly(text, delimiter);
        if (headers.length >= cells.length) return { line, headers, column };
      }
      return null;
    }
  }
  return null;
}

/**
 * Looks at the beginning of a list for its header: the first row with the name of an address column. When that is not the
 * first row at all, what stands below must fit it.
 * @param isAddressHeader tells the header of an address column
 * @returns beside the layout, the text from the header on as far as it was read
 */
export async function findLayout(
  pieces: AsyncIterator<string>,
  isAddressHeader: (header: string) => boolean,
): Promise<{ layout: Layout; held: string }> {
  let held = '';
  let ended = false;
  const more = async (): Promise<void> => {
    const next = await pieces.next();
    if (next.done) ended = true;
    else held += next.value;
  };
  while (!ended && !held.includes('\n') && held.length < MAX_LOOKED_AT) await more();
  held = held.replace(MARK_ENCODED_TWICE, '');
  const separator = SEPARATOR_LINE.exec(held);
  if (separator) held = held.slice(separator[0].length);
  const firstLine = separator ? 2 : 1;
  const delimiterOf = (row: RoughRow): string =>
    separator?.[1] ?? findDelimiter(row.text, isAddressHeader);

  let rows: RoughRow[];
  let known: boolean | undefined;
  for (;;) {
    rows = roughRows(held, firstLine, ended || held.length >= MAX_LOOKED_AT);
    const [first] = rows;
    known ??= first && splitRoughly(first.text, delimiterOf(first)).some(isAddressHeader);
    if (known || rows.length >= MAX_ROWS || ended || held.length >= MAX_LOOKED_AT) break;
    await more();
  }
  const at = rows.findIndex((row, index) => {
    const delimiter = delimiterOf(row);
    const cells = splitRoughly(row.text, delimiter);
    if (!cells.some(isAddressHeader)) return false;
    return index === 0 || fits(cells, rows.slice(index + 1), delimiter, isAddressHeader);
  });
  const header = rows[Math.max(at, 0)];
  const above = rows.slice(0, Math.max(at, 0));
  const layout: Layout = {
    delimiter: header ? delimiterOf(header) : (separator?.[1] ?? DELIMITERS[0]),
    headerLine: header?.line ?? firstLine,
    above: above.map(({ line, text }) => ({ line, text })),
    addressAbove: findAddress(above, delimiterOf, header),
    probable: at === -1 ? findProbable(rows, separator?.[1]) : null,
  };
  return { layout, held: held.slice(header?.start ?? 0) };
}
