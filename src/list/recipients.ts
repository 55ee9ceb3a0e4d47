import { checkAddress } from '../domain/address.js';
import { CampaignError } from '../errors.js';
import { addressHeaderTest, type Columns, readColumns } from './columns.js';
import { readRecords } from './records.js';
import { type CsvRecord, isBlank } from './rows.js';
import { decodeText, type TextOptions } from './text.js';

/** A line of the list that can be mailed. */
export interface ListRecipient {
  line: number;
  email: string;
  /** See `Address.norm`. */
  norm: string;
  /** Merge fields as a JSON object; null when the list has the address alone. */
  fields: string | null;
}

/** A line of the list that cannot. */
export interface Rejection {
  line: number;
  reason: string;
  cells: string[];
}

interface ListBatch {
  accepted: ListRecipient[];
  rejected: Rejection[];
}

/** A list whose header has been read, and whose rows can be read once. */
export interface RecipientList {
  columns: Columns;
  /** What it is read as: `utf-8` until something shows that it is another. */
  readonly encoding: string;
  batches: AsyncIterable<ListBatch>;
  /** Lets go of the list without reading the rest of it. */
  close(): Promise<void>;
}

export interface ListOptions extends TextOptions {
  emailColumn?: string | undefined;
}

/**
 * Opens a CSV and reads its header; the rows are then checked one by one as they are asked for, in the order
 * of the file, with nothing kept of those that have gone by.
 * @throws CampaignError BAD_LIST for an empty or binary list, and for a header that cannot be used
 */
export async function openRecipients(
  chunks: AsyncIterable<Uint8Array>,
  { name, emailColumn, encoding, onEncoding }: ListOptions,
): Promise<RecipientList> {
  let found = 'utf-8';
  const text = decodeText(chunks, {
    name,
    encoding,
    onEncoding: (what) => {
      found = what.encoding;
      onEncoding?.(what);
    },
  });
  const records = readRecords(text, name, addressHeaderTest(emailColumn));
  const first = await records.next();
  const header = first.done ? undefined : first.value.shift();
  if (header === undefined) {
    throw new CampaignError(
      'BAD_LIST',
      `${name} is empty`,
      'give a CSV with a header and at least one row',
    );
  }
  try {
    const columns = readColumns(header.cells, name, emailColumn);
    const rest = first.value as CsvRecord[];
    return {
      columns,
      get encoding() {
        return found;
      },
      batches: readBatches(columns, rest, records),
      close: async () => {
        await records.return(undefined);
      },
    };
  } catch (error) {
    await records.return(undefined);
    throw error;
  }
}

async function* readBatches(
  columns: Columns,
  first: CsvRecord[],
  records: AsyncIterable<CsvRecord[]>,
): AsyncGenerator<ListBatch> {
  const check = rowCheck(columns);
  yield checkBatch(first, check);
  for await (const batch of records) yield checkBatch(batch, check);
}

type RowCheck = (record: CsvRecord) => ListRecipient | Rejection;

function checkBatch(records: readonly CsvRecord[], check: RowCheck): ListBatch {
  const batch: ListBatch = { accepted: [], rejected: [] };
  for (const record of records) {
    const result = check(record);
    if ('reason' in result) batch.rejected.push(result);
    else batch.accepted.push(result);
  }
  return batch;
}

/** Cells that are missing at the end are empty, and empty ones beyond the header's are nothing. */
function rowCheck({ count, email, fields }: Columns): RowCheck {
  const keys = fields.map(({ index, name }) => ({ index, key: `${JSON.stringify(name)}:` }));
  return ({ line, cells }) => {
    if (cells.length > count && !isBlank(cells.slice(count))) {
      return {
        line,
        reason: `too many cells: ${cells.length}, where the header has ${count}`,
        cells,
      };
    }
    const address = checkAddress(cells[email] ?? '');
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
