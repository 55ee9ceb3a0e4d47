import type { CodeFilter } from '../domain/code-filter.js';
import type { Settled } from '../domain/settled.js';
import { plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import {
  countSelected,
  countSelectedSuppressed,
  type Selection,
} from '../store/recipients/selection.js';
import { settleSelected } from '../store/recipients/settle.js';
import { readSend } from '../store/sends/row.js';
import { readProgress } from './progress.js';
import { noSuchSend, wrongState } from './send-errors.js';
import type { Workspace } from './workspace.js';

export interface Retry {
  id: number;
  /** Of the unknown some may get a second copy. */
  from: 'failed' | 'unknown';
  /** Only those with such a reply. */
  code?: CodeFilter | undefined;
  /** Asked before unknown recipients are tried again; what it throws leaves them as they are. */
  confirm?(recipients: number): Promise<void>;
}

/**
 * Puts failed or unknown recipients back to pending, to be tried anew.
 * @throws CampaignError NO_SUCH_SEND, or WRONG_STATE where none fits
 */
export async function retry(
  workspace: Workspace,
  { id, from, code, confirm }: Retry,
): Promise<Settled> {
  const database = await workspace.database();
  const selection: Selection = { from, again: true, ...(code ? { code } : {}) };
  const send = await readSend(database, id);
  if (!send) throw noSuchSend(id);
  if (send.status === 'cancelled' || send.status === 'importing') {
    throw wrongState(id, send.status, 'retried');
  }
  const { free, held } = await countSelected(database, id, selection);
  if (free === 0) throw nothingFits(id, from, code !== undefined, held);
  const suppressed = await countSelectedSuppressed(database, id, selection);
  if (from === 'unknown') await confirm?.(free);
  const settle = { from, to: 'pending', event: 'retried', actor: workspace.actor } as const;
  const settled = await settleSelected(database, id, settle, selection);
  if (!settled) throw noSuchSend(id);
  if ('refused' in settled) throw wrongState(id, settled.refused, 'retried');
  const { changed: recipients, reopened } = settled;
  const progress = await readProgress(database, id);
  return { changed: recipients > 0, recipients, suppressed, reopened, progress };
}

function nothingFits(id: number, from: string, filtered: boolean, held: number): CampaignError {
  if (held > 0) {
    return new CampaignError(
      'WRONG_STATE',
      `a running batch still holds ${plural(held, `${from} recipient`)} of send ${id}`,
      'try again when the batch has ended',
    );
  }
  return new CampaignError(
    'WRONG_STATE',
    `send ${id} has no ${from} recipients${filtered ? ' with that code' : ''} to try again`,
    `see \`campaign recipients ${id} --status ${from}\`; whoever was forgotten is not mailed again`,
  );
}
