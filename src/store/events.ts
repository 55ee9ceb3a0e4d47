import type { Claim, StaleClaim } from '../domain/claim.js';
import type { EventName, SendEvent } from '../domain/send-events.js';
import { clip, REASON_LENGTH } from '../domain/text.js';
import { type Columns, select } from './columns.js';
import type { Executor, Statement } from './mysql/packet.js';

const ACTOR_LENGTH = 191;

/** Something that happened to a send, about to be written. */
export interface NewEvent {
  sendId: number;
  event: EventName;
  /** `user@host` for people, CLAIMED_BY for workers. */
  actor: string;
  reason?: string | null;
  /** Figures of the event, such as from–to values; kept as JSON. */
  details?: Readonly<Record<string, unknown>> | null;
  /** The claim that it took from its holder; `by` is null where nobody held it. */
  claim?: Pick<Claim, 'number'> & Pick<StaleClaim, 'by'>;
}

const valuesOf = ({ event, actor, reason, details }: Omit<NewEvent, 'sendId' | 'claim'>) => [
  event,
  clip(actor, ACTOR_LENGTH),
  reason == null ? null : clip(reason, REASON_LENGTH),
  details == null ? null : JSON.stringify(details),
];

/** The INSERT of an event, for the packet of the change that it tells of. */
export const eventStatement = (event: NewEvent): Statement => ({
  sql: `INSERT INTO CAMPAIGN_SEND_EVENTS (SEND_ID, AT, EVENT, ACTOR, REASON, DETAILS, CLAIM, CLAIM_NUMBER)
        VALUES (?, UTC_TIMESTAMP(3), ?, ?, ?, ?, ?, ?)`,
  params: [event.sendId, ...valuesOf(event), event.claim?.by ?? null, event.claim?.number ?? null],
});

/** Writes an event in the transaction of the change that it tells of. */
export async function writeEvent(tx: Executor, event: NewEvent): Promise<void> {
  const { sql, params } = eventStatement(event);
  await tx.run(sql, params);
}

/** The event of a batch end that completed its send; writes nothing where it did not. */
export function completedEvent(claim: { sendId: number; by: string }): Statement {
  return {
    sql: `INSERT INTO CAMPAIGN_SEND_EVENTS (SEND_ID, AT, EVENT, ACTOR)
          SELECT ID, UTC_TIMESTAMP(3), '${'completed' satisfies EventName}', ? FROM CAMPAIGN_SENDS WHERE ID = ? AND STATUS = 'completed'`,
    params: [claim.by, claim.sendId],
  };
}

/** An event of every send that is under way, for what happens to the relay that they all go through. */
export const eventOfAllUnderWay = (event: Omit<NewEvent, 'sendId' | 'claim'>): Statement => ({
  sql: `INSERT INTO CAMPAIGN_SEND_EVENTS (SEND_ID, AT, EVENT, ACTOR, REASON, DETAILS)
        SELECT ID, UTC_TIMESTAMP(3), ?, ?, ?, ? FROM CAMPAIGN_SENDS FORCE INDEX (BY_STATUS)
         WHERE STATUS = 'running' AND (START_AT IS NULL OR START_AT <= UTC_TIMESTAMP(3))`,
  params: valuesOf(event),
});

const COLUMNS: Columns<keyof SendEvent> = {
  id: 'ID',
  at: 'AT',
  event: 'EVENT',
  actor: 'ACTOR',
  reason: 'REASON',
  details: 'DETAILS',
};

/** Events of a send with ids above `afterId`, oldest first, `limit` at most. */
export async function listEvents(
  db: Executor,
  sendId: number,
  afterId: number,
  limit: number,
): Promise<SendEvent[]> {
  const rows = await db.rows<Omit<SendEvent, 'details'> & { details: string | null }>(
    `SELECT ${select(COLUMNS)}
       FROM CAMPAIGN_SEND_EVENTS
      WHERE SEND_ID = ? AND ID > ?
      ORDER BY ID LIMIT ?`,
    [sendId, afterId, limit],
  );
  return rows.map((row) => ({
    ...row,
    details: row.details === null ? null : (JSON.parse(row.details) as Record<string, unknown>),
  }));
}
