import { isConnectionLoss, outsideOfGroup } from './errors.js';
import type { Executor } from './packet.js';
import type { Session } from './session.js';

const UNKNOWN_VARIABLE = 1193;
/** No such table, and no right to read it. */
const NOT_TO_BE_SEEN = [1142, 1146];

/** What an error's number is one of means that the server has nothing to say here. */
async function unless<T>(errnos: readonly number[], ask: Promise<T>): Promise<T | undefined> {
  try {
    return await ask;
  } catch (error) {
    if (errnos.includes((error as { errno?: number }).errno ?? 0)) return undefined;
    throw error;
  }
}

/**
 * On a cluster a session sees what was committed on another node before it came here: Galera waits for it, and a new
 * primary of MySQL Group Replication until it has applied what the old one left. A node that has lost its group, or has
 * not joined it again since it was started, is left: it may take writes that nobody else will ever see.
 */
export async function joinOthers(session: Session): Promise<void> {
  const galera = await unless([UNKNOWN_VARIABLE], session.run('SET SESSION wsrep_sync_wait = 7'));
  if (galera) return;
  const group = await unless(
    [UNKNOWN_VARIABLE],
    session.run(
      `SET SESSION group_replication_consistency = IF(@@group_replication_consistency = 'EVENTUAL',
         'BEFORE_ON_PRIMARY_FAILOVER', @@group_replication_consistency)`,
    ),
  );
  if (!group) return;
  const members = await unless(
    NOT_TO_BE_SEEN,
    session.rows<{ own: number; state: string }>(
      `SELECT MEMBER_ID = @@server_uuid AS own, MEMBER_STATE AS state
         FROM performance_schema.replication_group_members`,
    ),
  );
  if (!members) return;
  const online = members.some(({ own, state }) => own === 1 && state === 'ONLINE');
  const unreachable = members.filter(({ state }) => state === 'UNREACHABLE').length;
  if (!online || unreachable * 2 >= members.length) throw outsideOfGroup();
}

/**
 * What a session reads, and what its transactions find, is no older than what was acknowledged anywhere in the cluster
 * before: somebody may be suppressed on another node. Galera waits at SELECT and START TRANSACTION; in Group Replication a
 * transaction waits where there are several primaries, and after a failover. Where the server refuses it, `readsMayLag`
 * tells.
 */
export async function readCausally(session: Session): Promise<void> {
  const galera = await granted(session, 'SET SESSION wsrep_sync_wait = @@wsrep_sync_wait | 1');
  if (galera) return;
  await granted(
    session,
    `SET SESSION group_replication_consistency = CASE
       WHEN @@group_replication_single_primary_mode = 0 THEN
         IF(@@group_replication_consistency IN ('AFTER', 'BEFORE_AND_AFTER'), 'BEFORE_AND_AFTER', 'BEFORE')
       WHEN @@group_replication_consistency = 'EVENTUAL' THEN 'BEFORE_ON_PRIMARY_FAILOVER'
       ELSE @@group_replication_consistency END`,
  );
}

/** @returns whether the server does what it is asked for */
async function granted(session: Session, sql: string): Promise<boolean> {
  try {
    await session.run(sql);
    return true;
  } catch (error) {
    if (isConnectionLoss(error)) throw error;
    return false;
  }
}

const CAUSES = ['wsrep_on', 'wsrep_sync_wait', 'group_replication_group_name'] as const;
const OF_GROUPS = [
  'group_replication_single_primary_mode',
  'group_replication_consistency',
] as const;

/** Why a session of this database may read what is older than what was acknowledged on another node; null where none does. */
export async function readsMayLag(db: Executor): Promise<string | null> {
  const rows = await db.rows<{ Variable_name: string; Value: string }>(
    'SHOW SESSION VARIABLES WHERE Variable_name IN (?)',
    [[...CAUSES, ...OF_GROUPS]],
  );
  const values = new Map(rows.map((row) => [row.Variable_name.toLowerCase(), row.Value]));
  const settingOf = (name: (typeof CAUSES)[number] | (typeof OF_GROUPS)[number]): string =>
    values.get(name) ?? '';
  if (settingOf('wsrep_on') === 'ON' && Number(settingOf('wsrep_sync_wait')) % 2 === 0) {
    return 'this Galera node refuses wsrep_sync_wait = 1';
  }
  const severalPrimaries =
    settingOf('group_replication_group_name') !== '' &&
    settingOf('group_replication_single_primary_mode') === 'OFF';
  return severalPrimaries &&
    !/^BEFORE(_AND_AFTER)?$/.test(settingOf('group_replication_consistency'))
    ? "this member of a group refuses group_replication_consistency = 'BEFORE'"
    : null;
}
