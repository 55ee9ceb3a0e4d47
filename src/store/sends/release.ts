import type { StaleClaim } from '../../domain/claim.js';
import type { Database, Executor } from '../mysql/database.js';
import { HOLDER } from '../workers.js';
import { freeClaim } from './claim.js';

/** Who holds a send, as an operator sees it who is about to free it. */
export interface Holder {
  /** CLAIMED_BY; null when nobody holds it. */
  by: string | null;
  /** Messages in flight. */
  sending: number;
  /** Seconds since the holder's last sign of life; null when none is known of. */
  seenSecondsAgo: number | null;
}

/** @returns undefined when there is no such send */
export async function readHolder(db: Executor, sendId: number): Promise<Holder | undefined> {
  const [holder] = await db.rows<Holder>(
    `SELECT s.CLAIMED_BY AS \`by\`, s.SENDING_COUNT AS sending,
            TIMESTAMPDIFF(SECOND, w.SEEN_AT, UTC_TIMESTAMP(3)) AS seenSecondsAgo
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
