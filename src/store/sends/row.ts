import { ALIVE_SECONDS } from '../../domain/lease.js';
import { DEFAULT_RELAY } from '../../domain/relay.js';
import type { Send, ShownStatus } from '../../domain/send.js';
import type { SendStatus } from '../../domain/states.js';
import type { Snapshot } from '../../domain/waiting.js';
import { type Columns, select } from '../columns.js';
import { ATTENTION, DUE } from '../generated.js';
import type { Executor, Statement } from '../mysql/packet.js';
import { relayStatement, toRelay } from '../relays/row.js';
import { HOLDER } from '../workers.js';
import { SETTLED } from './counters.js';

const RATE_ROWS = 2000;
const RATE_SECONDS = 60;

/** Columns of CAMPAIGN_SENDS `s`, by the keys of the values that they are read into. */
export const SEND: Columns<keyof Send> = {
  id: 's.ID',
  name: 's.NAME',
  key: 's.SEND_KEY',
  topic: 's.TOPIC',
  dkim: 's.DKIM',
  fromDomain: 's.FROM_DOMAIN',
  status: 's.STATUS',
  reason: 's.STATUS_REASON',
  batchSize: 's.BATCH_SIZE',
  delayMs: 's.DELAY_MS',
  cooldownSeconds: 's.COOLDOWN_SECONDS',
  maxAttempts: 's.MAX_ATTEMPTS',
  total: 's.TOTAL_COUNT',
  sent: 's.SENT_COUNT',
  failed: 's.FAILED_COUNT',
  unknown: 's.UNKNOWN_COUNT',
  skipped: 's.SKIPPED_COUNT',
  sending: 's.SENDING_COUNT',
  lastBatchAt: 's.LAST_BATCH_AT',
  startAt: 's.START_AT',
  claimedBy: 's.CLAIMED_BY',
  claimedAt: 's.CLAIMED_AT',
  createdAt: 's.CREATED_AT',
  startedAt: 's.STARTED_AT',
  finishedAt: 's.FINISHED_AT',
  cursorSeq: 's.CURSOR_SEQ',
  lastSeq: 's.LAST_SEQ',
  rejected: 's.REJECTED_COUNT',
  duplicates: 's.DUPLICATE_COUNT',
  blank: 's.BLANK_COUNT',
  filtered: 's.FILTERED_COUNT',
  declined: 's.DECLINED_COUNT',
  missing: 's.MISSING_COUNT',
  missingSkipped: 's.MISSING_SKIPPED_COUNT',
  version: 's.MESSAGE_VERSION',
  testOf: 's.TEST_OF',
};

/** The number of a send's claim, which its holder reads, and nobody is shown. */
export const CLAIM_NUMBER = 's.CLAIM_NUMBER';

/** The send's row, or undefined when there is none. */
export async function readSend(db: Executor, id: number): Promise<Send | undefined> {
  const [send] = await db.rows<Send>(
    `SELECT ${select(SEND)} FROM CAMPAIGN_SENDS s WHERE s.ID = ?`,
    [id],
  );
  return send;
}

/** The row, and what of its progress is read in the same moment. */
type SendNow = Send & Pick<Snapshot, 'now' | 'holderSeenAt'>;

const SEND_NOW = select({
  ...SEND,
  now: 'UTC_TIMESTAMP(3)',
  holderSeenAt: `(SELECT w.SEEN_AT FROM CAMPAIGN_WORKERS w WHERE w.WORKER = ${HOLDER})`,
});

const sendStatement = (id: number): Statement => ({
  sql: `SELECT ${SEND_NOW} FROM CAMPAIGN_SENDS s WHERE s.ID = ?`,
  params: [id],
});

/** A bounded range of the primary key: what the send came to last. */
const recentStatement = (id: number): Statement => ({
  sql: `SELECT COUNT(*) AS count, MIN(r.SENT_AT) AS since
          FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r ON r.SEND_ID = s.ID
         WHERE s.ID = ? AND s.STATUS = 'running' AND r.SEQ > s.CURSOR_SEQ - ? AND r.SEQ <= s.CURSOR_SEQ
           AND r.STATUS = 'sent' AND r.SENT_AT >= UTC_TIMESTAMP(3) - INTERVAL ? SECOND`,
  params: [id, RATE_ROWS, RATE_SECONDS],
});

const nextRetryStatement = (id: number): Statement => ({
  sql: `SELECT MIN(NEXT_ATTEMPT_AT) AS nextRetryAt FROM CAMPAIGN_SEND_RESULTS
         WHERE SEND_ID = ? AND ATTENTION = ${ATTENTION.deferred}`,
  params: [id],
});

const workersStatement: Statement = {
  sql: `SELECT WORKER AS worker, BACKING_OFF_UNTIL AS backingOffUntil, BACKING_OFF_REASON AS backingOffReason,
               COALESCE(DKIM_DOMAINS, '') AS dkimDomains
          FROM CAMPAIGN_WORKERS WHERE SEEN_AT > UTC_TIMESTAMP(3) - INTERVAL ? SECOND`,
  params: [ALIVE_SECONDS],
};

const UNDER_WAY_AT_MOST = 1000;

/** What is left of each send that goes out over a relay with a rate; of one without nothing is read. */
const underWayStatement: Statement = {
  sql: `SELECT s.TOTAL_COUNT - (${SETTLED}) AS \`left\`
          FROM CAMPAIGN_SENDS s FORCE INDEX (BY_STATUS)
         WHERE s.STATUS = 'running' AND (s.START_AT IS NULL OR s.START_AT <= UTC_TIMESTAMP(3))
           AND EXISTS (SELECT 1 FROM CAMPAIGN_RELAYS l WHERE l.NAME = ? AND l.RATES IS NOT NULL)
         LIMIT ?`,
  params: [DEFAULT_RELAY, UNDER_WAY_AT_MOST],
};
const toUnderWay = (rows: unknown): number[] =>
  (rows as { left: number }[]).map(({ left }) => left);

type Recent = Snapshot['recent'];

/** What `progress` of a send is computed from, in one round trip; undefined when there is no such send. */
export async function readSnapshot(db: Executor, id: number): Promise<Snapshot | undefined> {
  const [sends, recents, retries, workers, relays, underWay] = (await db.packet([
    sendStatement(id),
    recentStatement(id),
    nextRetryStatement(id),
    workersStatement,
    relayStatement(DEFAULT_RELAY),
    underWayStatement,
  ])) as [
    SendNow[],
    Recent[],
    { nextRetryAt: Date | null }[],
    Snapshot['workers'],
    unknown,
    unknown,
  ];
  const [row] = sends;
  if (!row) return undefined;
  const { now, holderSeenAt, ...send } = row;
  return {
    now,
    holderSeenAt,
    send,
    recent: recents[0] ?? { count: 0, since: null },
    nextRetryAt: retries[0]?.nextRetryAt ?? null,
    workers,
    relay: toRelay(relays) ?? null,
    underWay: toUnderWay(underWay),
  };
}

export interface ListQuery {
  /** Only sends with smaller ids: the next page. */
  beforeId?: number;
  /** As it is shown: a running send whose START_AT is ahead is `scheduled` and nothing else. */
  status?: ShownStatus;
  /** Test mails too. */
  tests?: boolean;
  limit: number;
}

/**
 * Which sends are shown with a status, and by which index they are found: sends that go on are few, however many have
 * ended since they were queued; of the ended the newest are soon met among all.
 */
const SHOWN_AS: Record<ShownStatus, { index: string; where: string }> = {
  importing: { index: 'BY_STATUS', where: "s.STATUS = 'importing'" },
  running: {
    index: 'BY_STATUS',
    where: "s.STATUS = 'running' AND (s.START_AT IS NULL OR s.START_AT <= UTC_TIMESTAMP(3))",
  },
  scheduled: {
    index: 'NEXT_DUE',
    where: `s.DUE IN (${DUE.batch}, ${DUE.deferred}) AND s.DUE_AT > UTC_TIMESTAMP(3) AND s.STATUS = 'running' AND s.START_AT > UTC_TIMESTAMP(3)`,
  },
  paused: { index: 'BY_STATUS', where: "s.STATUS = 'paused'" },
  completed: { index: 'PRIMARY', where: "s.STATUS = 'completed'" },
  cancelled: { index: 'PRIMARY', where: "s.STATUS = 'cancelled'" },
};

/** A page of sends, the newest first, each with what its progress is computed from. */
export async function listSnapshots(db: Executor, query: ListQuery): Promise<Snapshot[]> {
  const { beforeId = Number.MAX_SAFE_INTEGER, status } = query;
  const { index, where } = status ? SHOWN_AS[status] : { index: 'PRIMARY', where: 'TRUE' };
  const rows = await db.rows<SendNow>(
    `SELECT ${SEND_NOW} FROM CAMPAIGN_SENDS s FORCE INDEX (${index})
      WHERE s.ID < ? AND ${where}${query.tests ? '' : ' AND s.TEST_OF IS NULL'}
      ORDER BY s.ID DESC LIMIT ?`,
    [beforeId, query.limit],
  );
  const running = rows.filter((row) => row.status === 'running');
  const statements = running.flatMap(({ id }) => [recentStatement(id), nextRetryStatement(id)]);
  const results = await db.packet([
    workersStatement,
    relayStatement(DEFAULT_RELAY),
    underWayStatement,
    ...statements,
  ]);
  const workers = results[0] as Snapshot['workers'];
  const relay = toRelay(results[1]) ?? null;
  const underWay = toUnderWay(results[2]);
  const details = new Map(
    running.map(({ id }, i) => [
      id,
      {
        recent: (results[3 + 2 * i] as Recent[])[0],
        retry: (results[4 + 2 * i] as { nextRetryAt: Date | null }[])[0],
      },
    ]),
  );
  return rows.map(({ now, holderSeenAt, ...send }) => ({
    now,
    holderSeenAt,
    send,
    recent: details.get(send.id)?.recent ?? { count: 0, since: null },
    nextRetryAt: details.get(send.id)?.retry?.nextRetryAt ?? null,
    workers,
    relay,
    underWay,
  }));
}

/** Ids of all sends above `afterId`, the oldest first. */
export async function listSendIds(db: Executor, afterId: number, limit: number): Promise<number[]> {
  const rows = await db.rows<{ id: number }>(
    'SELECT ID AS id FROM CAMPAIGN_SENDS WHERE ID > ? ORDER BY ID LIMIT ?',
    [afterId, limit],
  );
  return rows.map((row) => row.id);
}

/** What a send is called, for a choice. */
export interface SendName {
  id: number;
  name: string;
  status: SendStatus;
}

/** The newest sends of lists, with one of these statuses where some are given. */
export const listSendNames = (
  db: Executor,
  statuses: readonly SendStatus[] | undefined,
  limit: number,
): Promise<SendName[]> =>
  db.rows<SendName>(
    `SELECT ID AS id, NAME AS name, STATUS AS status FROM CAMPAIGN_SENDS
      WHERE TEST_OF IS NULL${statuses ? ' AND STATUS IN (?)' : ''} ORDER BY ID DESC LIMIT ?`,
    statuses ? [statuses, limit] : [limit],
  );
