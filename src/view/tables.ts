import { Chalk, type ChalkInstance } from 'chalk';
import { durationInWords } from '../domain/duration.js';
import { type Progress, unknownHint } from '../domain/progress.js';
import type { ShownStatus } from '../domain/send.js';
import { count } from '../domain/text.js';
import { printable } from './printable.js';
import { relativeTime } from './time.js';
import { cut, width } from './width.js';

/** What tables are drawn with: colours or none, and the database's time for "3 min ago". */
export interface Style {
  color: boolean;
  now: Date;
}

/** Rows of cells, which may be coloured, in columns two apart; those of the indexes in `right` are flush right. */
function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, width(cell));
    });
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => {
        const space = ' '.repeat((widths[i] ?? 0) - width(cell));
        return right.includes(i) ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

const palette = (style: Style): ChalkInstance => new Chalk({ level: style.color ? 1 : 0 });

function paintStatus(chalk: ChalkInstance, status: ShownStatus): string {
  if (status === 'running' || status === 'completed') return chalk.green(status);
  if (status === 'cancelled') return chalk.red(status);
  return chalk.yellow(status);
}

/** Everything about one send. */
export function progressTable(progress: Progress, style: Style): string {
  const { send, status, pending, ratePerSecond, etaSeconds, waiting } = progress;
  const chalk = palette(style);
  const rows: [string, string][] = [];
  const add = (name: string, value: string): void => {
    rows.push([chalk.dim(name), value]);
  };
  const done = send.total - pending - send.sending;
  const share = send.total === 0 ? '' : ` (${Math.floor((done / send.total) * 100)} %)`;
  add('send', `${send.id}  ${chalk.bold(printable(send.name))}`);
  if (send.topic !== '') add('topic', send.topic);
  add('status', paintStatus(chalk, status) + (send.reason ? `  ${printable(send.reason)}` : ''));
  if (waiting && waiting.for !== 'paused') add('waiting', chalk.yellow(printable(waiting.text)));
  add('done', `${count(done)} of ${count(send.total)}${share}`);
  add('sent', chalk.green(count(send.sent)));
  add('failed', send.failed ? chalk.red(count(send.failed)) : '0');
  add('unknown', send.unknown ? chalk.yellow(count(send.unknown)) : '0');
  add(
    'skipped',
    [
      count(send.skipped),
      ...(send.declined ? [`  ${count(send.declined)} said no in the list`] : []),
      ...(send.missingSkipped ? [`  ${count(send.missingSkipped)} with an empty cell`] : []),
    ].join(''),
  );
  add('pending', count(pending));
  add('sending', count(send.sending));
  if (ratePerSecond !== null) add('rate', `${count(ratePerSecond)} a second`);
  if (etaSeconds !== null && pending > 0) add('ends', `in about ${durationInWords(etaSeconds)}`);
  add(
    'controls',
    `batches of ${count(send.batchSize)}, ${send.delayMs} ms between messages, ${send.cooldownSeconds} s between batches`,
  );
  if (send.lastBatchAt) add('last batch', relativeTime(send.lastBatchAt, style.now));
  if (send.claimedBy) add('worker', printable(send.claimedBy));
  add('created', relativeTime(send.createdAt, style.now));
  if (send.finishedAt) add('finished', relativeTime(send.finishedAt, style.now));
  const hint = unknownHint(send.id, status, send.unknown);
  return columns(rows) + (hint ? `${chalk.yellow(hint)}\n` : '');
}

/** A longer name is cut, so that the figures behind it are on the screen. */
const NAME_COLUMNS = 40;

/** A line a send. */
export function sendsTable(sends: readonly Progress[], style: Style): string {
  const chalk = palette(style);
  const head = [
    'id',
    'name',
    'status',
    'sent',
    'failed',
    'unknown',
    'pending',
    'total',
    'created',
    '',
  ];
  const rows = [head.map((name) => chalk.dim(name))];
  for (const { send, status, pending, waiting } of sends) {
    rows.push([
      String(send.id),
      cut(printable(send.name), NAME_COLUMNS),
      paintStatus(chalk, status),
      count(send.sent),
      count(send.failed),
      count(send.unknown),
      count(pending),
      count(send.total),
      relativeTime(send.createdAt, style.now),
      printable(waiting?.text ?? ''),
    ]);
  }
  return columns(rows, [0, 3, 4, 5, 6, 7]);
}

/** Any rows under a head; cells are escaped here. */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: Pick<Style, 'color'>,
): string {
  const chalk = palette({ ...style, now: new Date(0) });
  return columns([head.map((name) => chalk.dim(name)), ...rows.map((row) => row.map(printable))]);
}
