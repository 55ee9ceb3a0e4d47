import type { Database } from '../mysql/database.js';
import type { Executor, Statement } from '../mysql/packet.js';

/** How far the suppressions have changed. */
export interface SuppressionVersion {
  /** Grows with every change; the entries that a change wrote carry it. */
  version: number;
  /** The version of the last change whose entries do not carry it: what is known from before is to be asked anew. */
  bulk: number;
}

/** The version, as a subquery. Reads the last committed one, and waits for nobody who is changing it. */
export const SUPPRESSION_VERSION = '(SELECT V FROM CAMPAIGN_SUPPRESSION_VERSION WHERE ID = 1)';

/**
 * Raises the version, in the transaction of the change. What follows in the session writes it as LAST_INSERT_ID(); whoever
 * changes something waits here until an earlier change is committed, so that no version is seen before its entries.
 */
export const RAISE_VERSION: Statement = {
  sql: 'UPDATE CAMPAIGN_SUPPRESSION_VERSION SET V = LAST_INSERT_ID(V + 1) WHERE ID = 1',
  params: [],
};

/** The same for entries that were committed before and don't carry a version. */
const RAISE_BULK: Statement = {
  sql: 'UPDATE CAMPAIGN_SUPPRESSION_VERSION SET BULK = V + 1, V = V + 1 WHERE ID = 1',
  params: [],
};

/** Makes entries without a version, committed before, count for every worker: by then they are heeded everywhere. */
export async function raiseBulkVersion(database: Database): Promise<void> {
  // A transaction is tried again where it meets somebody who raises the version, too.
  await database.packetTransaction([RAISE_BULK], () => true);
}

export const READ_VERSION: Statement = {
  sql: 'SELECT V AS version, BULK AS bulk FROM CAMPAIGN_SUPPRESSION_VERSION WHERE ID = 1',
  params: [],
};

/** Reads what `READ_VERSION` gave. */
export const toVersion = (rows: unknown): SuppressionVersion =>
  (rows as SuppressionVersion[])[0] ?? { version: 0, bulk: 0 };

export const readSuppressionVersion = async (db: Executor): Promise<SuppressionVersion> =>
  toVersion(await db.rows(READ_VERSION.sql));
