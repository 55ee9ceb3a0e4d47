import { CLOCK_SLACK_MS, LONGEST_WAIT_MS } from '../../domain/hold.js';
import type {
  HoldKind,
  LimitKind,
  NewHold,
  Relay,
  RelayLimits,
  RelayProbe,
  RelayState,
} from '../../domain/relay.js';
import { clip, REASON_LENGTH } from '../../domain/text.js';
import { select } from '../columns.js';
import { eventOfAllUnderWay } from '../events.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Fragment } from '../mysql/packet.js';
import {
  RELAY_STATE,
  RELAYS,
  type RelayRow,
  type RelayStateRow,
  relayStatement,
  toRelay,
  toRelayState,
} from './row.js';

/** An operator's hold ends by its time; any other lasts until its probe is accepted. */
const IS_HELD =
  "(HELD_UNTIL IS NOT NULL AND (HOLD_KIND <> 'operator' OR HELD_UNTIL > UTC_TIMESTAMP(3)))";

const IN_MS = 'UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND';
const micros = (ms: number): number => Math.round(ms * 1000);

/** @returns undefined when there is no such relay */
export async function readRelay(db: Executor, name: string): Promise<Relay | undefined> {
  const { sql, params } = relayStatement(name);
  return toRelay(await db.rows(sql, params));
}

/** What a scheduler has to know of it: how its rates stand is read by those who lease of them. */
export async function readRelayState(db: Executor, name: string): Promise<RelayState | undefined> {
  const [row] = await db.rows<RelayStateRow>(
    `SELECT ${select(RELAY_STATE)} FROM CAMPAIGN_RELAYS l WHERE l.NAME = ?`,
    [name],
  );
  return row && toRelayState(row);
}

/** Every relay, by name. */
export async function listRelays(db: Executor): Promise<Relay[]> {
  const rows = await db.rows<RelayRow>(`${RELAYS} ORDER BY l.NAME`, []);
  return rows.flatMap((row) => toRelay([row]) ?? []);
}

const EVERY: Fragment = { sql: 'TRUE', params: [] };

/** Changes the relay's row where it is as `where` has it. */
async function change(
  tx: Executor,
  name: string,
  set: Fragment,
  where: Fragment = EVERY,
): Promise<boolean> {
  const { affectedRows } = await tx.run(
    `UPDATE CAMPAIGN_RELAYS SET ${set.sql} WHERE NAME = ? AND ${where.sql}`,
    [...set.params, name, ...where.params],
  );
  return affectedRows === 1;
}

const begun = (kind: HoldKind, reason: string, ms: number): Fragment => ({
  sql: `HOLD_ID = HOLD_ID + 1, HELD_UNTIL = ${IN_MS}, HOLD_KIND = ?, HOLD_REASON = ?,
        HELD_SINCE = UTC_TIMESTAMP(3), TRIES = 0, PROBE_BY = NULL`,
  params: [micros(ms), kind, clip(reason, REASON_LENGTH)],
});

const ENDED: Fragment = {
  sql: 'HELD_UNTIL = NULL, HOLD_KIND = NULL, HOLD_REASON = NULL, HELD_SINCE = NULL, TRIES = 0, PROBE_BY = NULL',
  params: [],
};

/** The hold of this number, which this claim probes. */
const probedBy = (holdId: number, by: string): Fragment => ({
  sql: 'HOLD_ID = ? AND PROBE_BY = ? AND HELD_UNTIL IS NOT NULL',
  params: [holdId, by],
});

/** Who holds a relay, or ends that, as its events have it: `user@host` for people, CLAIMED_BY for workers. */
interface By {
  actor: string;
}

/** Changes a hold, and tells of it in the events of all sends under way. */
async function changeAndTell(
  tx: Executor,
  changed: Promise<boolean>,
  event: Parameters<typeof eventOfAllUnderWay>[0],
): Promise<boolean> {
  if (!(await changed)) return false;
  const { sql, params } = eventOfAllUnderWay(event);
  await tx.run(sql, params);
  return true;
}

/**
 * Holds the relay for a limit it told of. Of many who met it one writes it: those who know of no hold later than `holdId`.
 * @param tx in a transaction
 * @returns false when somebody else was first, or the relay is held already
 */
export const raiseHold = (tx: Executor, name: string, hold: NewHold): Promise<boolean> =>
  changeAndTell(
    tx,
    change(tx, name, begun(hold.kind, hold.reason, hold.waitMs), {
      sql: `HOLD_ID = ? AND NOT ${IS_HELD}`,
      params: [hold.holdId],
    }),
    {
      event: 'held',
      actor: hold.actor,
      reason: hold.reason,
      details: { relay: name, kind: hold.kind, seconds: hold.waitMs / 1000 },
    },
  );

/**
 * Wins the probe of a hold whose time has come, or is further ahead than any wait, as `holdLeftMs` has it, by moving that
 * time on: of all who ask one gets it, and one that dies of it costs a wait.
 */
export const winProbe = (
  tx: Executor,
  name: string,
  { holdId, by, waitMs }: RelayProbe & { waitMs: number },
): Promise<boolean> =>
  change(
    tx,
    name,
    { sql: `HELD_UNTIL = ${IN_MS}, PROBE_BY = ?`, params: [micros(waitMs), by] },
    {
      sql: `HOLD_ID = ? AND HOLD_KIND <> 'operator'
            AND (HELD_UNTIL <= UTC_TIMESTAMP(3)
                 OR HELD_UNTIL > UTC_TIMESTAMP(3) + INTERVAL IF(PROBE_BY IS NULL, ?, ?) MICROSECOND)`,
      params: [holdId, micros(waitMs + CLOCK_SLACK_MS), micros(LONGEST_WAIT_MS + CLOCK_SLACK_MS)],
    },
  );

/** Moves the hold on for as long as its probe is out. @returns false when the hold is not ours to probe any more */
export const keepProbe = (
  tx: Executor,
  name: string,
  probe: RelayProbe & { waitMs: number },
): Promise<boolean> =>
  change(
    tx,
    name,
    { sql: `HELD_UNTIL = ${IN_MS}`, params: [micros(probe.waitMs)] },
    probedBy(probe.holdId, probe.by),
  );

/** A probe that was not made after all: another may be, at once. */
export const returnProbe = (tx: Executor, name: string, probe: RelayProbe): Promise<boolean> =>
  change(
    tx,
    name,
    { sql: 'HELD_UNTIL = UTC_TIMESTAMP(3), PROBE_BY = NULL', params: [] },
    probedBy(probe.holdId, probe.by),
  );

/** The probe was told the same: the hold goes on. */
export const extendHold = (
  tx: Executor,
  name: string,
  probe: RelayProbe & { kind: LimitKind; reason: string; waitMs: number },
): Promise<boolean> =>
  change(
    tx,
    name,
    {
      sql: `HELD_UNTIL = ${IN_MS}, HOLD_KIND = ?, HOLD_REASON = ?, TRIES = TRIES + 1, PROBE_BY = NULL`,
      params: [micros(probe.waitMs), probe.kind, clip(probe.reason, REASON_LENGTH)],
    },
    probedBy(probe.holdId, probe.by),
  );

/**
 * The probe was accepted.
 * @param tx in a transaction
 */
export const endHold = (tx: Executor, name: string, probe: RelayProbe): Promise<boolean> =>
  changeAndTell(tx, change(tx, name, ENDED, probedBy(probe.holdId, probe.by)), {
    event: 'hold-ended',
    actor: probe.by,
    reason: 'a message was accepted',
    details: { relay: name },
  });

/**
 * An operator's hold whose time is over is one no more, and that is told once.
 * @param tx in a transaction
 */
export const lapseHold = (
  tx: Executor,
  name: string,
  { holdId, actor }: { holdId: number; actor: string },
): Promise<boolean> =>
  changeAndTell(
    tx,
    change(tx, name, ENDED, {
      sql: "HOLD_ID = ? AND HOLD_KIND = 'operator' AND HELD_UNTIL <= UTC_TIMESTAMP(3)",
      params: [holdId],
    }),
    { event: 'hold-ended', actor, reason: 'its time was over', details: { relay: name } },
  );

/** The operator holds the relay for so long, whatever held it before. @returns false when there is no such relay */
export const holdByOperator = (
  db: Database,
  name: string,
  { seconds, reason, actor }: { seconds: number; reason: string } & By,
): Promise<boolean> =>
  db.transaction((tx) =>
    changeAndTell(tx, change(tx, name, begun('operator', reason, seconds * 1000)), {
      event: 'held',
      actor,
      reason,
      details: { relay: name, kind: 'operator', seconds },
    }),
  );

/** The operator ends a hold, whoever began it. @returns false when there is none, or no such relay */
export const releaseHold = (db: Database, name: string, { actor }: By): Promise<boolean> =>
  db.transaction((tx) =>
    changeAndTell(tx, change(tx, name, ENDED, { sql: IS_HELD, params: [] }), {
      event: 'hold-ended',
      actor,
      reason: `released by ${actor}`,
      details: { relay: name },
    }),
  );

/** Where there is no row of this name, there is one from now on. */
export async function addRelay(db: Executor, name: string): Promise<void> {
  await db.run('INSERT IGNORE INTO CAMPAIGN_RELAYS (NAME) VALUES (?)', [name]);
}

/**
 * Sets how much may be sent over a relay, and on how many connections; what is left out stays.
 * @returns false when there is no such relay
 */
export const setLimits = (
  db: Database,
  name: string,
  limits: Partial<RelayLimits>,
  { actor }: By,
): Promise<boolean> =>
  db.transaction(async (tx) => {
    const { sql, params } = relayStatement(name);
    const before = toRelay(await tx.rows(`${sql} FOR UPDATE`, params));
    if (!before) return false;
    const { rates = before.rates, connections = before.connections } = limits;
    const set = { sql: 'RATES = ?, CONNECTIONS = ?', params: [rates, connections] };
    const from = { rates: before.rates, connections: before.connections };
    const details = { relay: name, from, to: { rates, connections } };
    return changeAndTell(tx, change(tx, name, set), { event: 'relay-limits', actor, details });
  });

/**
 * The relay accepted a message so long ago at most, which others may know better by now. One statement outside of any
 * transaction, for all hosts write this row.
 */
export async function noteAccepted(db: Executor, name: string, agoMs = 0): Promise<void> {
  const at = 'UTC_TIMESTAMP(3) - INTERVAL ? MICROSECOND';
  await change(db, name, {
    // One that is ahead is of a clock that went back since.
    sql: `LAST_ACCEPTED_AT = IF(LAST_ACCEPTED_AT BETWEEN ${at} AND UTC_TIMESTAMP(3), LAST_ACCEPTED_AT, ${at})`,
    params: [micros(agoMs), micros(agoMs)],
  });
}
