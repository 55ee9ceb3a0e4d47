import { progressJson } from '../contract/progress.js';
import { type Progress, unknownHint } from '../domain/progress.js';
import { fieldLines } from '../view/progress.js';
import type { Context } from './context.js';
import { jsonLine, write } from './output.js';

/** Prints how a send stands: JSON, a table on a terminal, `key: value` lines in a pipe. */
export async function showProgress(
  context: Context,
  progress: Progress,
  json: boolean | undefined,
): Promise<void> {
  if (json) return write(context.stdout, jsonLine(progressJson(progress)));
  if (!context.stdout.isTTY) {
    await write(context.stdout, fieldLines(fieldsOf(progress)));
    const hint = unknownHint(progress.send.id, progress.status, progress.send.unknown);
    if (hint) context.stderr.write(`${hint}\n`);
    return;
  }
  const { progressTable } = await import('../view/tables.js');
  const style = { color: context.color ?? false, now: progress.now };
  await write(context.stdout, progressTable(progress, style));
}

/** The JSON's keys, of what it waits for the words. */
function fieldsOf(progress: Progress): Record<string, string | number | null> {
  const { waiting, ...fields } = progressJson(progress);
  return { ...fields, waiting: waiting?.text ?? null };
}
