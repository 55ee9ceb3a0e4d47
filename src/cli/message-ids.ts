import { messageIdsOf } from '../domain/message-id.js';
import { parseSender } from '../message/sender.js';
import { readMessage } from '../store/messages.js';
import type { Database } from '../store/mysql/database.js';
import type { LedgerRow } from '../store/recipients/pages.js';

/** Computes the Message-ID of a send's rows; null for rows that no worker ever took. */
export async function messageIds(
  database: Database,
  sendId: number,
): Promise<(row: LedgerRow) => string | null> {
  const message = await readMessage(database, sendId);
  if (!message) return () => null;
  const idOf = messageIdsOf(sendId, message.secret, parseSender(message.sender).domain);
  return (row) => (row.claimNumber === null ? null : idOf(row.seq));
}
