import type { Suppression, SuppressionFilter, SuppressionKey } from '../../domain/suppression.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Fragment } from '../mysql/packet.js';
import { ENTRY } from './entry.js';
import { filterFragment, listSuppressions } from './pages.js';
import { RAISE_VERSION } from './version.js';

/** Addresses whose entries are removed in one transaction: the version's row is held for as long. */
export const REMOVED_AT_ONCE = 1000;

/** Told the entries of a transaction before they are gone; more than once where it had to be tried again. */
type OnRemoving = (entries: readonly Suppression[]) => Promise<void>;

/** How many entries fit a filter. */
export async function countSuppressions(db: Executor, filter: SuppressionFilter): Promise<number> {
  const { sql, params } = filterFragment(filter);
  const [row] = await db.rows<{ count: number }>(
    `SELECT COUNT(*) AS count FROM CAMPAIGN_SUPPRESSIONS WHERE TRUE${sql}`,
    params,
  );
  return row?.count ?? 0;
}

/** The entries of some addresses, at most a thousand of them, that fit a filter. */
export const entriesOf = (
  db: Executor,
  norms: readonly string[],
  filter: SuppressionFilter,
  lock: '' | ' FOR UPDATE' = '',
): Promise<Suppression[]> => {
  const { sql, params } = filterFragment(filter);
  return db.rows<Suppression>(
    `SELECT ${ENTRY} FROM CAMPAIGN_SUPPRESSIONS FORCE INDEX (PRIMARY)
      WHERE EMAIL_NORM IN (?)${sql} ORDER BY EMAIL_NORM, TOPIC${lock}`,
    [norms, ...params],
  );
};

/**
 * Removes what fits a filter, page by page as `removeOf` does.
 * @returns how many
 */
export async function removeFitting(
  database: Database,
  filter: SuppressionFilter,
  onRemoving: OnRemoving,
): Promise<number> {
  let removed = 0;
  for (let after: SuppressionKey | null = null; ; ) {
    const { entries, next } = await listSuppressions(database, filter, after, REMOVED_AT_ONCE);
    const norms = [...new Set(entries.map(({ emailNorm }) => emailNorm))];
    removed += (await removeOf(database, norms, filter, onRemoving)).length;
    if (next === null) return removed;
    after = next;
  }
}

/**
 * Removes those entries of some addresses that fit a filter, in a transaction that raises the version.
 * @param onRemoving waited for before COMMIT: what it throws leaves all of them as they are
 * @returns what was removed
 */
export async function removeOf(
  database: Database,
  norms: readonly string[],
  filter: SuppressionFilter,
  onRemoving: OnRemoving,
): Promise<Suppression[]> {
  if (norms.length === 0) return [];
  return database.transaction(async (tx) => {
    // Held, so that what is told is what is removed.
    const entries = await entriesOf(tx, norms, filter, ' FOR UPDATE');
    if (entries.length === 0) return entries;
    await onRemoving(entries);
    await tx.packet([RAISE_VERSION, ...deletions(entries)]);
    return entries;
  });
}

function deletions(entries: readonly SuppressionKey[]): Fragment[] {
  const topics = new Map<string, string[]>();
  for (const { topic, emailNorm } of entries) {
    const norms = topics.get(topic);
    if (norms) norms.push(emailNorm);
    else topics.set(topic, [emailNorm]);
  }
  return [...topics].map(([topic, norms]) => ({
    sql: 'DELETE FROM CAMPAIGN_SUPPRESSIONS WHERE EMAIL_NORM IN (?) AND TOPIC = ?',
    params: [norms, topic],
  }));
}
