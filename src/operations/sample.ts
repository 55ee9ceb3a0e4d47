import { checkAddress } from '../domain/address.js';
import type { NewMessage } from '../domain/message.js';
import type { RowChoice } from '../domain/preview.js';
import type { Recipient } from '../domain/recipient.js';
import { plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import type { ListRecipient } from '../list/row-check.js';
import { readMessage } from '../store/messages.js';
import type { Database } from '../store/mysql/database.js';
import { type Chosen, readChosen } from '../store/recipients/chosen-rows.js';
import { readSend } from '../store/sends/row.js';
import { toRow } from './listed-row.js';
import {
  checkMessage,
  filesOf,
  messageOf,
  type OpeningDeps,
  openList,
  type QueueDeps,
  type QueueRequest,
} from './queue.js';
import type { ReadFile } from './queue-files.js';
import type { RowFiles } from './queue-row-files.js';
import { noSuchSend } from './send-errors.js';

/** A message, and some of those whom it is for. */
export interface Sample {
  message: NewMessage;
  /** At least one. */
  rows: readonly Recipient[];
  /** Files that go with every message. */
  files: readonly ReadFile[];
  /** Those of rows. */
  rowFiles: RowFiles | null;
}

/**
 * Rows that are chosen: one by its place or its address, or the first so many.
 * @throws CampaignError BAD_ADDRESS
 */
export function chosenBy({ row, email }: RowChoice, first = 1): Chosen {
  if (row !== undefined) return { seq: row };
  if (email === undefined) return { first };
  const check = checkAddress(email.trim());
  if (check.ok) return { norm: check.norm };
  throw new CampaignError('BAD_ADDRESS', `${email}: ${check.reason}`, 'give one address');
}

const noRow = (of: string, chosen: Chosen, remedy: string): CampaignError =>
  new CampaignError(
    'NO_SUCH_RECIPIENT',
    'seq' in chosen
      ? `${of} has no row ${chosen.seq}`
      : 'norm' in chosen
        ? `${of} has no recipient ${chosen.norm}`
        : `${of} has no recipients`,
    remedy,
  );

/**
 * Reads a list as far as the rows that are chosen, its message checked as it would be for all.
 * @throws CampaignError BAD_LIST, BAD_FILE, BAD_TEMPLATE, NO_SUCH_RECIPIENT
 */
export async function sampleList(
  given: QueueRequest,
  chosen: Chosen,
  deps: OpeningDeps & Pick<QueueDeps, 'randomBytes'>,
): Promise<Sample> {
  const { request, source, list } = await openList(given, deps);
  try {
    checkMessage(request, source, list, deps);
    const { files, rowFiles, html } = await filesOf(request, source, list, deps);
    const message = messageOf({ ...request, html }, list, deps);
    const rows: Recipient[] = [];
    let seq = 0;
    for await (const { accepted } of list.batches) {
      deps.signal.throwIfAborted();
      for (const recipient of accepted) {
        seq++;
        if (isChosen(chosen, seq, recipient)) rows.push(toRow(seq, recipient));
        if (rows.length === ('first' in chosen ? chosen.first : 1)) {
          return { message, rows, files, rowFiles };
        }
      }
    }
    if (rows.length > 0) return { message, rows, files, rowFiles };
    const has = plural(seq, 'row that can be mailed', 'rows that can be mailed');
    throw noRow(source.name, chosen, `the list has ${has}`);
  } finally {
    await list.close();
  }
}

const isChosen = (chosen: Chosen, seq: number, { norm }: ListRecipient): boolean =>
  'first' in chosen || ('seq' in chosen ? chosen.seq === seq : chosen.norm === norm);

/**
 * The message of a send as it is now, and rows of its ledger.
 * @throws CampaignError NO_SUCH_SEND, NO_SUCH_RECIPIENT
 */
export async function sampleSend(database: Database, id: number, chosen: Chosen) {
  const send = await readSend(database, id);
  const message = send && (await readMessage(database, id, send.version));
  if (!message) throw noSuchSend(id);
  const rows = await readChosen(database, id, chosen);
  if (rows.length > 0) return { send, message, rows };
  const remedy =
    send.total === 0
      ? 'its list has not been read yet'
      : `its rows are 1 to ${send.lastSeq}, where a line with an address that the list had before is none; \`campaign recipients ${id}\` shows them`;
  throw noRow(`send ${id}`, chosen, remedy);
}
