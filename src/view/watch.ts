import { type Progress, unknownHint } from '../domain/progress.js';
import { printable } from './printable.js';
import { progressLine } from './progress.js';

/** Shows readings of one send as they come. */
export interface WatchView {
  show(progress: Progress): void;
  /** Why there is no reading, until there is one. */
  note(text: string): void;
  end(): void;
}

/** What makes a reading worth a line of its own: rates, times and renewed claims don't. */
const changeOf = ({ send, status, pending, waiting }: Progress): string =>
  JSON.stringify([
    status,
    pending,
    send.total,
    send.sent,
    send.failed,
    send.unknown,
    send.skipped,
    send.sending,
    send.batchSize,
    send.delayMs,
    send.cooldownSeconds,
    send.reason,
    waiting?.for,
    // A held relay is tried again now and then, and is worth a line each time.
    waiting?.for === 'quota' || waiting?.for === 'rate' ? waiting.until : null,
  ]);

/**
 * A line a change, for pipes.
 * @param json makes that line one for programs, who get no hint at the end
 */
export function createLineView(
  out: (text: string) => void,
  err: (text: string) => void,
  json?: (progress: Progress) => string,
): WatchView {
  let shown = '';
  let latest: Progress | undefined;
  let noted = '';
  return {
    show(progress) {
      noted = '';
      latest = progress;
      const change = changeOf(progress);
      if (change === shown) return;
      shown = change;
      out(json ? json(progress) : `${progressLine(progress)}\n`);
    },
    note(text) {
      if (text !== noted) err(`${printable(text)}\n`);
      noted = text;
    },
    end() {
      const hint = latest && unknownHint(latest.send.id, latest.send.status, latest.send.unknown);
      if (hint && !json) err(`${hint}\n`);
    },
  };
}
