import { domainEntry, type Suppression, topicsThatStop } from '../../domain/suppression.js';
import type { Executor } from '../mysql/packet.js';
import { ENTRY } from './entry.js';

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
  const found = new Map<string, Suppression[]>(norms.map((norm) => [norm, []]));
  if (norms.length === 0) return found;
  const ofTopic = topic === undefined ? '' : ' AND TOPIC IN (?)';
  const rows = await db.rows<Suppression>(
    `SELECT ${ENTRY} FROM CAMPAIGN_SUPPRESSIONS FORCE INDEX (PRIMARY)
      WHERE EMAIL_NORM IN (?)${ofTopic}`,
    [
      [...new Set(norms.flatMap((norm) => [norm, domainEntry(norm)]))],
      ...(topic === undefined ? [] : [topicsThatStop(topic)]),
    ],
  );
  const byName = new Map<string, Suppression[]>();
  for (const row of rows) {
    const same = byName.get(row.emailNorm);
    if (same) same.push(row);
    else byName.set(row.emailNorm, [row]);
  }
  for (const norm of found.keys()) {
    const own = [...new Set([norm, domainEntry(norm)])].flatMap((name) => byName.get(name) ?? []);
    found.set(
      norm,
      own.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime()),
    );
  }
  return found;
}

/** Whether a send of this topic may not mail the address. */
export async function isSuppressed(db: Executor, norm: string, topic: string): Promise<boolean> {
  const entries = (await lookUp(db, [norm], topic)).get(norm) ?? [];
  return entries.length > 0;
}
