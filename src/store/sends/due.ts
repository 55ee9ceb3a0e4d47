import type { Unsignable, Work } from '../../domain/claim.js';
import { ALIVE_SECONDS } from '../../domain/lease.js';
import { ATTENTION, DUE } from '../generated.js';
import { isAhead, setBack } from '../mysql/clock-back.js';
import { type Executor, type Fragment, listed } from '../mysql/packet.js';
import { SETTLED } from './counters.js';
import { claimableBy, NEEDS_NO_KEY, signableBy } from './signable.js';

const UNSIGNABLE_AT_MOST = 20;

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

/** What of the work a scheduler may do. */
export interface WorkScope {
  /** Of this send alone. */
  only?: number | undefined;
  /** Those that it has DKIM keys of. */
  dkimDomains?: readonly string[];
}

const onlyOne = (only: number | undefined): string => (only === undefined ? '' : ' AND s.ID = ?');

/**
 * Running sends that nobody holds, test mails before all others and then the longest overdue first, with the milliseconds
 * until their next batch is due and how many rows its batch would have `sending` if it could. Of lists that need a key that
 * we have not none is read. Where a batch has ended ahead of the clock, which went back since, that counts from now on as
 * just now.
 */
export async function findWork(
  db: Executor,
  limit: number,
  { only, dkimDomains = [] }: WorkScope = {},
): Promise<Work[]> {
  const of = (
    due: number,
    index: string,
    isTest: boolean | null,
    dueAt: string,
    { sql, params }: Fragment,
  ): Fragment => ({
    sql: `(SELECT s.ID AS sendId, ${dueAt} AS dueAt, s.TEST_OF IS NOT NULL AS goesFirst, ${isAhead('LAST_BATCH_AT')} AS endedAhead,
            IF(s.DELAY_MS > 0, 0, LEAST(s.BATCH_SIZE, s.TOTAL_COUNT - (${SETTLED}))) AS \`rows\`
       FROM CAMPAIGN_SENDS s FORCE INDEX (${index})
      WHERE s.DUE = ${due} AND ${sql}${onlyOne(only)}
        ${isTest === null ? '' : `AND s.TEST_OF IS ${isTest ? 'NOT ' : ''}NULL`}
      ORDER BY dueAt, sendId LIMIT ?)`,
    params: [...params, ...(only === undefined ? [] : [only]), limit],
  });
  const signable = signableBy(dkimDomains);
  const due = listed(
    [
      of(DUE.batch, 'TESTS_DUE', true, 's.DUE_AT', claimableBy(dkimDomains)),
      ...[{ sql: NEEDS_NO_KEY, params: [] }, ...(signable ? [signable] : [])].flatMap((which) => [
        of(DUE.batch, 'NEXT_DUE_BY_KEY', false, 's.DUE_AT', which),
        of(DUE.deferred, 'NEXT_DUE_BY_KEY', null, DEFERRED_DUE_AT, which),
      ]),
    ],
    ' UNION ALL ',
  );
  type Row = Omit<Work, 'goesFirst'> & { goesFirst: number; endedAhead: number | null };
  const rows = await db.rows<Row>(
    `SELECT sendId, CEIL(TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), dueAt) / 1000) AS dueInMs, \`rows\`, goesFirst, endedAhead
       FROM (${due.sql}) AS due
      ORDER BY goesFirst DESC, dueAt, sendId LIMIT ?`,
    [...due.params, limit],
  );
  await setBack(
    db,
    'LAST_BATCH_AT',
    rows.filter(({ endedAhead }) => endedAhead === 1),
  );
  return rows.map(({ endedAhead: _, ...row }) => ({ ...row, goesFirst: row.goesFirst === 1 }));
}

/**
 * Running sends that still owe something, those aside whose START_AT is ahead, or that nobody holds and that need a DKIM key
 * that we have not; when `maxWaitSeconds` is given, those too of which nothing is left but rows deferred for longer.
 */
export async function countUnfinished(
  db: Executor,
  maxWaitSeconds: number | null,
  { only, dkimDomains = [] }: WorkScope = {},
): Promise<number> {
  const claimable = claimableBy(dkimDomains);
  const [row] = await db.rows<{ unfinished: number }>(
    `SELECT COUNT(*) AS unfinished FROM CAMPAIGN_SENDS s
      WHERE s.STATUS = 'running'${onlyOne(only)}
        AND (s.START_AT IS NULL OR s.START_AT <= UTC_TIMESTAMP(3))
        AND (s.CLAIMED_BY IS NOT NULL OR ${claimable.sql})
        AND (? IS NULL OR s.CLAIMED_BY IS NOT NULL OR s.LAST_BATCH_AT IS NULL
             OR ${DUE_AT} <= GREATEST(UTC_TIMESTAMP(3) + INTERVAL COALESCE(?, 0) SECOND,
                                      s.LAST_BATCH_AT + INTERVAL s.COOLDOWN_SECONDS SECOND))`,
    [
      ...(only === undefined ? [] : [only]),
      ...claimable.params,
      ...[maxWaitSeconds, maxWaitSeconds],
    ],
  );
  return row?.unfinished ?? 0;
}

/**
 * Some of the sends that are due and that nobody can claim, for they need a DKIM key that no scheduler alive has.
 * @param domains those that we have keys of
 */
export async function findUnsignable(
  db: Executor,
  domains: readonly string[],
): Promise<Unsignable[]> {
  const others = await db.rows<{ domains: string }>(
    `SELECT DKIM_DOMAINS AS domains FROM CAMPAIGN_WORKERS
      WHERE SEEN_AT > UTC_TIMESTAMP(3) - INTERVAL ? SECOND AND DKIM_DOMAINS <> ''`,
    [ALIVE_SECONDS],
  );
  const all = [...domains, ...others.flatMap((worker) => worker.domains.split(','))];
  const claimable = claimableBy([...new Set(all)]);
  return db.rows<Unsignable>(
    `SELECT ID AS sendId, FROM_DOMAIN AS domain FROM CAMPAIGN_SENDS FORCE INDEX (NEXT_DUE_BY_KEY)
      WHERE DUE IN (${DUE.batch}, ${DUE.deferred}) AND DKIM_KEY > '' AND NOT ${claimable.sql}
        AND DUE_AT <= UTC_TIMESTAMP(3) LIMIT ?`,
    [...claimable.params, UNSIGNABLE_AT_MOST],
  );
}
