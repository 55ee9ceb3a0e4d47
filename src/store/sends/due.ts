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

const onlyOne = (only: number | undefined): string => (only === undefined ? '' : ' AND s.ID = ?');

/**
 * Running sends that nobody holds, test mails before all others and then the longest overdue first, with the milliseconds
 * until their next batch is due and how many rows its batch would have `sending` if it could.
 * @param only this one
 */
export async function findWork(db: Executor, limit: number, only?: number): Promise<Work[]> {
  const of = (due: number, index: string, where: string, dueAt: string): string =>
    `SELECT s.ID AS sendId, ${dueAt} AS dueAt, s.TEST_OF IS NOT NULL AS goesFirst,
            IF(s.DELAY_MS > 0, 0, LEAST(s.BATCH_SIZE, s.TOTAL_COUNT - (${SETTLED}))) AS \`rows\`
       FROM CAMPAIGN_SENDS s FORCE INDEX (${index})
      WHERE s.DUE = ${due} AND ${where}${onlyOne(only)}
      ORDER BY dueAt, sendId LIMIT ?`;
  const params = only === undefined ? [limit] : [only, limit];
  const ofTests = of(DUE.batch, 'TESTS_DUE', 's.TEST_OF IS NOT NULL', 's.DUE_AT');
  const ofLists = of(DUE.batch, 'NEXT_DUE', 's.TEST_OF IS NULL', 's.DUE_AT');
  const deferred = of(DUE.deferred, 'NEXT_DUE', 'TRUE', DEFERRED_DUE_AT);
  const rows = await db.rows<Omit<Work, 'goesFirst'> & { goesFirst: number }>(
    `SELECT sendId, CEIL(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), dueAt) / 1000) AS dueInMs, \`rows\`, goesFirst
       FROM ((${ofTests}) UNION ALL (${ofLists}) UNION ALL (${deferred})) AS due
      ORDER BY goesFirst DESC, dueAt, sendId LIMIT ?`,
    [...params, ...params, ...params, limit],
  );
  return rows.map((row) => ({ ...row, goesFirst: row.goesFirst === 1 }));
}

/**
 * Running sends that still owe something, those whose START_AT is ahead aside, and, when `maxWaitSeconds` is given,
 * those aside of which nothing is left but rows deferred for longer.
 * @param only whether this one does
 */
export async function countUnfinished(
  db: Executor,
  maxWaitSeconds: number | null,
  only?: number,
): Promise<number> {
  const [row] = await db.rows<{ unfinished: number }>(
    `SELECT COUNT(*) AS unfinished FROM CAMPAIGN_SENDS s
      WHERE s.STATUS = 'running'${onlyOne(only)}
        AND (s.START_AT IS NULL OR s.START_AT <= UTC_TIMESTAMP(3))
        AND (? IS NULL OR s.CLAIMED_BY IS NOT NULL OR s.LAST_BATCH_AT IS NULL
             OR ${DUE_AT} <= GREATEST(UTC_TIMESTAMP(3) + INTERVAL COALESCE(?, 0) SECOND,
                                      s.LAST_BATCH_AT + INTERVAL s.COOLDOWN_SECONDS SECOND))`,
    [...(only === undefined ? [] : [only]), maxWaitSeconds, maxWaitSeconds],
  );
  return row?.unfinished ?? 0;
}
