import type { Database } from '../../src/store/mysql/database.ts';
import { seedQueuedSend } from '../support/seed.ts';
import { drawFiles, type GivenFiles } from './contents.ts';
import type { Random } from './random.ts';
import { SENDERS } from './signatures.ts';

export interface SendPacing {
  batchSize: number;
  delayMs: number;
  cooldownSeconds: number;
}

/** Leaves in several writes, so that the line can break within it. */
const LONG_TEXT = 'A long line of a long letter.\n'.repeat(6_000);

/**
 * Begins one to three sends, whose addresses carry the weather they meet at the SMTP server.
 * @param pacing of each, instead of one drawn
 * @returns what their messages must have, by their ids
 */
export async function seedSends(
  db: Database,
  random: Random,
  seed: number,
  pacing?: SendPacing,
): Promise<GivenFiles> {
  const given: GivenFiles = new Map();
  const sends = random.between(1, 3);
  for (let i = 0; i < sends; i++) {
    const weather = random.chance(0.8) ? 'storm' : random.oneOf(['calm', 'block']);
    const count = random.between(30, Math.floor(200 / sends));
    const cooldownSeconds = random.oneOf([0, 0, 1]);
    const emails = Array.from(
      { length: count },
      (_, n) => `r${n}@${weather}.k${seed}-${i}-${n % 5}.example`,
    );
    const id = await seedQueuedSend(db, {
      emails,
      ...random.oneOf(SENDERS),
      // Nobody sends it before it has its files.
      status: 'paused',
      batchSize: cooldownSeconds > 0 ? 60 : random.between(10, 60),
      delayMs: random.oneOf([0, 0, 4, 8]),
      cooldownSeconds,
      maxAttempts: random.oneOf([2, 5, 5]),
      ...(random.chance(0.1) ? { text: LONG_TEXT } : {}),
      ...pacing,
    });
    given.set(id, await drawFiles(db, random, id, emails));
  }
  await db.run("UPDATE CAMPAIGN_SENDS SET STATUS = 'running' WHERE ID IN (?)", [[...given.keys()]]);
  return given;
}

/** Takes sends out of the database. */
export async function forgetSends(db: Database, sendIds: readonly number[]): Promise<void> {
  const tables = [
    'CAMPAIGN_SEND_RESULTS',
    'CAMPAIGN_SEND_FILES',
    'CAMPAIGN_MESSAGES',
    'CAMPAIGN_SEND_EVENTS',
  ];
  for (const table of tables) {
    await db.run(`DELETE FROM ${table} WHERE SEND_ID IN (?)`, [sendIds]);
  }
  await db.run('DELETE FROM CAMPAIGN_SENDS WHERE ID IN (?)', [sendIds]);
}
