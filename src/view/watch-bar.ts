import { Chalk } from 'chalk';
import { SingleBar } from 'cli-progress';
import { durationInWords } from '../domain/duration.js';
import { type Progress, unknownHint } from '../domain/progress.js';
import { RecentRate } from '../domain/recent-rate.js';
import { printable } from './printable.js';
import { progressLine } from './progress.js';
import type { WatchView } from './watch.js';
import { cut, cutInside, width } from './width.js';

const BAR_COLUMNS = 20;
/** Of a note as much is worth seeing beside the figures; a question is shorter. */
const NOTE_COLUMNS = 36;
const RATE_WINDOW_MS = 10_000;
/** Readings for which what a key did stays on the line. */
const SAID_READINGS = 6;

/** A view that answers to keys. Of what it could show beside the figures, a question comes first, then what a key did. */
export interface KeyedView extends WatchView {
  /** A question, until it is taken back with null. */
  ask(question: string | null): void;
  /** What a key did: for a while, or until `hush`. */
  say(text: string, life?: 'for-a-while' | 'until-a-key'): void;
  /** The next key was pressed. */
  hush(): void;
  /** Leaves the terminal as it was, until `resume`; nothing is drawn meanwhile. */
  leave(): void;
  resume(): void;
}

/** A bar on a terminal: how far, how fast over the last seconds, how long still, and why it waits. */
export function createBarView(
  stream: NodeJS.WriteStream,
  color: boolean,
  takesKeys: boolean,
): KeyedView {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  const rate = new RecentRate(RATE_WINDOW_MS);
  let latest: Progress | undefined;
  let question: string | null = null;
  let said: { text: string; readingsLeft: number } | null = null;
  let trouble: string | null = null;
  let figures = '';
  let why = '';

  const bar = new SingleBar({
    stream,
    format: (_options, { progress, value, total, maxWidth }) => {
      const filled = Math.round(progress * BAR_COLUMNS);
      const blocks = `${'█'.repeat(filled)}${'░'.repeat(BAR_COLUMNS - filled)} `;
      const numbers = `${Math.floor(progress * 100)} %  ${value}/${total}  `;
      const counts = blocks + numbers;
      const note = question ?? said?.text ?? trouble;
      if (note === null) {
        // A terminal too narrow for both shows why and until when, for the numbers tell how far.
        const isWide = width(counts + figures + why) <= maxWidth;
        const before = (isWide ? counts : numbers) + figures;
        return before + chalk.yellow(cutInside(why, Math.max(1, maxWidth - width(before))));
      }
      // A terminal too narrow for both shows the note.
      const room = maxWidth - width(counts);
      return room >= Math.min(NOTE_COLUMNS, width(note))
        ? counts + chalk.cyan(cut(note, room))
        : chalk.cyan(cut(note, maxWidth));
    },
    hideCursor: true,
    emptyOnZero: true,
    gracefulExit: false,
  });
  let drawing = false;

  const draw = (): void => {
    if (drawing) bar.render();
  };
  const start = ({ send, pending }: Progress): void => {
    drawing = true;
    bar.start(send.total, send.total - pending - send.sending);
  };
  /** Says less of a key for each time that the database was asked. */
  const age = (): void => {
    if (said && --said.readingsLeft <= 0) said = null;
  };
  return {
    show(progress) {
      const { send, pending } = progress;
      age();
      trouble = null;
      figures = figuresOf(progress, rate.add(progress.now, send.sent));
      why = printable(progress.waiting?.text ?? progress.status);
      if (!latest) {
        stream.write(`${chalk.bold(`send ${send.id}`)}  ${printable(send.name)}\n`);
        if (takesKeys) stream.write(chalk.dim('p pause  r resume  c cancel  q quit\n'));
        start(progress);
      }
      latest = progress;
      bar.setTotal(send.total);
      bar.update(send.total - pending - send.sending);
      draw();
    },
    note(text) {
      age();
      trouble = printable(text);
      draw();
    },
    ask(text) {
      question = text;
      draw();
    },
    say(text, life = 'for-a-while') {
      const readingsLeft = life === 'for-a-while' ? SAID_READINGS : Number.POSITIVE_INFINITY;
      said = { text: printable(text), readingsLeft };
      draw();
    },
    hush() {
      said = null;
      draw();
    },
    leave() {
      drawing = false;
      bar.stop();
    },
    resume() {
      if (latest) start(latest);
    },
    end() {
      if (said?.readingsLeft === Number.POSITIVE_INFINITY) stream.write(`${said.text}\n`);
      if (!latest) return;
      const { send } = latest;
      stream.write(`${progressLine(latest)}\n`);
      const hint = unknownHint(send.id, send.status, send.unknown);
      if (hint) stream.write(`${chalk.yellow(hint)}\n`);
    },
  };
}

function figuresOf({ send, pending, etaSeconds }: Progress, perSecond: number | null): string {
  const left = pending + send.sending;
  const seconds = etaSeconds !== null && perSecond ? left / perSecond : etaSeconds;
  return [
    ...(perSecond === null
      ? []
      : [`${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`]),
    ...(seconds === null || left === 0 ? [] : [`${durationInWords(seconds)} left`]),
    ...(send.failed ? [`${send.failed} failed`] : []),
    ...(send.unknown ? [`${send.unknown} unknown`] : []),
  ]
    .map((figure) => `${figure}  `)
    .join('');
}
