import type {
  Suppression,
  SuppressionFilter,
  SuppressionKey,
  SuppressionPage,
} from '../../domain/suppression.js';
import type { Executor, Fragment } from '../mysql/packet.js';
import { ENTRY } from './entry.js';

/** Of a WHERE: what a filter lets through. */
export function filterFragment(filter: SuppressionFilter): Fragment {
  const { topic, source, reason, since, until, domain } = filter;
  const conditions: Fragment[] = [];
  const and = (sql: string, ...params: Fragment['params']) => conditions.push({ sql, params });
  if (topic !== undefined) and('TOPIC = ?', topic);
  // Each import has a source of its own, `import-` and when it began.
  if (source === 'import') and(`(SOURCE = ? OR SOURCE LIKE 'import-%')`, source);
  else if (source !== undefined) and('SOURCE = ?', source);
  if (reason !== undefined) and(`REASON LIKE CONCAT('%', ?, '%')`, escapeLike(reason));
  if (since !== undefined) and('CREATED_AT >= ?', since);
  if (until !== undefined) and('CREATED_AT < ?', until);
  if (domain !== undefined) and(`EMAIL_NORM LIKE CONCAT('%', ?)`, escapeLike(`@${domain}`));
  return {
    sql: conditions.map(({ sql }) => ` AND ${sql}`).join(''),
    params: conditions.flatMap(({ params }) => [...params]),
  };
}

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

/**
 * A page of entries, by their keys. A page of a filter that lets little through reads past the rest.
 */
export async function listSuppressions(
  db: Executor,
  filter: SuppressionFilter,
  after: SuppressionKey | null,
  limit: number,
): Promise<SuppressionPage> {
  const { sql, params } = filterFragment(filter);
  const from = after ?? { emailNorm: '', topic: '' };
  const rows = await db.rows<Suppression>(
    `SELECT ${ENTRY} FROM CAMPAIGN_SUPPRESSIONS FORCE INDEX (PRIMARY)
      WHERE EMAIL_NORM >= ? AND (EMAIL_NORM > ? OR TOPIC > ?)${sql}
      ORDER BY EMAIL_NORM, TOPIC LIMIT ?`,
    [from.emailNorm, from.emailNorm, from.topic, ...params, limit + 1],
  );
  const entries = rows.slice(0, limit);
  const { emailNorm, topic } = entries.at(-1) ?? from;
  return { entries, next: rows.length > limit ? { emailNorm, topic } : null };
}
