import { progressOf, unknownHint } from '../domain/progress.js';
import type { Database } from '../store/mysql/database.js';
import { readSnapshot } from '../store/sends/row.js';
import { progressJson, progressLines } from '../view/progress.js';
import type { Context } from './context.js';
import { jsonLine, write } from './output.js';
import { noSuchSend } from './refusals.js';

/**
 * Prints how a send stands: JSON, a table on a terminal, `key: value` lines in a pipe.
 * @throws CampaignError NO_SUCH_SEND
 */
export async function showProgress(
  context: Context,
  database: Database,
  id: number,
  json: boolean | undefined,
): Promise<void> {
  const snapshot = await readSnapshot(database, id);
  if (!snapshot) throw noSuchSend(id);
  const progress = progressOf(snapshot);
  if (json) return write(context.stdout, jsonLine(progressJson(progress)));
  if (!context.stdout.isTTY) {
    await write(context.stdout, progressLines(progress));
    const hint = unknownHint(id, progress.status, progress.send.unknown);
    if (hint) context.stderr.write(`${hint}\n`);
    return;
  }
  const { progressTable } = await import('../view/tables.js');
  const style = { color: context.color ?? false, now: snapshot.now };
  await write(context.stdout, progressTable(progress, style));
}
