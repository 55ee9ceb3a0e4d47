import type { NewMessage } from '../../domain/message.js';
import { writeEvent } from '../events.js';
import { insertMessage } from '../messages.js';
import type { Database } from '../mysql/database.js';

/** A message in place of the one that a send has, and what is told of that. */
export interface MessageChange {
  /** Of the message that it takes the place of. */
  version: number;
  message: NewMessage;
  /** Of its From, as A-labels. */
  fromDomain: string;
  actor: string;
  /** What was changed. */
  details: Readonly<Record<string, unknown>>;
}

/**
 * Changes what a paused send goes out with from its next claim on. Nobody may hold it, and none of its messages be under
 * way: so every message of the claims until now has the version before, every one of those to come the new one.
 * @returns false, with nothing written, where the send is not so, or has another version by now
 */
export const changeMessage = (
  db: Database,
  id: number,
  { version, message, fromDomain, actor, details }: MessageChange,
): Promise<boolean> =>
  db.transaction(async (tx) => {
    const { affectedRows } = await tx.run(
      `UPDATE CAMPAIGN_SENDS SET MESSAGE_VERSION = MESSAGE_VERSION + 1, FROM_DOMAIN = ?
        WHERE ID = ? AND MESSAGE_VERSION = ? AND STATUS = 'paused' AND CLAIMED_BY IS NULL AND SENDING_COUNT = 0`,
      [fromDomain, id, version],
    );
    if (affectedRows !== 1) return false;
    const [send] = await tx.rows<{ fromClaimNumber: number }>(
      'SELECT CLAIM_NUMBER AS fromClaimNumber FROM CAMPAIGN_SENDS WHERE ID = ?',
      [id],
    );
    const place = { version: version + 1, fromClaimNumber: send?.fromClaimNumber ?? 0 };
    await insertMessage(tx, id, message, place);
    await writeEvent(tx, {
      sendId: id,
      event: 'edited',
      actor,
      details: { version: place.version, ...details },
    });
    return true;
  });
