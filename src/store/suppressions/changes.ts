import {
  type Suppression,
  type SuppressionChanges,
  type SuppressionKey,
  skippedWords,
  topicsThatStop,
} from '../../domain/suppression.js';
import { select } from '../columns.js';
import type { Executor, Statement } from '../mysql/packet.js';
import { KEY } from './entry.js';
import { lookUp, lookUpStatement, toFound } from './look-up.js';
import { READ_VERSION, toVersion } from './version.js';

/** From so many changes on it is cheaper to ask for the rows in hand. */
const CHANGES_AT_MOST = 10_000;

/** What has changed since, the version first: what is read after it may be newer, and is read again. */
export const changesStatements = (known: number): Statement[] => [
  READ_VERSION,
  {
    sql: `SELECT ${select(KEY)} FROM CAMPAIGN_SUPPRESSIONS FORCE INDEX (BY_VERSION)
           WHERE VERSION > ? LIMIT ?`,
    params: [known, CHANGES_AT_MOST + 1],
  },
];

/** Reads what `changesStatements` gave, for a send of this topic. */
export function toChanges(
  [versions, entries]: readonly unknown[],
  known: number,
  topic: string,
): SuppressionChanges {
  const { version, bulk } = toVersion(versions);
  const changed = entries as SuppressionKey[];
  // A version that goes back is that of a server which has not all that another one had.
  const isUnknown = bulk > known || version < known || changed.length > CHANGES_AT_MOST;
  if (isUnknown) return { version, names: null };
  const topics = topicsThatStop(topic);
  return {
    version,
    names: changed.flatMap((entry) => (topics.includes(entry.topic) ? [entry.emailNorm] : [])),
  };
}

/** What has changed since a version, as far as it concerns a send of this topic. */
export async function suppressionChanges(
  db: Executor,
  known: number,
  topic: string,
): Promise<SuppressionChanges> {
  return toChanges(await db.packet(changesStatements(known)), known, topic);
}

/** What `suppressedStatements` reads. */
export const suppressedStatements = (norms: readonly string[], topic: string): Statement[] =>
  norms.length === 0 ? [] : [lookUpStatement(norms, topic)];

/** Of these addresses those that are suppressed, with the words of the reason: of the oldest entry, where there are several. */
export const toSuppressed = (
  found: ReadonlyMap<string, readonly Suppression[]>,
): ReadonlyMap<string, string> =>
  new Map([...found].flatMap(([norm, [first]]) => (first ? [[norm, skippedWords(first)]] : [])));

export const readSuppressed = (norms: readonly string[], rows: unknown) =>
  toSuppressed(toFound(norms, (rows ?? []) as Suppression[]));

/** Those of the addresses that a send of this topic may not mail, with the words of the reason. */
export const findSuppressed = async (
  db: Executor,
  norms: readonly string[],
  topic: string,
): Promise<ReadonlyMap<string, string>> => toSuppressed(await lookUp(db, norms, topic));
