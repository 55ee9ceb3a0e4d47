import { checkAddress } from '../domain/address.js';
import type { Settled } from '../domain/settled.js';
import { plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import type { Database } from '../store/mysql/database.js';
import { findRecipient } from '../store/recipients/pages.js';
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

export interface Resolution {
  id: number;
  /** What the unknown recipients are to be. */
  as: 'sent' | 'pending' | 'failed';
  /** Only this one. */
  email?: string | undefined;
  /** Asked before any is tried again, with how many; what it throws leaves them as they are. */
  confirm?(recipients: number): Promise<void>;
}

/**
 * Settles recipients of whom it is unknown whether the server accepted their message.
 * @throws CampaignError NO_SUCH_SEND, NO_SUCH_RECIPIENT, BAD_ADDRESS, or WRONG_STATE where there are none
 */
export async function resolve(
  workspace: Workspace,
  { id, as: to, email, confirm }: Resolution,
): Promise<Settled> {
  const database = await workspace.database();
  await requireResolvable(database, id, to === 'pending');
  const again = to === 'pending';
  const selection: Selection = {
    from: 'unknown',
    again,
    ...(email !== undefined && { seq: await findUnknown(database, id, email) }),
  };
  const { free, held } = await countSelected(database, id, selection);
  if (free === 0) throw nothingToResolve(id, held, again);
  const suppressed = again ? await countSelectedSuppressed(database, id, selection) : 0;
  if (again) await confirm?.(free);
  const text = again ? undefined : `resolved as ${to} by ${workspace.actor}`;
  const settle = { from: 'unknown', to, event: 'resolved', actor: workspace.actor } as const;
  const settled = await settleSelected(database, id, settle, selection, text);
  if (!settled) throw noSuchSend(id);
  if ('refused' in settled) throw wrongState(id, settled.refused, 'sent to again');
  const { changed: recipients, reopened } = settled;
  const progress = await readProgress(database, id);
  return { changed: recipients > 0, recipients, suppressed, reopened, progress };
}

/**
 * @param again whether recipients may be sent to again
 * @throws CampaignError NO_SUCH_SEND, WRONG_STATE
 */
export async function requireResolvable(
  database: Database,
  id: number,
  again: boolean,
): Promise<void> {
  const send = await readSend(database, id);
  if (!send) throw noSuchSend(id);
  if (again && send.status === 'cancelled') throw wrongState(id, send.status, 'sent to again');
}

/** @returns SEQ of an address whose row is unknown */
async function findUnknown(database: Database, id: number, email: string): Promise<number> {
  const address = checkAddress(email.trim());
  if (!address.ok) {
    throw new CampaignError(
      'BAD_ADDRESS',
      `--email ${email}: ${address.reason}`,
      'give one address',
    );
  }
  const row = await findRecipient(database, id, address.norm);
  if (!row) {
    throw new CampaignError(
      'NO_SUCH_RECIPIENT',
      `${email} is not in send ${id}`,
      `see \`campaign recipients ${id} --status unknown\``,
    );
  }
  if (row.status === 'unknown') return row.seq;
  throw new CampaignError(
    'WRONG_STATE',
    `${email} is ${row.status} in send ${id}, not unknown`,
    row.status === 'failed'
      ? `\`campaign retry ${id}\` tries failed recipients anew`
      : 'there is nothing to resolve',
  );
}

function nothingToResolve(id: number, held: number, again: boolean): CampaignError {
  return held > 0
    ? new CampaignError(
        'WRONG_STATE',
        `a running batch of send ${id} still holds its ${plural(held, 'unknown recipient')}`,
        'try again when the batch has ended',
      )
    : new CampaignError(
        'WRONG_STATE',
        `send ${id} has no unknown recipients${again ? ' to try again' : ''}`,
        again ? 'whoever was forgotten is not mailed again' : 'there is nothing to resolve',
      );
}
