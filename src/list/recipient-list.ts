import type { ConsentDoubt, Decline } from '../domain/declined.js';
import type {
  AddressColumn,
  EncodedTwice,
  FoundLine,
  RejectedLine,
} from '../domain/list-findings.js';
import { undoDoubleEncoding } from '../domain/mojibake.js';
import { CampaignError } from '../errors.js';
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
import { findConsent } from './consent.js';
import { readRecords } from './csv.js';
import { DeclineLog } from './decline-log.js';
import { decodeText, type TextOptions } from './decode.js';
import type { Layout } from './layout.js';
import {
  type ListRecipient,
  type RowCheck,
  type RowMissing,
  rowCheck,
  type Where,
} from './row-check.js';
import type { CsvRecord } from './rows.js';

interface ListBatch {
  accepted: ListRecipient[];
  rejected: RejectedLine[];
  /** Lines that the condition leaves out. */
  filtered: number;
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
  /** Lines with nothing in their cells, counted as rows are read. */
  readonly blank: number;
  batches: AsyncIterable<ListBatch>;
  /** Who is not to be written to by the list's own word, line by line: to be asked for when all rows have been read. */
  declines(pageSize: number): AsyncIterable<Decline[]>;
  /** Columns that may tell of a no and were not read so, by the rows read so far. */
  doubts(): ConsentDoubt[];
  /** Lets go of the list without reading the rest of it. */
  close(): Promise<void>;
}

export interface ListOptions extends TextOptions {
  /** Header of the address column, or its position from 1. */
  emailColumn?: string | undefined;
  /** Asks which of several columns holds the address; where nobody is to be asked, left out. */
  chooseColumn?: ((columns: AddressColumn[]) => Promise<number>) | undefined;
  /** Takes nobody's no from the list. */
  ignoreDeclined?: boolean | undefined;
  /** Makes of the columns what tells whether a row is taken; what that throws ends the reading. */
  where?: Where | undefined;
  /** What tells which empty cells a row's message would print; asked for at the first row. */
  missing?: ((columns: Columns) => RowMissing) | undefined;
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
  const left = { blank: 0 };
  const records = readRecords(
    text.pieces(),
    name,
    addressHeaderTest(emailColumn),
    (known) => {
      layout = known;
    },
    left,
  );
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
    const consent = options.ignoreDeclined ? null : findConsent(header.cells, columns.email);
    const log = new DeclineLog();
    const { where, missing } = options;
    const check = rowCheck(
      columns,
      layout.delimiter,
      consent && { consent, log },
      where,
      missing && (() => missing(columns)),
    );
    const list: RecipientList = {
      columns,
      get encoding() {
        return found;
      },
      headerLine: layout.headerLine,
      above: layout.above,
      encodedTwice: null,
      get blank() {
        return left.blank;
      },
      batches: readBatches(check, rest, records, async (batch) => {
        if (text.hasNonAscii) noteEncodedTwice(list, batch);
        await log.flush();
      }),
      declines: (pageSize) => log.pages(pageSize, (column) => consent?.labelOf(column)),
      doubts: () => consent?.doubts() ?? [],
      close: async () => {
        await records.return(undefined);
        await log.close();
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
  onRows: (batch: readonly CsvRecord[]) => Promise<void>,
): AsyncGenerator<ListBatch> {
  await onRows(first);
  yield checkBatch(first, check);
  for await (const batch of records) {
    await onRows(batch);
    yield checkBatch(batch, check);
  }
}

function checkBatch(records: readonly CsvRecord[], check: RowCheck): ListBatch {
  const batch: ListBatch = { accepted: [], rejected: [], filtered: 0 };
  for (const record of records) {
    const result = check(record);
    if (result === null) batch.filtered++;
    else if ('reason' in result) batch.rejected.push(result);
    else batch.accepted.push(result);
  }
  return batch;
}
