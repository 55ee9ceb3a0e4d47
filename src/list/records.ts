import { type CsvError, type Info, Parser } from 'csv-parse';
import { CampaignError } from '../errors.js';
import { findDelimiter } from './delimiter.js';

/** Bounds what one row, or a quote that is never closed, can take of memory. */
const MAX_ROW_BYTES = 8 * 1024 * 1024;
const MAX_HEADER_CHARACTERS = 1024 * 1024;

/** One row of a list: its cells, or the reason why they cannot be told apart. */
export interface CsvRecord {
  /** Line on which the row begins, from 1. */
  line: number;
  cells: string[];
  fault?: string;
}

const lineBreaks = (cells: readonly string[]): number => {
  let count = 0;
  for (const cell of cells) {
    for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count++;
  }
  return count;
};

/** What a fatal error of the parser means, in words that name the row it began in. */
function explainCsvError(error: CsvError, name: string, startLine: number): CampaignError {
  const column = Number(error['column'] ?? 0) + 1;
  const where = `the row that begins on line ${startLine}`;
  const what: Partial<Record<string, string>> = {
    CSV_QUOTE_NOT_CLOSED: `a quote opened in ${where} (cell ${column}) is never closed`,
    CSV_MAX_RECORD_SIZE: `${where} is longer than ${MAX_ROW_BYTES / 1024 / 1024} MB: a quote opened in it (cell ${column}) is not closed`,
    CSV_INVALID_CLOSING_QUOTE: `a quote in ${where} (cell ${column}) is followed by more text: it is not closed, or a quote inside is not doubled`,
    CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: `a closing quote in ${where} (cell ${column}) is followed by more text`,
  };
  return new CampaignError(
    'BAD_LIST',
    `${name}: ${what[error.code] ?? `${where} cannot be read: ${error.message}`}`,
    'close the quote, and write a quote inside a quoted cell twice',
    { cause: error },
  );
}

/** The text up to the end of the header line, and the pieces it was taken from. */
async function readHeaderLine(
  text: AsyncIterator<string>,
): Promise<{ line: string; held: string }> {
  let held = '';
  for (;;) {
    const line = /[^\s][^\n]*\n/.exec(held)?.[0];
    if (line !== undefined || held.length > MAX_HEADER_CHARACTERS) {
      return { line: line ?? held, held };
    }
    const next = await text.next();
    if (next.done) return { line: held, held };
    held += next.value;
  }
}

/**
 * Rows of a CSV (RFC 4180), the header first, in batches as the text comes in. Empty lines are left out, white
 * space around cells is taken off, and the delimiter (comma, semicolon, tab or |) is found from the header.
 * A row with a quote in the middle of an unquoted cell comes with a `fault`.
 * @param name of the list, for messages
 * @throws CampaignError BAD_LIST naming the line where the row began, when a quote leaves unclear where rows end
 */
export async function* readRecords(
  text: AsyncIterable<string>,
  name: string,
  isAddressHeader: (header: string) => boolean,
): AsyncGenerator<CsvRecord[]> {
  const pieces = text[Symbol.asyncIterator]();
  const header = await readHeaderLine(pieces);
  let batch: CsvRecord[] = [];
  let lastLine = 0;
  let emptyLines = 0;
  let faulty: CsvRecord | undefined;
  const takeFaulty = (): void => {
    if (faulty) batch.push(faulty);
    faulty = undefined;
  };

  const parser = new Parser({
    delimiter: findDelimiter(header.line, isAddressHeader),
    record_delimiter: '\n',
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: MAX_ROW_BYTES,
    on_record: (cells: string[], info: Info): null => {
      takeFaulty();
      const oneLine = info.lines === lastLine + 1;
      batch.push({ line: oneLine ? info.lines : info.lines - lineBreaks(cells), cells });
      lastLine = info.lines;
      emptyLines = info.empty_lines;
      return null;
    },
    skip_records_with_error: true,
    on_skip: (error: CsvError | undefined): undefined => {
      if (error?.code !== 'INVALID_OPENING_QUOTE') throw error;
      // The parser goes on filling this very array to the end of the row, and then leaves it out.
      const { record: cells } = (parser as unknown as { state: { record: string[] } }).state;
      if (faulty?.cells === cells) return;
      takeFaulty();
      const line = error['lines'] as number;
      faulty = {
        line: line - lineBreaks(cells),
        cells,
        fault: 'a quote in the middle of an unquoted cell',
      };
      lastLine = line;
    },
  });
  let failure: CsvError | undefined;
  parser.on('error', (error) => {
    failure ??= error as CsvError;
  });
  const feed = (piece: string | null): Promise<void> =>
    new Promise((resolve, reject) => {
      const done = (error?: Error | null): void => {
        const fault = (error ?? failure) as CsvError | null | undefined;
        if (!fault) {
          resolve();
          return;
        }
        const startLine = lastLine + 1 + parser.info.empty_lines - emptyLines;
        reject(explainCsvError(fault, name, startLine));
      };
      if (piece === null) {
        parser.once('error', done);
        parser.end(() => done());
      } else parser.write(piece, done);
    });

  try {
    for (let piece: string | null = header.held; piece !== null; ) {
      if (piece !== '') await feed(piece);
      if (batch.length > 0) {
        const full = batch;
        batch = [];
        yield full;
      }
      const next = await pieces.next();
      piece = next.done ? null : next.value;
    }
    await feed(null);
    takeFaulty();
    if (batch.length > 0) yield batch;
  } finally {
    parser.destroy();
    await pieces.return?.();
  }
}
