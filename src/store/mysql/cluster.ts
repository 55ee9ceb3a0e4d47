import { outsideOfGroup } from './errors.js';
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
