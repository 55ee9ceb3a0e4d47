import type { SuppressionKey } from '../domain/suppression.js';
import type { Database } from './mysql/database.js';
import type { Executor, Outcome } from './mysql/packet.js';
import { RAISE_VERSION } from './suppressions/version.js';

/** What a token of a send is checked with, and what its reader is told. */
export interface UnsubscribableSend {
  secret: Buffer;
  topic: string;
  /** Whether its mails are tests, whose tokens change nothing. */
  isTest: boolean;
  /** As `queue`, or the last change, was given it. */
  from: string;
}

/** Those sends that there are, by their ids. */
export async function readUnsubscribableSends(
  db: Executor,
  sendIds: readonly number[],
): Promise<Map<number, UnsubscribableSend>> {
  const rows = await db.rows<UnsubscribableSend & { id: number; testOf: number | null }>(
    `SELECT m.SEND_ID AS id, m.MESSAGE_SECRET AS secret, s.TOPIC AS topic, m.SENDER AS \`from\`, s.TEST_OF AS testOf
       FROM CAMPAIGN_MESSAGES m JOIN CAMPAIGN_SENDS s ON s.ID = m.SEND_ID
      WHERE m.SEND_ID IN (?) AND m.VERSION = s.MESSAGE_VERSION`,
    [[...new Set(sendIds)]],
  );
  return new Map(rows.map(({ id, testOf, ...send }) => [id, { ...send, isTest: testOf !== null }]));
}

/** A row of the ledger. */
interface Place {
  sendId: number;
  seq: number;
}

/**
 * The addresses of some rows, in one round trip.
 * @returns EMAIL_NORM of each, in the order given; undefined for a row that is not there
 */
export async function readAddresses(
  db: Executor,
  places: readonly Place[],
): Promise<(string | undefined)[]> {
  const seqs = new Map<number, number[]>();
  for (const { sendId, seq } of places) seqs.set(sendId, [...(seqs.get(sendId) ?? []), seq]);
  const results = (await db.packet(
    [...seqs].map(([sendId, of]) => ({
      sql: `SELECT SEND_ID AS sendId, SEQ AS seq, EMAIL_NORM AS emailNorm
              FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? AND SEQ IN (?)`,
      params: [sendId, of],
    })),
  )) as (Place & { emailNorm: string })[][];
  const keyOf = ({ sendId, seq }: Place): string => `${sendId}:${seq}`;
  const norms = new Map(results.flat().map((row) => [keyOf(row), row.emailNorm]));
  return places.map((place) => norms.get(keyOf(place)));
}

/**
 * Removes an entry if it is still the one that somebody made, in a transaction that raises the version.
 * @param onRemoving asked before COMMIT: what it throws leaves the entry as it is
 * @returns whether it was
 */
export async function removeOwn(
  database: Database,
  { emailNorm, topic }: SuppressionKey,
  made: { source: string; reason: string },
  onRemoving: () => void,
): Promise<boolean> {
  const { committed } = await database.packetTransaction(
    [
      RAISE_VERSION,
      {
        sql: `DELETE FROM CAMPAIGN_SUPPRESSIONS
               WHERE EMAIL_NORM = ? AND TOPIC = ? AND SOURCE = ? AND REASON = ?`,
        params: [emailNorm, topic, made.source, made.reason],
      },
    ],
    ([, deleted]) => {
      if ((deleted as Outcome).affectedRows === 0) return false;
      onRemoving();
      return true;
    },
  );
  return committed;
}
