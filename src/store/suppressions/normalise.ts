import {
  checkSuppressed,
  EVERYTHING,
  readTopic,
  type Suppression,
  type SuppressionKey,
} from '../../domain/suppression.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Statement } from '../mysql/packet.js';
import { ENTRY } from './entry.js';
import { RAISE_VERSION } from './version.js';

const PAGE = 5000;
/** Entries of one transaction. */
const BLOCK = 200;

/** What became of entries that were not in the form that addresses are compared in. */
export interface Normalised {
  normalised: number;
  /** No addresses and no domains: they keep nobody from being mailed. */
  left: number;
}

/**
 * Brings entries that were written by SQL, in upper case, with spaces or with U-labels, into their normal form. Where an
 * entry is there in that form, the earlier of the two stays. Done again it does nothing.
 */
export async function normaliseSuppressions(database: Database): Promise<Normalised> {
  const sum: Normalised = { normalised: 0, left: 0 };
  for (let after: SuppressionKey = { emailNorm: '', topic: '' }; ; ) {
    const page: SuppressionKey[] = await database.rows<SuppressionKey>(
      `SELECT EMAIL_NORM AS emailNorm, TOPIC AS topic FROM CAMPAIGN_SUPPRESSIONS FORCE INDEX (PRIMARY)
        WHERE EMAIL_NORM >= ? AND (EMAIL_NORM > ? OR TOPIC > ?) ORDER BY EMAIL_NORM, TOPIC LIMIT ?`,
      [after.emailNorm, after.emailNorm, after.topic, PAGE],
    );
    const last = page.at(-1);
    if (!last) return sum;
    after = last;
    const wrong: [as: SuppressionKey, to: SuppressionKey][] = [];
    for (const key of page) {
      const to = normalForm(key);
      if (!to) sum.left++;
      else if (to.emailNorm !== key.emailNorm || to.topic !== key.topic) wrong.push([key, to]);
    }
    for (let at = 0; at < wrong.length; at += BLOCK) {
      const block = wrong.slice(at, at + BLOCK);
      sum.normalised += await database.transaction((tx) => normaliseBlock(tx, block));
    }
  }
}

function normalForm({ emailNorm, topic }: SuppressionKey): SuppressionKey | undefined {
  const check = checkSuppressed(emailNorm);
  const about = topic === EVERYTHING ? EVERYTHING : readTopic(topic);
  return check.ok && about !== undefined ? { emailNorm: check.norm, topic: about } : undefined;
}

/** As an ENTRY has it. */
const untrailed = (text: string): string => text.replace(/ +$/, '');

/** @returns how many were still as they had been read */
async function normaliseBlock(
  tx: Executor,
  block: readonly (readonly [as: SuppressionKey, to: SuppressionKey])[],
): Promise<number> {
  // First, as whoever suppresses somebody does: two that wait for each other would get nowhere.
  await tx.packet([RAISE_VERSION]);
  const entries = await tx.rows<Suppression>(
    `SELECT ${ENTRY} FROM CAMPAIGN_SUPPRESSIONS FORCE INDEX (PRIMARY) WHERE EMAIL_NORM IN (?) FOR UPDATE`,
    [[...new Set(block.map(([{ emailNorm }]) => emailNorm))]],
  );
  const moves = block.flatMap(([as, to]) => {
    const key = { emailNorm: untrailed(as.emailNorm), topic: untrailed(as.topic) };
    const old = entries.find(
      ({ emailNorm, topic }) => emailNorm === key.emailNorm && topic === key.topic,
    );
    return old ? moveStatements(old, to) : [];
  });
  if (moves.length > 0) await tx.packet(moves);
  return moves.length / 2;
}

/** Removes an entry, and writes it in its normal form; of two the earlier one's words stay. */
const moveStatements = (
  { emailNorm, topic, reason, source, createdAt }: Suppression,
  to: SuppressionKey,
): [Statement, Statement] => [
  {
    sql: 'DELETE FROM CAMPAIGN_SUPPRESSIONS WHERE EMAIL_NORM = ? AND TOPIC = ?',
    params: [emailNorm, topic],
  },
  {
    sql: `INSERT INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, TOPIC, REASON, SOURCE, CREATED_AT, VERSION)
          VALUES (?, ?, ?, ?, ?, LAST_INSERT_ID())
          ON DUPLICATE KEY UPDATE REASON = IF(CREATED_AT > ?, ?, REASON), SOURCE = IF(CREATED_AT > ?, ?, SOURCE),
                 CREATED_AT = LEAST(CREATED_AT, ?), VERSION = LAST_INSERT_ID()`,
    params: [
      ...[to.emailNorm, to.topic, reason, source, createdAt],
      ...[createdAt, reason, createdAt, source, createdAt],
    ],
  },
];
