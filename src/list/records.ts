import { findDelimiter } from './delimiter.js';
import { type CsvRecord, MAX_ROW_BYTES, QUOTE, QuotedStretch } from './quoted.js';
import { countLines } from './text.js';

const MAX_HEADER_CHARACTERS = 1024 * 1024;

/** What Excel puts first, and reads, in a list whose delimiter is not that of the country: `sep=;`. */
const SEPARATOR_LINE = /^"?sep=([,;\t|])"?[ \t]*\n/i;

/** The text up to the end of the header line, and the pieces it was taken from. */
async function readHeaderLine(
  text: AsyncIterator<string>,
  given: string,
): Promise<{ line: string; held: string }> {
  let held = given;
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

/** Rows of lines without a quote: line ends and delimiters are all there is to see. */
function splitRows(lines: string, delimiter: string, firstLine: number): CsvRecord[] {
  const records: CsvRecord[] = [];
  let line = firstLine;
  for (let start = 0; start < lines.length; line++) {
    const end = lines.indexOf('\n', start);
    const cells = lines.slice(start, end === -1 ? undefined : end).split(delimiter);
    for (let i = 0; i < cells.length; i++) cells[i] = (cells[i] as string).trim();
    if (cells.length > 1 || cells[0] !== '') records.push({ line, cells });
    start = end === -1 ? lines.length : end + 1;
  }
  return records;
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
    if (held.length > MAX_ROW_BYTES) {
      yield held;
      held = '';
    }
    const next: IteratorResult<string> = await rest.next();
    piece = next.done ? null : next.value;
  }
  if (held !== '') yield held;
}

/**
 * Rows of a CSV (RFC 4180), the header first, in batches as the text comes in. Empty lines are left out, white
 * space around cells is taken off, and the delimiter (comma, semicolon, tab or |) is found from the header, or said by
 * a line `sep=;` before it.
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
  let stretch: QuotedStretch | undefined;
  try {
    let header = await readHeaderLine(pieces, '');
    const separator = SEPARATOR_LINE.exec(header.held);
    if (separator) header = await readHeaderLine(pieces, header.held.slice(separator[0].length));
    const delimiter = separator?.[1] ?? findDelimiter(header.line, isAddressHeader);
    let line = separator ? 2 : 1;
    for await (const lines of wholeLines(header.held, pieces)) {
      const needsParser = lines.includes(QUOTE) || lines.length > MAX_ROW_BYTES;
      if (stretch?.isAtRowEnd && !needsParser) {
        yield* nonEmpty(await stretch.end());
        stretch = undefined;
      }
      if (needsParser) stretch ??= new QuotedStretch(name, delimiter, line);
      yield* nonEmpty(stretch ? await stretch.feed(lines) : splitRows(lines, delimiter, line));
      line += countLines(lines);
    }
    if (stretch) yield* nonEmpty(await stretch.end());
  } finally {
    stretch?.destroy();
    await pieces.return?.();
  }
}

function* nonEmpty(records: CsvRecord[]): Generator<CsvRecord[]> {
  if (records.length > 0) yield records;
}
