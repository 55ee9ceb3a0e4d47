import type {
  AddressColumn,
  EncodedTwice,
  FoundLine,
  RejectedLine,
} from '../domain/list-findings.js';
import { undoDoubleEncoding } from '../domain/mojibake.js';
import { CampaignError } from '../errors.js';
import { readAddressCell } from './address-cell.js';
import {
  addressAboveHeader,
  addressColumns,
  addressHeaderTest,
  type Columns,
  checkWidth,
  noAddressColumn,
  readColumns,
  severalAddressColumns,
} from './columns.js';
import { readRecords } from './csv.js';
import { countLines, decodeText, type TextOptions } from './decode.js';
import type { Layout } from './layout.js';
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

interface ListBatch {
  accepted: ListRecipient[];
  rejected: RejectedLine[];
}

/** A list whose header has been read, and whose rows can be read once. */
export interface RecipientList {
  columns: Columns;
  /** What it is read as: `utf-8` until something shows that it is another. */
  readonly encoding: string;
  /** Of the header, from 1. */
  headerLine: number;
  /** Lines above the header, which are no part of the list. */
  above: readonly FoundLine[];
  /** Counted as rows are read; null while there is none. */
  encodedTwice: EncodedTwice | null;
  batches: AsyncIterable<ListBatch>;
  /** Lets go of the list without reading the rest of it. */
  close(): Promise<void>;
}

export interface ListOptions extends TextOptions {
  /** Header of the address column, or its position from 1. */
  emailColumn?: string | undefined;
  /** Asks which of several columns holds the address; where nobody is to be asked, left out. */
  chooseColumn?: ((columns: AddressColumn[]) => Promise<number>) | undefined;
}

/**
 * Opens a CSV and reads its header; the rows are then checked one by one as they are asked for, in the order
 * of the file, with nothing kept of those that have gone by.
 * @throws CampaignError BAD_LIST for an empty or binary list, and for a header that cannot be used
 */
export async function openRecipients(
  chunks: AsyncIterable<Uint8Array>,
  options: ListOptions,
): Promise<RecipientList> {
  const { name, emailColumn, encoding, onEncoding } = options;
  let found = 'utf-8';
  let layout: Layout | undefined;
  const text = new WatchedText(
    decodeText(chunks, {
      name,
      encoding,
      onEncoding: (what) => {
        found = what.encoding;
        onEncoding?.(what);
      },
    }),
  );
  const records = readRecords(text.pieces(), name, addressHeaderTest(emailColumn), (known) => {
    layout = known;
  });
  const first = await records.next();
  const header = first.done ? undefined : first.value.shift();
  if (header === undefined || layout === undefined) {
    throw new CampaignError(
      'BAD_LIST',
      `${name} is empty`,
      'give a CSV with a header and at least one row',
    );
  }
  try {
    const rest = first.value as CsvRecord[];
    const columns = await findColumns(header.cells, rest, layout, options);
    const list: RecipientList = {
      columns,
      get encoding() {
        return found;
      },
      headerLine: layout.headerLine,
      above: layout.above,
      encodedTwice: null,
      batches: readBatches(rowCheck(columns, layout.delimiter), rest, records, (batch) => {
        if (text.hasNonAscii) noteEncodedTwice(list, batch);
      }),
      close: async () => {
        await records.return(undefined);
      },
    };
    noteEncodedTwice(list, [header]);
    return list;
  } catch (error) {
    await records.return(undefined);
    throw error;
  }
}

async function findColumns(
  headers: readonly string[],
  rows: readonly CsvRecord[],
  layout: Layout,
  { name, emailColumn, chooseColumn }: ListOptions,
): Promise<Columns> {
  if (layout.addressAbove) {
    throw addressAboveHeader(layout.addressAbove, layout.headerLine, name);
  }
  checkWidth(headers, layout.headerLine, name);
  const found = addressColumns(headers, emailColumn);
  const [email] = found;
  if (email === undefined) throw noAddressColumn(headers, name, emailColumn, layout);
  if (found.length === 1) return readColumns(headers, email);
  if (!chooseColumn) throw severalAddressColumns(headers, found, name);
  const candidates = found.map((index) => ({
    index,
    header: headers[index] as string,
    example: rows.find(({ cells }) => cells[index])?.cells[index] ?? '',
  }));
  return readColumns(headers, await chooseColumn(candidates));
}

/** The pieces of a text, and whether there was more than ASCII in those that went by. */
class WatchedText {
  hasNonAscii = false;

  constructor(private readonly text: AsyncIterable<string>) {}

  async *pieces(): AsyncGenerator<string> {
    for await (const piece of this.text) {
      this.hasNonAscii ||= Buffer.byteLength(piece) !== piece.length;
      yield piece;
    }
  }
}

function noteEncodedTwice(list: RecipientList, records: readonly CsvRecord[]): void {
  for (const { line, cells } of records) {
    for (const cell of cells) {
      const probably = undoDoubleEncoding(cell);
      if (probably === undefined) continue;
      list.encodedTwice ??= { cells: 0, line, cell, probably };
      list.encodedTwice.cells++;
    }
  }
}

async function* readBatches(
  check: RowCheck,
  first: CsvRecord[],
  records: AsyncIterable<CsvRecord[]>,
  onRows: (batch: readonly CsvRecord[]) => void,
): AsyncGenerator<ListBatch> {
  onRows(first);
  yield checkBatch(first, check);
  for await (const batch of records) {
    onRows(batch);
    yield checkBatch(batch, check);
  }
}

type RowCheck = (record: CsvRecord) => ListRecipient | RejectedLine;

function checkBatch(records: readonly CsvRecord[], check: RowCheck): ListBatch {
  const batch: ListBatch = { accepted: [], rejected: [] };
  for (const record of records) {
    const result = check(record);
    if ('reason' in result) batch.rejected.push(result);
    else batch.accepted.push(result);
  }
  return batch;
}

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

/** Cells that are missing at the end are empty, and empty ones beyond the header's are nothing. */
function rowCheck({ count, email, fields }: Columns, delimiter: string): RowCheck {
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
    const address = readAddressCell(cells[email] ?? '');
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
