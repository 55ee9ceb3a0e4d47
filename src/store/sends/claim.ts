import type { BatchEnd, Claim, ClaimedSend, SendState } from '../../domain/claim.js';
import type { DkimMode } from '../../domain/dkim.js';
import { DEFAULT_RELAY, type RelayState } from '../../domain/relay.js';
import type { Send } from '../../domain/send.js';
import { pick, select } from '../columns.js';
import { completedEvent, eventStatement } from '../events.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Statement } from '../mysql/packet.js';
import { RELAY_STATE, type RelayStateRow, toRelayState } from '../relays/row.js';
import { SUPPRESSION_VERSION } from '../suppressions/version.js';
import { SETTLED } from './counters.js';
import { moveWhere } from './lifecycle.js';
import { CLAIM_NUMBER, SEND } from './row.js';
import { claimableBy } from './signable.js';

/** A send under way, and its relay as it is in the same moment. */
const SEND_AND_RELAY = `CAMPAIGN_SENDS s LEFT JOIN CAMPAIGN_RELAYS l ON l.NAME = '${DEFAULT_RELAY}'`;

/** Null where the relay has no row yet. */
const relayOf = (row: RelayStateRow): RelayState | null => (row.name ? toRelayState(row) : null);

/** What a holder reads of its send. */
const CLAIMED = [
  'batchSize',
  'delayMs',
  'cooldownSeconds',
  'maxAttempts',
  'cursorSeq',
  'startedAt',
] as const;
interface ClaimedRow extends Pick<Send, (typeof CLAIMED)[number]>, RelayStateRow {
  number: number;
  topic: string;
  dkim: DkimMode;
  checkedVersion: number;
  messageVersion: number;
  testOf: number | null;
}
const CLAIMED_COLUMNS = select({
  ...pick(SEND, ...CLAIMED),
  number: CLAIM_NUMBER,
  ...RELAY_STATE,
  ...pick(SEND, 'topic', 'dkim'),
  checkedVersion: 's.CHECKED_VERSION',
  messageVersion: SEND.version,
  testOf: SEND.testOf,
});

/**
 * Takes a due send for one batch. One UPDATE decides: of any number of workers that ask, one gets it.
 * @param by        unique per claim
 * @param firstTime whether the worker takes this send for the first time, which is an event
 * @param domains   those that the worker has DKIM keys of
 * @returns null when the send is not due, not running, held, or needs another key
 */
export async function claim(
  db: Database,
  sendId: number,
  by: string,
  firstTime: boolean,
  domains: readonly string[] = [],
): Promise<ClaimedSend | null> {
  const claimable = claimableBy(domains);
  const event = eventStatement({ sendId, event: 'claimed', actor: by });
  const rows = await db.guardedTransaction([
    {
      sql: `UPDATE CAMPAIGN_SENDS
                 SET CLAIMED_BY = ?, CLAIMED_AT = UTC_TIMESTAMP(3), CLAIM_NUMBER = CLAIM_NUMBER + 1,
                     STARTED_AT = COALESCE(STARTED_AT, UTC_TIMESTAMP(3))
               WHERE ID = ? AND STATUS = 'running' AND CLAIMED_BY IS NULL AND SENDING_COUNT = 0
                 AND (START_AT IS NULL OR START_AT <= UTC_TIMESTAMP(3))
                 AND (LAST_BATCH_AT IS NULL OR LAST_BATCH_AT + INTERVAL COOLDOWN_SECONDS SECOND <= UTC_TIMESTAMP(3))
                 AND ${claimable.sql}`,
      params: [by, sendId, ...claimable.params],
      touches: 1,
    },
    {
      sql: `SELECT ${CLAIMED_COLUMNS} FROM ${SEND_AND_RELAY} WHERE s.ID = ?`,
      params: [sendId],
    },
    ...(firstTime ? [event] : []),
  ]);
  const [send] = (rows?.[0] ?? []) as ClaimedRow[];
  if (!send) return null;
  const { number, batchSize, delayMs, cooldownSeconds, startedAt, now, testOf } = send;
  const { maxAttempts, cursorSeq, topic, dkim, checkedVersion, messageVersion } = send;
  return {
    claim: { sendId, by, number },
    controls: { batchSize, delayMs, cooldownSeconds },
    maxAttempts,
    cursorSeq,
    startedMsAgo: now.getTime() - (startedAt ?? now).getTime(),
    relay: relayOf(send),
    topic,
    dkim,
    checkedVersion,
    messageVersion,
    isTest: testOf !== null,
  };
}

/** Frees a claim of which the holder never learned that it got it. */
export async function unclaim(db: Executor, sendId: number, by: string): Promise<void> {
  await db.run(
    `UPDATE CAMPAIGN_SENDS SET CLAIMED_BY = NULL, CLAIMED_AT = NULL
      WHERE ID = ? AND CLAIMED_BY = ? AND SENDING_COUNT = 0`,
    [sendId, by],
  );
}

const STATE = [
  'status',
  'claimedBy',
  'batchSize',
  'delayMs',
  'cooldownSeconds',
  'unknown',
] as const satisfies (keyof Send)[];
type StateRow = Pick<Send, (typeof STATE)[number]> &
  RelayStateRow & {
    suppressionVersion: number | null;
  };
const STATE_COLUMNS = select({
  ...pick(SEND, ...STATE),
  ...RELAY_STATE,
  suppressionVersion: SUPPRESSION_VERSION,
});

const stateStatement = (sendId: number): Statement => ({
  sql: `SELECT ${STATE_COLUMNS} FROM ${SEND_AND_RELAY} WHERE s.ID = ?`,
  params: [sendId],
});

/** Reads what `stateStatement` gave; a send that is gone counts as cancelled and not held. */
function toState(rows: unknown, claim: Claim): SendState {
  const [row] = rows as StateRow[];
  return {
    status: row?.status ?? 'cancelled',
    held: row?.claimedBy === claim.by,
    controls: {
      batchSize: row?.batchSize ?? 0,
      delayMs: row?.delayMs ?? 0,
      cooldownSeconds: row?.cooldownSeconds ?? 0,
    },
    relay: row ? relayOf(row) : null,
    suppressionVersion: row?.suppressionVersion ?? 0,
  };
}

export async function readState(db: Executor, claim: Claim): Promise<SendState> {
  const { sql, params } = stateStatement(claim.sendId);
  return toState(await db.rows(sql, params), claim);
}

/**
 * Ends the batch and lets the claim go, in one guarded statement that also completes a send of which nothing is
 * pending. Refused while rows are `sending`.
 * @param end.exhausted the holder found no untouched row any more, though CURSOR_SEQ is short of LAST_SEQ
 */
export async function endBatch(
  db: Database,
  claim: Claim,
  end: { worked: boolean; exhausted: boolean },
): Promise<BatchEnd> {
  const rows = await db.guardedTransaction([
    {
      sql: `UPDATE CAMPAIGN_SENDS
                 SET ${moveWhere('complete', `${SETTLED} = TOTAL_COUNT`)},
                     LAST_BATCH_AT = IF(?, UTC_TIMESTAMP(3), LAST_BATCH_AT),
                     CURSOR_SEQ = IF(? AND NOT EXISTS (
                       SELECT 1 FROM CAMPAIGN_SEND_RESULTS r
                        WHERE r.SEND_ID = CAMPAIGN_SENDS.ID AND r.SEQ > CAMPAIGN_SENDS.CURSOR_SEQ
                          AND r.STATUS = 'pending' AND r.NEXT_ATTEMPT_AT IS NULL), LAST_SEQ, CURSOR_SEQ),
                     SETTLED_SEQ = CURSOR_SEQ,
                     CLAIMED_BY = NULL, CLAIMED_AT = NULL
               WHERE ID = ? AND CLAIMED_BY = ? AND SENDING_COUNT = 0`,
      params: [end.worked ? 1 : 0, end.exhausted ? 1 : 0, claim.sendId, claim.by],
      touches: 1,
    },
    stateStatement(claim.sendId),
    completedEvent(claim),
  ]);
  if (rows) {
    const [send] = rows[0] as StateRow[];
    const { status = 'cancelled', unknown = 0 } = send ?? {};
    return { kind: 'released', status, ...(unknown > 0 ? { unknown } : {}) };
  }
  const { held } = await readState(db, claim);
  return { kind: held ? 'strays' : 'lost' };
}

/** Whether any send is under way. */
export async function isAnyClaimed(db: Executor): Promise<boolean> {
  const [row] = await db.rows<{ any: number }>(
    'SELECT EXISTS (SELECT 1 FROM CAMPAIGN_SENDS WHERE CLAIMED_BY IS NOT NULL) AS `any`',
  );
  return row?.any === 1;
}
