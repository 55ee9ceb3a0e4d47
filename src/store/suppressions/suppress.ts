import {
  type NewSuppression,
  SUPPRESSION_REASON_LENGTH,
  SUPPRESSION_SOURCE_LENGTH,
  type SuppressionChange,
  type SuppressionKey,
} from '../../domain/suppression.js';
import { clip } from '../../domain/text.js';
import { select } from '../columns.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Statement } from '../mysql/packet.js';
import { KEY } from './entry.js';
import { RAISE_VERSION } from './version.js';

/** Entries of one transaction: so many that others need not wait long for the version's row. */
const BLOCK = 1000;

const keyOf = ({ emailNorm, topic }: SuppressionKey): string => `${topic}\n${emailNorm}`;

/**
 * Keeps entries; one that is there keeps its first reason, source and date. A thousand at a time are one transaction, which
 * raises the version: no worker marks them after it was committed. Entries that are all there already write nothing.
 */
export async function suppress(
  database: Database,
  entries: readonly NewSuppression[],
): Promise<SuppressionChange> {
  const distinct = [
    ...new Map(entries.toReversed().map((entry) => [keyOf(entry), entry])).values(),
  ];
  const sum: SuppressionChange = { changed: 0, unchanged: entries.length - distinct.length };
  for (let at = 0; at < distinct.length; at += BLOCK) {
    const block = distinct.slice(at, at + BLOCK).toReversed();
    const changed = await database.transaction((tx) => suppressBlock(tx, block));
    sum.changed += changed;
    sum.unchanged += block.length - changed;
  }
  return sum;
}

/** @returns how many were not there */
async function suppressBlock(tx: Executor, entries: readonly NewSuppression[]): Promise<number> {
  const known = await readVersions(tx, entries);
  const missing = entries.filter((entry) => !known.has(keyOf(entry)));
  if (missing.length === 0 && ![...known.values()].includes(0)) return 0;
  const insert = missing.length > 0 ? [insertStatement(missing)] : [];
  const results = await tx.packet([RAISE_VERSION, ...insert, adoptStatement(entries)]);
  return missing.length > 0 ? (results[1] as { affectedRows: number }).affectedRows : 0;
}

/** The versions of those entries that are there: a plain SELECT, which waits for nobody. */
async function readVersions(
  tx: Executor,
  keys: readonly SuppressionKey[],
): Promise<Map<string, number>> {
  const rows = await tx.rows<SuppressionKey & { version: number }>(
    `SELECT ${select({ ...KEY, version: 'VERSION' })}
       FROM CAMPAIGN_SUPPRESSIONS FORCE INDEX (PRIMARY) WHERE ${WHERE_KEYS}`,
    whereKeys(keys),
  );
  const asked = new Set(keys.map(keyOf));
  return new Map(rows.flatMap((row) => (asked.has(keyOf(row)) ? [[keyOf(row), row.version]] : [])));
}

/** Addresses and topics apart: the server makes ranges of these, and one entry more does no harm where they are used. */
const WHERE_KEYS = 'EMAIL_NORM IN (?) AND TOPIC IN (?)';

const whereKeys = (keys: readonly SuppressionKey[]): [string[], string[]] => [
  [...new Set(keys.map(({ emailNorm }) => emailNorm))],
  [...new Set(keys.map(({ topic }) => topic))],
];

const insertStatement = (entries: readonly NewSuppression[]): Statement => ({
  sql: `INSERT IGNORE INTO CAMPAIGN_SUPPRESSIONS (EMAIL_NORM, TOPIC, REASON, SOURCE, CREATED_AT, VERSION)
        VALUES ${entries.map(() => '(?, ?, ?, ?, UTC_TIMESTAMP(3), LAST_INSERT_ID())').join(',')}`,
  params: entries.flatMap(({ emailNorm, topic, reason, source }) => [
    emailNorm,
    topic,
    clip(reason, SUPPRESSION_REASON_LENGTH),
    clip(source, SUPPRESSION_SOURCE_LENGTH),
  ]),
});

/**
 * Entries without a version may be those of an import, or of somebody's SQL, that has not raised it yet. What is said to
 * be suppressed has to be heeded from now on: they are given this transaction's.
 */
const adoptStatement = (entries: readonly SuppressionKey[]): Statement => ({
  sql: `UPDATE CAMPAIGN_SUPPRESSIONS FORCE INDEX (PRIMARY) SET VERSION = LAST_INSERT_ID()
         WHERE ${WHERE_KEYS} AND VERSION = 0`,
  params: whereKeys(entries),
});
