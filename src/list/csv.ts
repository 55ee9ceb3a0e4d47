import { findLayout, type Layout } from './layout.js';
import { type CsvRecord, MAX_ROW_CHARACTERS, RowSplitter } from './rows.js';

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
 * Rows of a CSV, the header first, in batches as the text comes in; see `RowSplitter`. What stands
 * above the header is left out; see `findLayout`.
 * @param name of the list, for messages
 * @param onLayout told before the first row what was found
 * @param left where rows with nothing in their cells are counted, as they are left out
 * @throws CampaignError BAD_LIST naming the line where the row began, when its cells cannot be told apart
 */
export async function* readRecords(
  text: AsyncIterable<string>,
  name: string,
  isAddressHeader: (header: string) => boolean,
  onLayout: (layout: Layout) => void = () => {},
  left = { blank: 0 },
): AsyncGenerator<CsvRecord[]> {
  const pieces = text[Symbol.asyncIterator]();
  try {
    const { layout, held } = await findLayout(pieces, isAddressHeader);
    onLayout(layout);
    const splitter = new RowSplitter(name, layout.delimiter, layout.headerLine);
    for await (const lines of wholeLines(held, pieces)) {
      const records = splitter.feed(lines);
      left.blank = splitter.blank;
      if (records.length > 0) yield records;
    }
    splitter.end();
  } finally {
    await pieces.return?.();
  }
}
