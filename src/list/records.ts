import { findDelimiter } from './delimiter.js';
import { type CsvRecord, MAX_ROW_CHARACTERS, RowSplitter } from './rows.js';

const MAX_HEADER_CHARACTERS = 1024 * 1024;

/** What Excel puts first, and reads, in a list whose delimiter is not that of the country: `sep=;`. */
const SEPARATOR_LINE = /^"?sep=([,;\t|])"?[ \t]*\n/i;

/** What a line has that is more than delimiters, quotes and white space. */
const FILLED = /[^\s,;|"]/;

/** The first line that may be a header, and the pieces it was taken from. */
async function readHeaderLine(
  text: AsyncIterator<string>,
  given: string,
): Promise<{ line: string; held: string }> {
  let held = given;
  let start = 0;
  for (;;) {
    for (let end = held.indexOf('\n', start); end !== -1; end = held.indexOf('\n', start)) {
      const line = held.slice(start, end);
      if (FILLED.test(line)) return { line, held };
      start = end + 1;
    }
    const next = held.length > MAX_HEADER_CHARACTERS ? undefined : await text.next();
    if (next === undefined || next.done) return { line: held.slice(start), held };
    held += next.value;
  }
}

/** Pieces of text cut anew so that each ends with a line, but for the last and those longer than a row may be. */
async function* wholeLines(first: string, rest: AsyncIterator<string>): AsyncGenerator<string> {
  let held = '';
  for (let piece: string | null = first; piece !== null; ) {
    const end = piece.lastIndexOf('\n') + 1;
    if (end > 0) {
      yield held + piece.slice(0, end);
      held = piece.slice(end);
    } else held += piece;
    if (held.length > MAX_ROW_CHARACTERS) {
      yield held;
      held = '';
    }
    const next: IteratorResult<string> = await rest.next();
    piece = next.done ? null : next.value;
  }
  if (held !== '') yield held;
}

/**
 * Rows of a CSV, the header first, in batches as the text comes in; see `RowSplitter`. The delimiter (comma, semicolon,
 * tab or |) is found from the header, or said by a line `sep=;` before it.
 * @param name of the list, for messages
 * @throws CampaignError BAD_LIST naming the line where the row began, when its cells cannot be told apart
 */
export async function* readRecords(
  text: AsyncIterable<string>,
  name: string,
  isAddressHeader: (header: string) => boolean,
): AsyncGenerator<CsvRecord[]> {
  const pieces = text[Symbol.asyncIterator]();
  try {
    let header = await readHeaderLine(pieces, '');
    const separator = SEPARATOR_LINE.exec(header.held);
    if (separator) header = await readHeaderLine(pieces, header.held.slice(separator[0].length));
    const delimiter = separator?.[1] ?? findDelimiter(header.line, isAddressHeader);
    const splitter = new RowSplitter(name, delimiter, separator ? 2 : 1);
    for await (const lines of wholeLines(header.held, pieces)) {
      const records = splitter.feed(lines);
      if (records.length > 0) yield records;
    }
    splitter.end();
  } finally {
    await pieces.return?.();
  }
}
