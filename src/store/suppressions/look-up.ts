import { domainEntry, type Suppression, topicsThatStop } from '../../domain/suppression.js';
import type { Executor, Statement } from '../mysql/packet.js';
import { ENTRY } from './entry.js';

/** Reads the entries of addresses, and of their domains; `norms` is not empty. */
export const lookUpStatement = (norms: readonly string[], topic?: string): Statement => ({
  sql: `SELECT ${ENTRY} FROM CAMPAIGN_SUPPRESSIONS FORCE INDEX (PRIMARY)
         WHERE EMAIL_NORM IN (?)${topic === undefined ? '' : ' AND TOPIC IN (?)'}`,
  params: [
    [...new Set(norms.flatMap((norm) => [norm, domainEntry(norm)]))],
    ...(topic === undefined ? [] : [topicsThatStop(topic)]),
  ],
});

/** Reads what `lookUpStatement` gave. */
export function toFound(
  norms: readonly string[],
  rows: readonly Suppression[],
): Map<string, Suppression[]> {
  const byName = new Map<string, Suppression[]>();
  for (const row of rows) {
    const same = byName.get(row.emailNorm);
    if (same) same.push(row);
    else byName.set(row.emailNorm, [row]);
  }
  const entriesOf = (norm: string): Suppression[] =>
    [...new Set([norm, domainEntry(norm)])]
      .flatMap((name) => byName.get(name) ?? [])
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  return new Map(norms.map((norm) => [norm, entriesOf(norm)]));
}

/**
 * The entries that keep each address from being mailed: its own and its domain's, the oldest first.
 * @param topic of the send that is meant, whose entries and those for everything count; left out, entries of any topic do
 * @returns by address, in the order given; an empty list for one that may be mailed
 */
export async function lookUp(
  db: Executor,
  norms: readonly string[],
  topic?: string,
): Promise<Map<string, Suppression[]>> {
  if (norms.length === 0) return new Map();
  const { sql, params } = lookUpStatement(norms, topic);
  return toFound(norms, await db.rows<Suppression>(sql, params));
}

/** Whether a send of this topic may not mail the address. */
export async function isSuppressed(db: Executor, norm: string, topic: string): Promise<boolean> {
  const entries = (await lookUp(db, [norm], topic)).get(norm) ?? [];
  return entries.length > 0;
}
