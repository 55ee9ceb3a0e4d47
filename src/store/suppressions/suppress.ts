import {
  type NewSuppression,
  SUPPRESSION_REASON_LENGTH,
  SUPPRESSION_SOURCE_LENGTH,
  type SuppressionChange,
  type SuppressionKey,
  takesOver,
} from '../../domain/suppression.js';
import { clip } from '../../domain/text.js';
import { select } from '../columns.js';
import type { Database } from '../mysql/database.js';
import type { Executor, Outcome, Statement } from '../mysql/packet.js';
import { KEY } from './entry.js';
import { RAISE_VERSION } from './version.js';

/** Entries of one transaction: so many that others need not wait long for the version's row. */
const BLOCK = 1000;

const keyOf = ({ emailNorm, topic }: SuppressionKey): string => `${topic}\n${emailNorm}`;

/**
 * Keeps entries; one that is there keeps its date and, unless `takesOver` says otherwise, its first reason and source. A
 * thousand at a time are one transaction, which raises the version: no worker marks them after it was committed. Entries
 * that are all there already write nothing.
 * @param onWritten told those of the entries that were not there, or took over, when they are committed
 */
export async function suppress(
  database: Database,
  entries: readonly NewSuppression[],
  onWritten: (written: readonly NewSuppression[]) => void = () => undefined,
): Promise<SuppressionChange> {
  const distinct = [
    ...new Map(entries.toReversed().map((entry) => [keyOf(entry), entry])).values(),
  ];
  const sum: SuppressionChange = { changed: 0, unchanged: entries.length - distinct.length };
  for (let at = 0; at < distinct.length; at += BLOCK) {
    const block = distinct.slice(at, at + BLOCK).toReversed();
    const { written, changed } = await database.transaction((tx) => suppressBlock(tx, block));
    onWritten(written);
    sum.changed += changed;
    sum.unchanged += block.length - changed;
  }
  return sum;
}

interface Written {
  written: readonly NewSuppression[];
  /** How many of them no other transaction had written meanwhile. */
  changed: number;
}

async function suppressBlock(tx: Executor, entries: readonly NewSuppression[]): Promise<Written> {
  const known = await readKnown(tx, entries);
  const written = entries.filter((entry) => {
    const there = known.get(keyOf(entry));
    return there === undefined || takesOver(entry.source, there.source);
  });
  const isWritten = new Set(written);
  const adopted = entries.filter(
    (entry) => isWritten.has(entry) || known.get(keyOf(entry))?.version === 0,
  );
  if (adopted.length === 0) return { written, changed: 0 };
  const takeOvers = written.flatMap((entry) => {
    const there = known.get(keyOf(entry));
    return there === undefined ? [] : [takeOverStatement(entry, there.source)];
  });
  // What is to be taken over is inserted too: it may be removed by now.
  const insert = written.length > 0 ? [insertStatement(written)] : [];
  const results = await tx.packet([
    RAISE_VERSION,
    ...insert,
    ...takeOvers,
    adoptStatement(adopted),
  ]);
  const changed = results
    .slice(1, -1)
    .reduce((sum, outcome) => sum + (outcome as Outcome).affectedRows, 0);
  return { written, changed };
}

interface Known extends SuppressionKey {
  version: number;
  source: string;
}

/** Those of the entries that are there: a plain SELECT, which waits for nobody. */
async function readKnown(
  tx: Executor,
  keys: readonly SuppressionKey[],
): Promise<Map<string, Known>> {
  const rows = await tx.rows<Known>(
    `SELECT ${select({ ...KEY, version: 'VERSION', source: 'SOURCE' })}
       FROM CAMPAIGN_SUPPRESSIONS FORCE INDEX (PRIMARY) WHERE ${WHERE_KEYS}`,
    whereKeys(keys),
  );
  const asked = new Set(keys.map(keyOf));
  return new Map(rows.flatMap((row) => (asked.has(keyOf(row)) ? [[keyOf(row), row]] : [])));
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

/** Its version stays: by that `verify` tells what the import of a send knew of. */
const takeOverStatement = (
  { emailNorm, topic, reason, source }: NewSuppression,
  there: string,
): Statement => ({
  sql: `UPDATE CAMPAIGN_SUPPRESSIONS SET REASON = ?, SOURCE = ?
         WHERE EMAIL_NORM = ? AND TOPIC = ? AND SOURCE = ?`,
  params: [
    clip(reason, SUPPRESSION_REASON_LENGTH),
    clip(source, SUPPRESSION_SOURCE_LENGTH),
    emailNorm,
    topic,
    there,
  ],
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
