import { identifiedBy } from '../domain/message.js';
import { messageIdsOf } from '../domain/message-id.js';
import { versionOf } from '../domain/message-version.js';
import {
  formatCursor,
  type Position,
  type RecipientPage,
  type RecipientRow,
} from '../domain/recipient-page.js';
import type { RecipientStatus } from '../domain/states.js';
import { parseSender } from '../message/sender.js';
import { readMessage, readVersions } from '../store/messages.js';
import type { Database } from '../store/mysql/database.js';
import { listRecipients } from '../store/recipients/pages.js';
import type { LedgerRow } from '../store/recipients/row.js';
import { readSend } from '../store/sends/row.js';
import { noSuchSend } from './send-errors.js';
import type { Workspace } from './workspace.js';

export interface RecipientQuery {
  id: number;
  status?: RecipientStatus | undefined;
  /** Rows of a page. */
  limit: number;
  after?: Position | undefined;
}

const EACH_PAGE = 1000;

/**
 * A send's recipients and what became of each, page by page to the last, in the order of the list (deferred ones by when
 * they are due, before the untouched).
 * @throws CampaignError NO_SUCH_SEND
 */
export async function* recipients(
  workspace: Workspace,
  { id, status, limit, after }: RecipientQuery,
): AsyncGenerator<RecipientPage, void, undefined> {
  const database = await workspace.database();
  if (!(await readSend(database, id))) throw noSuchSend(id);
  const [idOf, versions] = await Promise.all([
    messageIds(database, id),
    readVersions(database, id),
  ]);
  for (let position = after ?? null; ; ) {
    const page = await listRecipients(database, id, status, position, limit);
    position = page.next;
    yield {
      rows: page.rows.map((row) => ({
        ...outcomeOf(row),
        messageId: idOf(row),
        version: versionOf(versions, row.claimNumber),
      })),
      next: position && formatCursor(position),
    };
    if (!position) return;
  }
}

/** The same, one by one. */
export async function* eachRecipient(
  workspace: Workspace,
  query: Pick<RecipientQuery, 'id' | 'status'>,
): AsyncGenerator<RecipientRow, void, undefined> {
  for await (const { rows } of recipients(workspace, { ...query, limit: EACH_PAGE })) yield* rows;
}

/** What of a row is for people to see. */
const outcomeOf = ({
  seq: _seq,
  claimNumber: _number,
  nextAttemptAt: _next,
  ...row
}: LedgerRow): Omit<RecipientRow, 'messageId' | 'version'> => row;

/** Computes the Message-ID of a send's rows; null for rows that no worker ever took. */
async function messageIds(
  database: Database,
  sendId: number,
): Promise<(row: LedgerRow) => string | null> {
  const message = await readMessage(database, sendId);
  if (!message) return () => null;
  const idOf = messageIdsOf(sendId, message.secret, parseSender(identifiedBy(message)).domain);
  return (row) => (row.claimNumber === null ? null : idOf(row.seq));
}
