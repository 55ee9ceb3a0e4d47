import type { ConsentDoubt, DeclinedBy } from '../domain/declined.js';
import type {
  AddressColumn,
  EncodedTwice,
  FoundEncoding,
  FoundLine,
  RejectedLine,
} from '../domain/list-findings.js';
import { LABELLED } from '../domain/message-values.js';
import type { FoundTag, Imported, Queued, QueueFinding, QueuePlan } from '../domain/queued.js';
import { andMore, count, plural } from '../domain/text.js';
import { lintNotice } from './lint.js';
import { printable } from './printable.js';
import { cut } from './width.js';

const bytes = (value: number): string => {
  if (value < 1024) return plural(value, 'byte');
  const units = ['KB', 'MB', 'GB', 'TB'];
  let amount = value / 1024;
  let unit = 0;
  for (; amount >= 1024 && unit < units.length - 1; unit++) amount /= 1024;
  return `${amount.toFixed(amount < 10 ? 1 : 0)} ${units[unit]}`;
};

const asides = (
  result: Partial<Queued> & Partial<Pick<Imported, 'declinedBy' | 'skipsMissing'>>,
): string => {
  const parts = [
    result.rejected ? `${plural(result.rejected, 'line')} rejected` : '',
    result.duplicates ? plural(result.duplicates, 'duplicate') : '',
    result.filtered ? `${plural(result.filtered, 'line')} left out by --where` : '',
    result.blank ? `${plural(result.blank, 'blank line')}` : '',
    result.declined ? declinedText(result.declined, result.declinedBy ?? []) : '',
    result.missing
      ? `${count(result.missing)} with an empty cell${result.skipsMissing ? ' left out' : ''}`
      : '',
    result.suppressed ? `${count(result.suppressed)} suppressed` : '',
    result.idnConverted
      ? `${count(result.idnConverted)} with an internationalised domain converted to A-labels`
      : '',
    result.needSmtpUtf8 ? `${count(result.needSmtpUtf8)} for servers with SMTPUTF8 only` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
};

/** `12 said no: Accepts Email Marketing = no`. */
const declinedText = (total: number, by: readonly DeclinedBy[]): string =>
  `${count(total)} said no${by.length === 0 ? '' : `: ${by.map(wordsOf).join('; ')}`}`;

/** A column and what stands in it: `Status = unsubscribed or bounced`. */
function wordsOf({ column, values, more }: DeclinedBy): string {
  const shown = values.map((value) => cut(printable(value), 40));
  const list = more ? `${shown.slice(0, 2).join(', ')}, …` : shown.join(' or ');
  return `${cut(printable(column), 60)} = ${list}`;
}

/** What was done and how to go on, in lines for people. */
export function queueSummary(result: Queued): string {
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

function nextSteps(id: number, status: Queued['status']): string[] {
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
export function queuePlan(plan: QueuePlan, database: string): string {
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
    ...plan.headers.map(({ name, value }): [string, string] => ['Header', `${name}: ${value}`]),
    ...LABELLED.flatMap(([label, key]): [string, string][] => {
      const value = plan[key];
      return value === null ? [] : [[label, value]];
    }),
    ...filesText(plan).map((text): [string, string] => ['Files', text]),
    ...(plan.timezone === 'UTC' ? [] : ([['Time zone', plan.timezone]] as [string, string][])),
    ...(plan.topic ? ([['Topic', plan.topic]] as [string, string][]) : []),
    ...(plan.dkim && plan.dkim !== 'auto' ? ([['DKIM', plan.dkim]] as [string, string][]) : []),
    ['Pacing', pacing.join(', ')],
    ['Start', startText(plan)],
    ['Database', database],
  ];
  return rows
    .map(([label, value]) => `${label.padEnd(11)} ${cut(printable(value), 200)}`)
    .join('\n');
}

const startText = ({ startAt, paused }: QueuePlan): string => {
  if (paused) return 'when it is resumed';
  return startAt === null ? 'at once' : startAt.toISOString();
};

/** The question that releases an imported list. */
export function queueQuestion(imported: Imported, paused: boolean): string {
  const recipients = `${plural(imported.total, 'recipient')}${asides(imported)}`;
  return paused ? `Keep it, paused, for ${recipients}?` : `Send it to ${recipients}?`;
}

/** What a caller of `queue` should know, in words. */
export function findingText(finding: QueueFinding): string {
  switch (finding.kind) {
    case 'encoding':
      return encodingLine(finding.list, finding);
    case 'above-header':
      return aboveNotice(finding.list, finding.headerLine, finding.above);
    case 'ambiguous-fields':
      return twinsNotice(finding.fields);
    case 'link-field-taken':
      return `The list's own unsubscribe_url is not used: {{ unsubscribe_url }} is the link of --unsubscribe-url or --unsubscribe-mailto.`;
    case 'no-text':
      return `The text part made from ${finding.html} is empty: give images an alt text, or a text part with --text.`;
    case 'foreign-tags':
      return foreignTagsNotice(finding.tags);
    case 'linked-style-sheets':
      return [
        `${printable(finding.html)} links to style sheets, which --inline-css leaves as they are: nothing is fetched. Put their rules into a <style> element:`,
        ...finding.sheets.slice(0, 5).map((sheet) => `  ${cut(printable(sheet), 120)}`),
      ].join('\n');
    case 'images-left':
      return imagesNotice(finding.html, finding.images);
    case 'too-large':
      return tooLargeNotice(finding);
    case 'rejected':
      return rejectionLines(finding.first, finding.total);
    case 'encoded-twice':
      return encodedTwiceNotice(finding);
    case 'declined':
      return declinedNotice(finding.total, finding.by);
    case 'missing':
      return missingNotice(finding);
    case 'lint':
      return lintNotice(finding.findings);
    case 'consent-doubts':
      return finding.doubts.map(doubtLine).join('\n');
    case 'waiting-for-import':
      return `send ${finding.id} with this key is being imported; waiting for its end`;
    case 'removing':
      return 'removing what was imported …';
  }
}

/** What a list is read as, and why. */
function encodingLine(list: string, { encoding, by, mark, example }: FoundEncoding): string {
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

const SHOWN_IMAGES = 5;

/** Pictures that the HTML names and that do not go with it. */
function imagesNotice(html: string, images: readonly { line: number; written: string }[]): string {
  const more = images.length - SHOWN_IMAGES;
  return [
    `Left as ${images.length === 1 ? 'it stands' : 'they stand'} in ${printable(html)}, for no file goes with ${images.length === 1 ? 'it' : 'them'}:`,
    ...images
      .slice(0, SHOWN_IMAGES)
      .map(({ line, written }) => `  line ${count(line)}: ${cut(printable(written), 120)}`),
    ...(more > 0 ? [`  and ${plural(more, 'more picture')}`] : []),
  ].join('\n');
}

/** A message that the relay will not take. */
const tooLargeNotice = ({
  bytes: size,
  takes,
  relay,
  largest,
}: Extract<QueueFinding, { kind: 'too-large' }>): string =>
  `The message comes to ${bytes(size)}${largest ? ` with ${printable(largest.name)} for ${printable(largest.email)}` : ''}, and ${printable(relay)} takes ${bytes(takes)} (SIZE): the send will pause itself before anybody is mailed.`;

/** Files that go with messages: `3 files (1.2 MB), one a row from the column invoice`. */
function filesText({ files, rowFiles }: QueuePlan): string[] {
  const attached = files.filter(({ disposition }) => disposition === 'attachment');
  const pictures = files.length - attached.length;
  const size = files.reduce((sum, file) => sum + file.bytes, 0);
  const parts = [
    ...attached.map(({ name, bytes: own }) => `${name} (${bytes(own)})`),
    ...(pictures > 0 ? [plural(pictures, 'picture')] : []),
  ];
  const all = files.length > 1 ? ` — ${bytes(size)} in all` : '';
  return [
    ...(parts.length > 0 ? [`${parts.join(', ')}${all}`] : []),
    ...(rowFiles === null ? [] : [`one for each row, named by the column ${rowFiles}`]),
  ];
}

/** The first rejected lines, one a line, and how many more there are. */
export function rejectionLines(first: readonly RejectedLine[], total: number): string {
  const lines = first.map(
    ({ line, reason, cells }) =>
      `  line ${line}: ${cut(printable(reason), 120)}: ${cut(printable(cells.join(' | ')), 80)}`,
  );
  const more = total - first.length;
  return [
    `Rejected ${plural(total, 'line')}:`,
    ...lines,
    ...andMore(more, ' (--rejects writes all of them to a file)'),
  ].join('\n');
}

const MAX_LINES_ABOVE = 5;

/** Where the header is, when it is not first, and what stands above it and is left out. */
function aboveNotice(list: string, headerLine: number, above: readonly FoundLine[]): string {
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
const twinsNotice = (twins: ReadonlyMap<string, readonly string[]>): string =>
  [
    'Templates cannot use these merge fields, for more than one column has the name:',
    ...[...twins].map(([field, columns]) => `  ${field}: ${printable(columns.join(', '))}`),
  ].join('\n');

function encodedTwiceNotice({ cells, line, cell, probably }: EncodedTwice): string {
  const [shown, meant] = [cell, probably].map((text) => cut(printable(text), 80));
  return [
    `The list looks encoded twice in ${plural(cells, 'cell')}: "${shown}" on line ${line} was probably "${meant}".`,
    '  Such addresses are refused, other cells go out as they stand; a list exported anew in UTF-8 has both right.',
  ].join('\n');
}

/** How many the list itself says not to write to, by its columns. */
const declinedNotice = (total: number, by: readonly DeclinedBy[]): string =>
  [
    `The list says not to write to ${plural(total, 'recipient')}, who ${total === 1 ? 'is' : 'are'} skipped (--ignore-declined sends to them too):`,
    ...by.map((column) => `  ${wordsOf(column)}: ${count(column.recipients)}`),
  ].join('\n');

/** How many recipients lack what their message prints, by field, and the first lines. */
function missingNotice({ skipped, total, first, by }: QueueFinding & { kind: 'missing' }): string {
  const recipients = plural(total, 'recipient');
  const fields = by.map(({ field, recipients: n }) => `${printable(field)} (${count(n)})`);
  const more = total - first.length;
  return [
    skipped
      ? `${recipients} ${total === 1 ? 'is' : 'are'} skipped, for a cell that the message prints is empty: ${cut(fields.join(', '), 200)}`
      : `A cell that the message prints is empty for ${recipients}, who get a blank there (--missing skip leaves them out, --missing error refuses the list): ${cut(fields.join(', '), 200)}`,
    ...first.map(
      ({ line, fields: empty }) => `  line ${line}: ${cut(printable(empty.join(', ')), 120)}`,
    ),
    ...andMore(more),
  ].join('\n');
}

/** What may be merge tags of another tool. */
const foreignTagsNotice = (tags: readonly FoundTag[]): string =>
  [
    `${tags.length === 1 ? 'This looks like a merge tag' : 'These look like merge tags'} of another tool, and would be sent as ${tags.length === 1 ? 'it stands' : 'they stand'}:`,
    ...tags
      .slice(0, 5)
      .map(
        ({ template, line, column, written }) =>
          `  ${printable(template)}, line ${line}, column ${column}: ${cut(printable(written), 80)}`,
      ),
    ...andMore(tags.length - 5),
  ].join('\n');

/** A column that may tell of a no, and why it was not read as it. */
function doubtLine(doubt: ConsentDoubt): string {
  const column = cut(printable(doubt.column), 60);
  const example = `"${cut(printable(doubt.value), 60)}" (line ${count(doubt.line)})`;
  switch (doubt.kind) {
    case 'foreign':
      return `The column "${column}" is not taken for people's yes or no to mail, for ${example} is no word of a mailing list.${sentTo(doubt.noes)}`;
    case 'weak':
      return `The column "${column}" is not taken for people's yes or no to mail, for ${example} and all else in it may be said of orders or accounts too.${sentTo(doubt.noes)}`;
    case 'unread':
      return `The column "${column}" has ${plural(doubt.cells, 'cell')} that ${doubt.cells === 1 ? 'is' : 'are'} neither a yes nor a no: ${example}. No recipient is skipped for ${doubt.cells === 1 ? 'it' : 'them'}.`;
  }
}

const sentTo = (noes: number): string =>
  noes === 0
    ? ''
    : ` ${plural(noes, 'line says', 'lines say')} in it what would be a no, and nobody is skipped for it; --where leaves rows out.`;

export const COLUMN_QUESTION = 'Which column holds the address?';

/** The columns that may hold the address, each with its first cell. */
export const columnChoices = (columns: readonly AddressColumn[]): string[] =>
  columns.map(({ index, header, example }) => {
    const title = header === '' ? `column ${index + 1}` : `${header} (column ${index + 1})`;
    return cut(printable(example === '' ? title : `${title}: ${example}`), 100);
  });
