import type { RowsText } from '../contract/document.js';
import { suppressionsText } from '../contract/suppressions.js';
import { formatSuppressionCursor, type Suppression } from '../domain/suppression.js';
import { exportHeader, exportLines } from '../domain/suppression-csv.js';
import { suppressionCells, suppressionLine } from '../view/suppressions.js';
import type { SuppressionPages } from './results.js';

/** JSON, the CSV of an export, a table on a terminal (not for a stream, whose widths aren't known), or lines with tabs. */
export async function* suppressionPieces(
  { pages, csv, endless }: SuppressionPages,
  how: { json: boolean; onTerminal: boolean; color: boolean },
): AsyncGenerator<string, void, undefined> {
  let text = linesText;
  if (how.json) text = suppressionsText();
  else if (csv) {
    yield exportHeader();
    text = { rows: exportLines, end: noEnd };
  } else if (how.onTerminal && !endless) text = await tableText(how.color);
  let next: string | null = null;
  for await (const page of pages) {
    yield text.rows(page.entries);
    next = page.next && formatSuppressionCursor(page.next);
  }
  yield text.end(next);
}

const noEnd = (): string => '';

const linesText: RowsText<Suppression> = {
  rows: (entries) => entries.map(suppressionLine).join(''),
  end: noEnd,
};

async function tableText(color: boolean): Promise<RowsText<Suppression>> {
  const { plainTable } = await import('../view/tables.js');
  const head = ['email', 'topic', 'reason', 'source', 'since'];
  return {
    rows: (entries) => plainTable(head, entries.map(suppressionCells), { color }),
    end: noEnd,
  };
}
