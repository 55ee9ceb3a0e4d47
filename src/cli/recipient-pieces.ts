import type { RowsText } from '../contract/document.js';
import { RECIPIENT_KEYS, recipientJson, recipientsText } from '../contract/recipients.js';
import type { RecipientRow } from '../domain/recipient-page.js';
import { recipientCells, recipientLine } from '../view/recipients.js';
import type { RecipientPages } from './results.js';

const cellsOf = (row: RecipientRow): string[] => recipientCells(recipientJson(row));

/** JSON, CSV, a table on a terminal (not for a stream, whose widths aren't known), or lines with tabs. */
export async function* recipientPieces(
  { pages, csv, endless }: RecipientPages,
  how: { json: boolean; onTerminal: boolean; color: boolean },
): AsyncGenerator<string, void, undefined> {
  let text = linesText;
  if (how.json) text = recipientsText();
  else if (csv) text = await csvText();
  else if (how.onTerminal && !endless) text = await tableText(how.color);
  let next: string | null = null;
  for await (const page of pages) {
    yield text.rows(page.rows);
    next = page.next;
  }
  yield text.end(next);
}

const noEnd = (): string => '';

const linesText: RowsText<RecipientRow> = {
  rows: (rows) => rows.map((row) => recipientLine(recipientJson(row))).join(''),
  end: noEnd,
};

async function tableText(color: boolean): Promise<RowsText<RecipientRow>> {
  const { plainTable } = await import('../view/tables.js');
  const head = ['email', 'status', 'attempts', 'code', '', 'error', 'sent'];
  const cells = (row: RecipientRow): string[] => {
    const { email, status, attempts, smtpCode, enhancedCode, error, sentAt } = recipientJson(row);
    return [
      email,
      status,
      String(attempts),
      smtpCode === null ? '' : String(smtpCode),
      enhancedCode ?? '',
      error ?? '',
      sentAt ?? '',
    ];
  };
  return { rows: (rows) => plainTable(head, rows.map(cells), { color }), end: noEnd };
}

async function csvText(): Promise<RowsText<RecipientRow>> {
  const { safeCsv } = await import('../domain/safe-csv.js');
  let head: string[][] = [[...RECIPIENT_KEYS]];
  return {
    rows: (rows) => {
      const text = safeCsv([...head, ...rows.map(cellsOf)]);
      head = [];
      return text;
    },
    end: noEnd,
  };
}
