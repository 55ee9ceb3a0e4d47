import type { Controls } from '../../domain/pacing.js';
import type { Send } from '../../domain/send.js';
import {
  isFinished,
  SEND_STATUSES,
  SEND_TRANSITIONS,
  type SendStatus,
  type SendVerb,
} from '../../domain/states.js';
import { clip, REASON_LENGTH } from '../../domain/text.js';
import { type NewEvent, writeEvent } from '../events.js';
import type { Database } from '../mysql/database.js';
import { type Executor, type Fragment, listed } from '../mysql/packet.js';
import { countLedger } from './counters.js';
import { readSend } from './row.js';

const NOW = 'UTC_TIMESTAMP(3)';

/** What each move sets besides STATUS and STATUS_REASON. */
const SETS: Record<SendVerb, Readonly<Record<string, string>>> = {
  release: {},
  hold: {},
  pause: {},
  resume: { STARTED_AT: `COALESCE(STARTED_AT, ${NOW})` },
  cancel: { FINISHED_AT: NOW },
  abandon: { FINISHED_AT: NOW, SEND_KEY: 'NULL' },
  complete: { FINISHED_AT: NOW },
  reopen: { FINISHED_AT: 'NULL' },
};

function isOneOf(statuses: readonly SendStatus[]): string {
  const list = statuses.map((status) => `'${status}'`).join(', ');
  return statuses.length === 1 ? `STATUS = ${list}` : `STATUS IN (${list})`;
}

/** What goes with a move. */
interface Besides {
  /** STATUS_REASON from now on. */
  reason?: string;
  /** Further assignments, of counters say. */
  set?: readonly Fragment[];
  /** What must hold besides the status. */
  where?: Fragment;
  event?: Omit<NewEvent, 'sendId'>;
}

/**
 * Takes a send from a status that the move may start from to the one it leads to: in the transaction of whatever makes
 * it move, with the move's event.
 * @returns false, with nothing written, when the send's status, or what else is asked for, does not allow it
 */
export async function move(
  tx: Executor,
  sendId: number,
  verb: SendVerb,
  { reason, set = [], where, event }: Besides = {},
): Promise<boolean> {
  const { from, to } = SEND_TRANSITIONS[verb];
  const sets = listed([
    { sql: `STATUS = '${to}'`, params: [] },
    {
      sql: 'STATUS_REASON = ?',
      params: [reason === undefined ? null : clip(reason, REASON_LENGTH)],
    },
    ...Object.entries(SETS[verb]).map(([column, value]) => ({
      sql: `${column} = ${value}`,
      params: [],
    })),
    ...set,
  ]);
  const { affectedRows } = await tx.run(
    `UPDATE CAMPAIGN_SENDS SET ${sets.sql} WHERE ID = ? AND ${isOneOf(from)}${where ? ` AND ${where.sql}` : ''}`,
    [...sets.params, sendId, ...(where?.params ?? [])],
  );
  if (affectedRows !== 1) return false;
  if (event) await writeEvent(tx, { sendId, ...event });
  return true;
}

/**
 * Assignments that make a move as a part of another UPDATE, where the status and `condition` allow it.
 * STATUS comes last, for MySQL assigns from left to right, and the others depend on what it was.
 */
export function moveWhere(verb: SendVerb, condition: string): string {
  const { from, to } = SEND_TRANSITIONS[verb];
  const sets = { ...SETS[verb], STATUS_REASON: 'NULL', STATUS: `'${to}'` };
  return Object.entries(sets)
    .map(
      ([column, value]) => `${column} = IF(${isOneOf(from)} AND ${condition}, ${value}, ${column})`,
    )
    .join(', ');
}

/** What came of an operator's command: done, or the status that did not allow it. */
export type Steered = { done: true } | { done: false; status: SendStatus };

async function outcome(tx: Executor, id: number, done: boolean): Promise<Steered | undefined> {
  if (done) return { done };
  const send = await readSend(tx, id);
  return send && { done, status: send.status };
}

/** Pauses a running send. @returns undefined when there is no such send */
export function pause(
  db: Database,
  id: number,
  actor: string,
  reason?: string,
): Promise<Steered | undefined> {
  return db.transaction(async (tx) => {
    const done = await move(tx, id, 'pause', {
      reason: reason ?? `paused by ${actor}`,
      event: { event: 'paused', actor, reason: reason ?? null },
    });
    return outcome(tx, id, done);
  });
}

/** Lets a paused send go on. @returns undefined when there is no such send */
export function resume(db: Database, id: number, actor: string): Promise<Steered | undefined> {
  return db.transaction(async (tx) => {
    const done = await move(tx, id, 'resume', { event: { event: 'resumed', actor } });
    return outcome(tx, id, done);
  });
}

/** Ends a send that is not finished yet, for good. @returns undefined when there is no such send */
export function cancel(
  db: Database,
  id: number,
  actor: string,
  reason: string | null = null,
): Promise<Steered | undefined> {
  return db.transaction(async (tx) => {
    const done = (await move(tx, id, 'cancel')) || (await cancelImport(tx, id));
    if (done) await writeEvent(tx, { sendId: id, event: 'cancelled', actor, reason });
    return outcome(tx, id, done);
  });
}

/**
 * Puts an unfinished import away, its counters taken from the rows that it brought. The move bars further chunks of
 * the import, so the count holds.
 * @returns false when the send is not importing
 */
export async function cancelImport(tx: Executor, id: number): Promise<boolean> {
  const done = await move(tx, id, 'abandon');
  if (done) await countLedger(tx, id);
  return done;
}

const controlsOf = ({ batchSize, delayMs, cooldownSeconds }: Send): Controls => ({
  batchSize,
  delayMs,
  cooldownSeconds,
});

/** Changes the pacing of a send that is not finished. @returns undefined when there is no such send */
export function setControls(
  db: Database,
  id: number,
  actor: string,
  change: Partial<Controls>,
): Promise<Steered | undefined> {
  return db
    .transaction(async (tx) => {
      const send = await readSend(tx, id);
      if (!send) return undefined;
      const from = controlsOf(send);
      const to = { ...from, ...change };
      const done = await changeControls(tx, id, from, to);
      if (done)
        await writeEvent(tx, { sendId: id, event: 'controls', actor, details: { from, to } });
      // Changed by somebody else since it was read: once more, from what is there now.
      return done || isFinished(send.status) ? { done, status: send.status } : 'again';
    })
    .then((result) => (result === 'again' ? setControls(db, id, actor, change) : result));
}

const UNFINISHED = isOneOf(SEND_STATUSES.filter((status) => !isFinished(status)));

/** @returns false when the send is finished, or somebody changed its controls since `from` was read */
async function changeControls(
  tx: Executor,
  id: number,
  from: Controls,
  to: Controls,
): Promise<boolean> {
  const { affectedRows } = await tx.run(
    `UPDATE CAMPAIGN_SENDS SET BATCH_SIZE = ?, DELAY_MS = ?, COOLDOWN_SECONDS = ?
      WHERE ID = ? AND BATCH_SIZE = ? AND DELAY_MS = ? AND COOLDOWN_SECONDS = ? AND ${UNFINISHED}`,
    [
      to.batchSize,
      to.delayMs,
      to.cooldownSeconds,
      id,
      from.batchSize,
      from.delayMs,
      from.cooldownSeconds,
    ],
  );
  return affectedRows === 1;
}
