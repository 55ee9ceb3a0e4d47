import type { Work } from '../../domain/claim.js';
import { ATTENTION, DUE } from '../generated.js';
import type { Executor } from '../mysql/packet.js';
import { SETTLED } from './counters.js';

/** When a send is due of which nothing is left but deferred rows: not before the first of them. */
const DEFERRED_DUE_AT = `GREATEST(s.DUE_AT, COALESCE(
  (SELECT r.NEXT_ATTEMPT_AT FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE)
    WHERE r.SEND_ID = s.ID AND r.ATTENTION = ${ATTENTION.deferred}
    ORDER BY r.NEXT_ATTEMPT_AT LIMIT 1), s.DUE_AT))`;

/**
 * When a running send's next batch is due: its start, its cooldown, and its first row that may be tried have all
 * come. A send with nothing left is due at once, to be completed.
 */
const DUE_AT = `IF(s.DUE = ${DUE.deferred}, ${DEFERRED_DUE_AT}, s.DUE_AT)`;

/**
 * Running sends that nobody holds, the longest overdue first, with the milliseconds until their next batch is due and
 * how many rows its batch would have `sending` if it could.
 */
export function findWork(db: Executor, limit: number): Promise<Work[]> {
  const of = (due: number, dueAt: string): string =>
    `SELECT s.ID AS sendId, ${dueAt} AS dueAt,
            IF(s.DELAY_MS > 0, 0, LEAST(s.BATCH_SIZE, s.TOTAL_COUNT - (${SETTLED}))) AS \`rows\`
       FROM CAMPAIGN_SENDS s
      WHERE s.DUE = ${due} ORDER BY dueAt, sendId LIMIT ?`;
  return db.rows<Work>(
    `SELECT sendId, CEIL(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), dueAt) / 1000) AS dueInMs, \`rows\`
       FROM ((${of(DUE.batch, 's.DUE_AT')}) UNION ALL (${of(DUE.deferred, DEFERRED_DUE_AT)})) AS due
      ORDER BY dueAt, sendId LIMIT ?`,
    [limit, limit, limit],
  );
}

/**
 * Running sends that still owe something, those whose START_AT is ahead aside, and, when `maxWaitSeconds` is given,
 * those aside of which nothing is left but rows deferred for longer.
 */
export async function countUnfinished(
  db: Executor,
  maxWaitSeconds: number | null,
): Promise<number> {
  const [row] = await db.rows<{ unfinished: number }>(
    `SELECT COUNT(*) AS unfinished FROM CAMPAIGN_SENDS s
      WHERE s.STATUS = 'running'
        AND (s.START_AT IS NULL OR s.START_AT <= UTC_TIMESTAMP(3))
        AND (? IS NULL OR s.CLAIMED_BY IS NOT NULL OR s.LAST_BATCH_AT IS NULL
             OR ${DUE_AT} <= GREATEST(UTC_TIMESTAMP(3) + INTERVAL COALESCE(?, 0) SECOND,
                                      s.LAST_BATCH_AT + INTERVAL s.COOLDOWN_SECONDS SECOND))`,
    [maxWaitSeconds, maxWaitSeconds],
  );
  return row?.unfinished ?? 0;
}
