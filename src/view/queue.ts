import type { ShownStatus } from '../domain/progress.js';
import { count, plural } from '../domain/text.js';
import { printable } from './printable.js';
import { cut } from './width.js';

/** What `queue` came to. */
export interface QueueView {
  /** Null in a dry run. */
  id: number | null;
  name: string;
  status: ShownStatus | 'dry-run';
  total: number;
  /** Null when it is not known (any more, or in a dry run). */
  rejected: number | null;
  duplicates: number | null;
  suppressed: number | null;
  /** An earlier `queue` with the same key had created it. */
  alreadyQueued: boolean;
  /** Rows whose domain was converted to A-labels; null when the list was not read. */
  idnConverted: number | null;
  /** Rows only a server with SMTPUTF8 can take; null when the list was not read. */
  needSmtpUtf8: number | null;
  /** What the list was read as; null when it was not read. */
  encoding: string | null;
  /** Line of the list's header, from 1; null when the list was not read. */
  headerLine: number | null;
  /** Null when no cell looks so, or the list was not read. */
  looksEncodedTwice: EncodedTwiceView | null;
}

/** Cells that look encoded twice, and the first of them. */
export interface EncodedTwiceView {
  cells: number;
  line: number;
  cell: string;
  probably: string;
}

/** A list that is in the ledger, not released yet. */
export interface ImportedView {
  /** Who would get it: without the suppressed. */
  total: number;
  suppressed: number;
  rejected: number;
  duplicates: number;
}

/** What `queue` is about to do. */
export interface QueuePlanView {
  name: string;
  from: string;
  subject: string;
  list: string;
  /** Null for a pipe. */
  listBytes: number | null;
  listUnsubscribe: string | null;
  timezone: string;
  fieldNames: readonly string[];
  batchSize: number;
  delayMs: number;
  cooldownSeconds: number;
  maxAttempts: number;
  startAt: Date | null;
  paused: boolean;
}

/** What a list is read as, and what tells. */
export interface EncodingView {
  encoding: string;
  by: 'flag' | 'mark' | 'nuls' | 'bytes';
  /** Of a byte order mark that --encoding overrules. */
  mark?: string;
  example?: { line: number; text: string };
}

export interface RejectionView {
  line: number;
  reason: string;
  cells: readonly string[];
}

const bytes = (value: number): string => {
  if (value < 1024) return plural(value, 'byte');
  const units = ['KB', 'MB', 'GB', 'TB'];
  let amount = value / 1024;
  let unit = 0;
  for (; amount >= 1024 && unit < units.length - 1; unit++) amount /= 1024;
  return `${amount.toFixed(amount < 10 ? 1 : 0)} ${units[unit]}`;
};

/** The JSON object of `queue`, on one line. */
export function queueJson(result: QueueView): string {
  const { id, status, total, rejected, duplicates, suppressed, alreadyQueued } = result;
  const { idnConverted, needSmtpUtf8, encoding, headerLine, looksEncodedTwice } = result;
  return JSON.stringify({
    id,
    status,
    total,
    rejected,
    duplicates,
    suppressed,
    alreadyQueued,
    idnConverted,
    needSmtpUtf8,
    encoding,
    headerLine,
    looksEncodedTwice,
  });
}

const asides = (result: Partial<QueueView>): string => {
  const parts = [
    result.rejected ? `${plural(result.rejected, 'line')} rejected` : '',
    result.duplicates ? plural(result.duplicates, 'duplicate') : '',
    result.suppressed ? `${count(result.suppressed)} suppressed` : '',
    result.idnConverted
      ? `${count(result.idnConverted)} with an internationalised domain converted to A-labels`
      : '',
    result.needSmtpUtf8 ? `${count(result.needSmtpUtf8)} for servers with SMTPUTF8 only` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
};

/** What was done and how to go on, in lines for people. */
export function queueSummary(result: QueueView): string {
  const { id, status, total, alreadyQueued } = result;
  const recipients = `${plural(total, 'recipient')}${asides(result)}`;
  if (id === null) return `The list is good for ${recipients}. Dry run: nothing was queued.`;
  const title = `send ${id} "${cut(printable(result.name), 60)}"`;
  if (status === 'cancelled' && !alreadyQueued) {
    return `The import was interrupted and ${title} cancelled: nobody is mailed.`;
  }
  const first = alreadyQueued
    ? `Already queued as ${title}: ${status}, ${recipients}.`
    : `Queued ${title}: ${status}, ${recipients}.`;
  return [first, ...nextSteps(id, status).map((line) => `  ${line}`)].join('\n');
}

function nextSteps(id: number, status: QueueView['status']): string[] {
  switch (status) {
    case 'cancelled':
      return ['it stays cancelled; another --key queues the list anew'];
    case 'completed':
      return [`campaign progress ${id}`];
    case 'paused':
      return [`campaign resume ${id}`, 'campaign run-scheduler', `campaign progress ${id} --watch`];
    default:
      return ['campaign run-scheduler', `campaign progress ${id} --watch`];
  }
}

/** What is about to be imported, and how it is to be sent. */
export function queuePlan(plan: QueuePlanView, database: string): string {
  const pacing = [
    `${plural(plan.batchSize, 'message')} a batch`,
    plan.delayMs === 0 ? 'no delay between messages' : `${count(plan.delayMs)} ms between messages`,
    `${plural(plan.cooldownSeconds, 'second')} between batches`,
    `${plural(plan.maxAttempts, 'attempt')} at most`,
  ];
  const rows: [string, string][] = [
    ['Name', plan.name],
    ['From', plan.from],
    ['Subject', plan.subject],
    ['List', plan.listBytes === null ? plan.list : `${plan.list} (${bytes(plan.listBytes)})`],
    ['Fields', ['email', ...plan.fieldNames].join(', ')],
    ...(plan.listUnsubscribe === null
      ? []
      : ([['Unsubscribe', plan.listUnsubscribe]] as [string, string][])),
    ...(plan.timezone === 'UTC' ? [] : ([['Time zone', plan.timezone]] as [string, string][])),
    ['Pacing', pacing.join(', ')],
    ['Start', startText(plan)],
    ['Database', database],
  ];
  return rows
    .map(([label, value]) => `${label.padEnd(11)} ${cut(printable(value), 200)}`)
    .join('\n');
}

const startText = ({ startAt, paused }: QueuePlanView): string => {
  if (paused) return 'when it is resumed';
  return startAt === null ? 'at once' : startAt.toISOString();
};

/** The question that releases an imported list. */
export function queueQuestion(imported: ImportedView, paused: boolean): string {
  const recipients = `${plural(imported.total, 'recipient')}${asides(imported)}`;
  return paused ? `Keep it, paused, for ${recipients}?` : `Send it to ${recipients}?`;
}

/** What a list is read as, and why. */
export function encodingLine(list: string, { encoding, by, mark, example }: EncodingView): string {
  const why = {
    flag: `as --encoding says${mark ? `, though it begins with the byte order mark of ${mark}` : ''}`,
    mark: 'as its byte order mark says',
    nuls: 'as the places of its NUL bytes tell',
    bytes: 'since it is not in utf-8',
  };
  const shown = example ? ` (line ${example.line}: "${example.text}")` : '';
  const otherwise = by === 'bytes' ? '; --encoding names another' : '';
  return printable(`${list} is read as ${encoding}, ${why[by]}${shown}${otherwise}`);
}

/** The first rejected lines, one a line, and how many more there are. */
export function rejectionLines(first: readonly RejectionView[], total: number): string {
  const lines = first.map(
    ({ line, reason, cells }) =>
      `  line ${line}: ${cut(printable(reason), 120)}: ${cut(printable(cells.join(' | ')), 80)}`,
  );
  const more = total - first.length;
  return [
    `Rejected ${plural(total, 'line')}:`,
    ...lines,
    ...(more > 0 ? [`  and ${count(more)} more (--rejects writes all of them to a file)`] : []),
  ].join('\n');
}

const MAX_LINES_ABOVE = 5;

/** Where the header is, when it is not first, and what stands above it and is left out. */
export function aboveNotice(
  list: string,
  headerLine: number,
  above: readonly { line: number; text: string }[],
): string {
  const more = above.length - MAX_LINES_ABOVE;
  return [
    `The header of ${printable(list)} is line ${count(headerLine)}. Left out above it:`,
    ...above
      .slice(0, MAX_LINES_ABOVE)
      .map(({ line, text }) => `  line ${line}: ${cut(printable(text.trim()), 120)}`),
    ...(more > 0 ? [`  and ${plural(more, 'line')} more`] : []),
  ].join('\n');
}

/** Merge fields that no column fills, for more than one would. */
export const twinsNotice = (twins: ReadonlyMap<string, readonly string[]>): string =>
  [
    'Templates cannot use these merge fields, for more than one column has the name:',
    ...[...twins].map(([field, columns]) => `  ${field}: ${printable(columns.join(', '))}`),
  ].join('\n');

export function encodedTwiceNotice({ cells, line, cell, probably }: EncodedTwiceView): string {
  const [shown, meant] = [cell, probably].map((text) => cut(printable(text), 80));
  return [
    `The list looks encoded twice in ${plural(cells, 'cell')}: "${shown}" on line ${line} was probably "${meant}".`,
    '  Such addresses are refused, other cells go out as they stand; a list exported anew in UTF-8 has both right.',
  ].join('\n');
}

export const COLUMN_QUESTION = 'Which column holds the address?';

/** The columns that may hold the address, each with its first cell. */
export const columnChoices = (
  columns: readonly { index: number; header: string; example: string }[],
): string[] =>
  columns.map(({ index, header, example }) => {
    const title = header === '' ? `column ${index + 1}` : `${header} (column ${index + 1})`;
    return cut(printable(example === '' ? title : `${title}: ${example}`), 100);
  });
