import type { RejectedLine } from '../domain/list-findings.js';
import { withoutApostrophe } from '../domain/safe-csv.js';
import { CampaignError } from '../errors.js';
import { readAddressCell } from './address-cell.js';
import {
  addressAboveHeader,
  addressColumns,
  addressHeaderTest,
  noAddressColumn,
} from './columns.js';
import { readRecords } from './csv.js';
import { decodeText, type TextOptions } from './decode.js';
import type { Layout } from './layout.js';
import { findSwallowed } from './row-check.js';
import type { CsvRecord } from './rows.js';
import {
  isSuppressionAddress,
  type SuppressionColumns,
  suppressionColumns,
} from './suppression-columns.js';
import { findConsentToImport, type ReadConsent } from './suppression-consent.js';
import { readJson } from './suppression-json.js';
import {
  type ListedSuppression,
  listed,
  type ReadListed,
  type SuppressionBatch,
  sorted,
} from './suppression-listed.js';

export interface SuppressionListOptions extends TextOptions {
  /** Header of the address column, or its position from 1. */
  emailColumn?: string | undefined;
  /** Takes those too whose columns say that they may be mailed. */
  everybody?: boolean | undefined;
}

const REMEDY = 'give a CSV, a provider’s export, JSON, or a file with an address a line';

/** So many rows tell what a column of statuses is about. */
const SAMPLE_ROWS = 200;

/** What tells a text that is JSON, behind white space. */
const JSON_BEGINS = /^\s*[[{]/;

/**
 * Reads a list of people who must not be mailed, batch by batch: an export of a provider by the names of its columns, our own,
 * JSON of either, or an address a line.
 * @throws CampaignError BAD_LIST for an empty or binary list, and for one in which no column holds addresses
 */
export async function* readSuppressions(
  chunks: AsyncIterable<Uint8Array>,
  options: SuppressionListOptions,
): AsyncGenerator<SuppressionBatch> {
  const text = decodeText(chunks, options);
  const first = await firstFilled(text);
  if (first === undefined) {
    throw new CampaignError('BAD_LIST', `${options.name} is empty`, REMEDY);
  }
  const pieces = joined(first, text);
  const everybody = options.everybody === true;
  yield* JSON_BEGINS.test(first)
    ? readJson(pieces, { name: options.name, everybody }, SAMPLE_ROWS)
    : readCsv(pieces, options);
}

/** The beginning of a text up to what is not white space; undefined when there is nothing else. */
async function firstFilled(pieces: AsyncIterator<string>): Promise<string | undefined> {
  let text = '';
  for (;;) {
    const next = await pieces.next();
    if (next.done) return undefined;
    text += next.value;
    if (/\S/.test(text)) return text;
  }
}

async function* joined(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

async function* readCsv(
  pieces: AsyncIterable<string>,
  options: SuppressionListOptions,
): AsyncGenerator<SuppressionBatch> {
  const { name, emailColumn } = options;
  let layout: Layout | undefined;
  const isAddressHeader = (header: string): boolean =>
    addressHeaderTest(emailColumn)(header) ||
    (emailColumn === undefined && isSuppressionAddress(header));
  const records = readRecords(pieces, name, isAddressHeader, (found) => {
    layout = found;
  });
  let read: RowReader | undefined;
  let rows: CsvRecord[] = [];
  for await (const batch of records) {
    rows.push(...batch);
    if (!read && rows.length < SAMPLE_ROWS) continue;
    read ??= readerOf(rows, layout as Layout, options);
    yield sorted(rows, read);
    rows = [];
  }
  if (read || rows.length === 0) return;
  yield sorted(rows, readerOf(rows, layout as Layout, options));
}

/**
 * How the rows are read.
 * @param rows the first ones, of which the header is taken off
 */
function readerOf(
  rows: CsvRecord[],
  layout: Layout,
  { name, emailColumn, everybody }: SuppressionListOptions,
): RowReader {
  if (layout.addressAbove) throw addressAboveHeader(layout.addressAbove, layout.headerLine, name);
  const [header] = rows as [CsvRecord];
  const columns = headerColumns(header.cells, layout, name, emailColumn);
  if (!columns) return readPlainRow;
  rows.shift();
  const asksAll = columns.own !== null || everybody === true;
  const consent = asksAll
    ? null
    : findConsentToImport({
        name,
        headers: header.cells,
        email: columns.email,
        sample: rows.map(({ cells }) => cells),
      });
  return rowReader(columns, layout.delimiter, consent);
}

/** How a header's columns are used; null where the first row is no header: a list without one. */
function headerColumns(
  headers: readonly string[],
  layout: Layout,
  name: string,
  emailColumn: string | undefined,
): SuppressionColumns | null {
  const known = suppressionColumns(headers);
  if (emailColumn !== undefined) {
    const [email] = addressColumns(headers, emailColumn);
    if (email === undefined) throw noAddressColumn(headers, name, emailColumn, layout);
    return { ...known, email: [email] };
  }
  if (known.email.length > 0) return known;
  if (headers.length === 1 || headers.some((cell) => readAddressCell(cell).ok)) return null;
  throw noAddressColumn(headers, name, emailColumn, layout);
}

type RowReader = ReadListed<CsvRecord>;

function rowReader(
  columns: SuppressionColumns,
  delimiter: string,
  consent: ReadConsent | null,
): RowReader {
  const { email, reasons, dates, own } = columns;
  return ({ line, cells }) => {
    const swallowed = own ? undefined : findSwallowed(line, cells, email[0] ?? 0, delimiter);
    if (swallowed) {
      const reason = `a quote that is probably not closed: line ${swallowed.line} holds ${swallowed.address}`;
      return { line, reason, cells };
    }
    const said = consent?.(cells);
    if (said === 'may be mailed') return null;
    if (said !== undefined && said !== 'no') return { line, reason: said.unclear, cells };
    const cellOf = (index: number): string =>
      own ? withoutApostrophe(cells[index] ?? '') : (cells[index] ?? '');
    return listed(line, cells, {
      addresses: email.map(cellOf),
      reasons: reasons.map(cellOf),
      dates: dates.map(cellOf),
      own: own && { topic: cellOf(own.topic), source: cellOf(own.source) },
      // In an export of others `@example.org` is an address that was damaged.
      mayBeDomain: own !== null,
    });
  };
}

/** A row of a list without a header: somebody, and perhaps why and since when. */
function readPlainRow({ line, cells }: CsvRecord): ListedSuppression | RejectedLine {
  const email = Math.max(
    0,
    cells.findIndex((cell) => cell.includes('@')),
  );
  const rest = cells.filter((_, index) => index !== email);
  return listed(line, cells, {
    addresses: [cells[email] ?? ''],
    reasons: rest,
    dates: rest,
    own: null,
    mayBeDomain: true,
  });
}
