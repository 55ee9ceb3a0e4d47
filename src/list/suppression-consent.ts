import { consentKind, READS } from '../domain/consent-columns.js';
import { readStatus } from '../domain/consent-words.js';
import type { CsvRecord } from './rows.js';

/** What a row says of being mailed: it may be left out, it is a no, or neither can be told, with the reason. */
type Verdict = 'may be mailed' | 'no' | { unclear: string };

/** What a list's columns say of a row. */
export type ReadConsent = (cells: readonly string[]) => Verdict;

interface ConsentCell {
  index: number;
  header: string;
  read(cell: string): 'yes' | 'no' | 'none' | 'unread';
}

function readStatusCell(cell: string): ReturnType<ConsentCell['read']> {
  const word = readStatus(cell);
  return word === null ? 'none' : (word?.says ?? 'unread');
}

/**
 * How a list that is a provider's export of everybody tells who said no. A list in which each row is a no has no such
 * column, or one that is filled in every row.
 * @returns null where no column tells
 * @param email indexes of the address columns
 * @param sample the first rows, by which it is told what a column of statuses is about
 */
export function findConsentToImport(
  headers: readonly string[],
  email: readonly number[],
  sample: readonly CsvRecord[],
): ReadConsent | null {
  const columns = headers.flatMap((header, index): ConsentCell[] => {
    const kind = email.includes(index) ? undefined : consentKind(header);
    if (kind === undefined) return [];
    if (kind !== 'status') return [{ index, header, read: READS[kind] }];
    // Of mailing lists where all its words are theirs, and one of them is said of nothing else.
    const words = sample.map(({ cells }) => readStatus(cells[index] ?? ''));
    const isOfMailing =
      words.every((word) => word !== undefined) && words.some((word) => word?.strong);
    return isOfMailing ? [{ index, header, read: readStatusCell }] : [];
  });
  return columns.length === 0 ? null : (cells) => verdictOf(columns, cells);
}

function verdictOf(columns: readonly ConsentCell[], cells: readonly string[]): Verdict {
  let unclear: string | undefined;
  for (const { index, header, read } of columns) {
    const cell = cells[index] ?? '';
    const said = read(cell);
    if (said === 'no') return 'no';
    if (said === 'unread')
      unclear ??= `"${cell}" in the column "${header}" is neither a yes nor a no`;
  }
  return unclear === undefined ? 'may be mailed' : { unclear };
}
