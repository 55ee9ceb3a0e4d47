import type { StaleClaim } from '../../domain/claim.js';
import type { Holder } from '../../domain/lease.js';
import { select } from '../columns.js';
import type { Database } from '../mysql/database.js';
import type { Executor } from '../mysql/packet.js';
import { HOLDER } from '../workers.js';
import { freeClaim } from './free-claim.js';
import { SEND } from './row.js';

/** `by` is null when nobody holds the send. */
type HolderRow = Omit<Holder, 'by'> & { by: string | null };

/** @returns undefined when there is no such send */
export async function readHolder(db: Executor, sendId: number): Promise<HolderRow | undefined> {
  const [holder] = await db.rows<HolderRow>(
    `SELECT ${select({
      by: SEND.claimedBy,
      sending: SEND.sending,
      seenSecondsAgo: 'TIMESTAMPDIFF(SECOND, w.SEEN_AT, UTC_TIMESTAMP(3))',
    })}
       FROM CAMPAIGN_SENDS s
       LEFT JOIN CAMPAIGN_WORKERS w
         ON w.WORKER = ${HOLDER}
      WHERE s.ID = ?`,
    [sendId],
  );
  return holder;
}

/**
 * Frees a claim that an operator says is a dead worker's. Whether its messages were accepted nobody can know then: all
 * become `unknown`.
 * @returns null when the send is held by somebody else, or nobody, by now
 */
export const release = (
  db: Database,
  held: StaleClaim,
  actor: string,
): Promise<{ unknown: number } | null> =>
  freeClaim(db, held, actor, {
    event: 'released',
    reason: `${actor} said that ${held.by} is dead`,
  });
