import { Chalk } from 'chalk';
import { SingleBar } from 'cli-progress';
import { durationInWords, type Progress } from '../domain/progress.js';
import { RecentRate } from '../domain/recent-rate.js';
import { progressLine } from './progress.js';
import { printable } from './text.js';
import type { WatchView } from './watch.js';

const BAR_COLUMNS = 20;
const RATE_WINDOW_MS = 10_000;
/** Readings for which a note stays on the line. */
const NOTE_READINGS = 6;

/** A bar on a terminal: how far, how fast over the last seconds, how long still, and why it waits. */
export function createBarView(
  stream: NodeJS.WriteStream,
  color: boolean,
  takesKeys: boolean,
): WatchView {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const rate = new RecentRate(RATE_WINDOW_MS);
  const bar = new SingleBar({
    stream,
    format: '{bar} {percentage} %  {value}/{total}  {words}',
    barsize: BAR_COLUMNS,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    emptyOnZero: true,
    gracefulExit: false,
  });
  let latest: Progress | undefined;
  let noted = '';
  let noteLeft = 0;
  let words = '';

  const draw = (): void => {
    // In place of the words: behind them a narrow terminal would cut it off, and it may be a question.
    bar.update({ words: noteLeft > 0 ? chalk.cyan(noted) : words });
    bar.render();
  };
  return {
    show(progress) {
      const { send, pending } = progress;
      if (!latest) {
        stream.write(`${chalk.bold(`send ${send.id}`)}  ${printable(send.name)}\n`);
        if (takesKeys) stream.write(chalk.dim('p pause  r resume  c cancel  q quit\n'));
        bar.start(send.total, 0, { words: '' });
      }
      latest = progress;
      noteLeft = Math.max(0, noteLeft - 1);
      const perSecond = rate.add(progress.now, send.sent);
      words = wordsOf(progress, perSecond, chalk.yellow);
      bar.setTotal(send.total);
      bar.update(send.total - pending - send.sending);
      draw();
    },
    note(text) {
      noted = printable(text);
      noteLeft = NOTE_READINGS;
      draw();
    },
    end() {
      bar.stop();
      if (latest) stream.write(`${progressLine(latest)}\n`);
    },
  };
}

function wordsOf(
  { send, status, pending, etaSeconds, waiting }: Progress,
  perSecond: number | null,
  highlight: (text: string) => string,
): string {
  const left = pending + send.sending;
  const seconds = etaSeconds !== null && perSecond ? left / perSecond : etaSeconds;
  return [
    ...(perSecond === null
      ? []
      : [`${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`]),
    ...(seconds === null || left === 0 ? [] : [`${durationInWords(seconds)} left`]),
    ...(send.failed ? [`${send.failed} failed`] : []),
    ...(send.unknown ? [`${send.unknown} unknown`] : []),
    highlight(printable(waiting?.text ?? status)),
  ].join('  ');
}
