import { consentKind, READS } from '../domain/consent-columns.js';
import { readStatus } from '../domain/consent-words.js';
import { CampaignError } from '../errors.js';

/** What a row says of being mailed: it may be left out, it is a no, or neither can be told, with the reason. */
type Verdict = 'may be mailed' | 'no' | { unclear: string };

/** What a list's columns say of a row. */
export type ReadConsent = (cells: readonly string[]) => Verdict;

interface ConsentCell {
  index: number;
  header: string;
  /** Whether it says of whom it is empty that they may be mailed; of reasons not everybody gives one. */
  tellsApart: boolean;
  read(cell: string): 'yes' | 'no' | 'none' | 'unread';
}

function readStatusCell(cell: string): ReturnType<ConsentCell['read']> {
  const word = readStatus(cell);
  return word === null ? 'none' : (word?.says ?? 'unread');
}

/** A list, as far as it is to be told what its columns say. */
interface Sampled {
  /** For messages. */
  name: string;
  headers: readonly string[];
  /** Indexes of the address columns. */
  email: readonly number[];
  /** Cells of the first rows, by which it is told what a column of statuses is about. */
  sample: readonly (readonly string[])[];
}

/**
 * How a list that is a provider's export of everybody tells who said no. A list in which each row is a no has no such
 * column, or one that is filled in every row.
 * @returns null where no column tells
 * @throws CampaignError BAD_LIST where a column of statuses may be of mailing, and may be of something else
 */
export function findConsentToImport(list: Sampled): ReadConsent | null {
  const columns = list.headers.flatMap((header, index): ConsentCell[] => {
    const kind = list.email.includes(index) ? undefined : consentKind(header);
    if (kind === undefined) return [];
    if (kind === 'status') return isOfMailing(list, index) ? [statusCell(header, index)] : [];
    return [{ index, header, tellsApart: kind !== 'reason', read: READS[kind] }];
  });
  return columns.some(({ tellsApart }) => tellsApart) ? (cells) => verdictOf(columns, cells) : null;
}

const statusCell = (header: string, index: number): ConsentCell => ({
  index,
  header,
  tellsApart: true,
  read: readStatusCell,
});

/** Whether a column of statuses is one of mailing: where one of its words is said of nothing else. */
function isOfMailing({ name, headers, sample }: Sampled, index: number): boolean {
  const cells = sample.map((row) => row[index] ?? '').filter((cell) => readStatus(cell) !== null);
  const words = cells.map(readStatus);
  if (words.some((word) => word?.strong)) return true;
  const isForeign = words.length === 0 || words.includes(undefined);
  if (isForeign) return false;
  // In an export that is sorted by it the others come later, and all before them would be suppressed.
  const said = [...new Set(cells.map((cell) => cell.trim()))].map((cell) => `"${cell}"`);
  throw new CampaignError(
    'BAD_LIST',
    `${name}: the column "${headers[index]}" begins with ${said.slice(0, SHOWN).join(', ')} alone, which does not tell who may be mailed`,
    'remove the rows of those who may be mailed, or the column; --everybody suppresses all of the list',
  );
}

/** Words that a message names. */
const SHOWN = 3;

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
