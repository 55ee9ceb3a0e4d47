import { setTimeout as sleep } from 'node:timers/promises';
import { suppress } from '../../src/store/suppressions/suppress.ts';
import type { Scene } from './faults.ts';
import type { TruthEntry } from './truth.ts';

/** Times that somebody unsubscribes while one round's other faults strike. */
const TIMES = 12;

/** Some people who have not been mailed say no, one or more at a time; now and then a whole domain. */
export async function unsubscribe(scene: Scene): Promise<void> {
  const { random, counts } = scene;
  for (let i = 0; i < TIMES; i++) {
    // While the database is away, nothing that is said is acknowledged.
    if (await sayNo(scene).catch(() => false)) counts.unsubscribe += 1;
    await sleep(random.between(0, 250));
  }
}

async function sayNo({ database, random, sendIds, saidNo }: Scene): Promise<boolean> {
  const db = database.test.database;
  const sendId = random.oneOf(sendIds);
  const rows = await db.rows<{ email: string }>(
    `SELECT EMAIL_NORM AS email FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND STATUS = 'pending'
      ORDER BY SEQ LIMIT ?`,
    [sendId, random.between(1, 40)],
  );
  const last = rows.at(-1)?.email;
  if (last === undefined) return false;
  const names = random.chance(0.1)
    ? [last.slice(last.indexOf('@'))]
    : rows.slice(-random.between(1, 5)).map(({ email }) => email);
  await suppress(
    db,
    names.map((emailNorm) => ({ emailNorm, topic: '', reason: 'unsubscribed', source: 'chaos' })),
  );
  const at = Date.now();
  // Behind every transaction that began before: whoever is pending still may not be marked any more.
  const pending = await db.transaction(async (tx) => {
    await tx.run('UPDATE CAMPAIGN_SENDS SET ID = ID WHERE ID = ?', [sendId]);
    return tx.rows<{ email: string }>(
      `SELECT EMAIL_NORM AS email FROM CAMPAIGN_SEND_RESULTS
        WHERE SEND_ID = ? AND STATUS = 'pending'
          AND (EMAIL_NORM IN (?) OR CONCAT('@', SUBSTRING_INDEX(EMAIL_NORM, '@', -1)) IN (?))`,
      [sendId, names, names],
    );
  });
  for (const { email } of pending) saidNo.set(email, at);
  return true;
}

/** Who was mailed after it had been acknowledged that he is not to be. */
export const mailedAfterwards = (
  entries: readonly TruthEntry[],
  saidNo: ReadonlyMap<string, number>,
): string[] =>
  entries.flatMap((entry) => {
    if (entry.kind !== 'accepted') return [];
    const at = saidNo.get(entry.recipient);
    return at !== undefined && entry.at > at
      ? [`${entry.recipient} was mailed ${entry.at - at} ms after a no had been acknowledged`]
      : [];
  });
