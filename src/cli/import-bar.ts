import cliProgress from 'cli-progress';
import type { ImportProgress } from '../domain/queued.js';
import type { Outside } from './context.js';

import { onSuspend } from './suspend.js';

/** How far an import is, on a terminal. */
export interface ImportBar {
  update(progress: ImportProgress): void;
  stop(): void;
}

/** Progress by bytes where the size of the list is known, else the lines alone. */
export function createImportBar({ stderr }: Pick<Outside, 'stderr'>): ImportBar {
  const started = performance.now();
  let bar: InstanceType<typeof cliProgress.SingleBar> | null = null;
  const create = (known: boolean) =>
    new cliProgress.SingleBar({
      stream: stderr,
      format: known
        ? 'Importing {bar} {percentage}% | {lines} lines | {rate} lines/s | {eta_formatted} left'
        : 'Importing | {lines} lines | {rate} lines/s',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      // So that whatever ends or stops the command leaves the terminal whole.
      hideCursor: false,
      linewrap: true,
      clearOnComplete: true,
      etaBuffer: 100,
    });
  const clear = (): void => {
    bar?.stop();
    bar = null;
  };
  // What the shell writes meanwhile moves the bar: the next update draws it where the cursor is then.
  const suspension = onSuspend(clear, () => undefined);
  return {
    update: ({ bytes, totalBytes, lines }) => {
      const seconds = (performance.now() - started) / 1000;
      const payload = {
        lines: lines.toLocaleString('en-US'),
        rate: Math.round(lines / seconds).toLocaleString('en-US'),
      };
      if (!bar) {
        bar = create(totalBytes !== null);
        bar.start(totalBytes ?? 0, 0, payload);
      }
      bar.update(bytes, payload);
    },
    stop: () => {
      clear();
      suspension.end();
    },
  };
}
