import type { Database } from '../mysql/database.js';
import { isRetryable } from '../mysql/errors.js';
import type { Statement } from '../mysql/packet.js';

export type StateKind = 'rates' | 'connections';

/** What is handed out of a relay's limits, and its version; none before it was first written. */
export interface Versioned<T> {
  version: number | null;
  state: T | null;
}

export interface StateRow {
  version: number | null;
  state: string | null;
}

/** Columns of CAMPAIGN_RELAY_STATES `s`, for `toVersioned`. */
export const STATE_COLUMNS = 's.VERSION AS version, s.STATE AS state';

/** A relay `r`, of the name that is the only parameter, and its state `s`: one row, empty where the relay has none yet. */
export const relayWithState = (kind: StateKind): string =>
  `(SELECT 1 AS one) AS o
   LEFT JOIN CAMPAIGN_RELAYS r ON r.NAME = ?
   LEFT JOIN CAMPAIGN_RELAY_STATES s ON s.NAME = r.NAME AND s.KIND = '${kind}'`;

export const toVersioned = <T>({ version, state }: StateRow): Versioned<T> => ({
  version,
  state: state === null ? null : (JSON.parse(state) as T),
});

/** Microseconds since 1970, by the database's clock: exact, unlike a DATETIME(3). */
export const DATABASE_MICROS =
  "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(6))";

/**
 * Writes the state if it is still of this version. One statement outside of any transaction, so that what is asked for
 * by everybody all the time is locked for no longer than that, and certified on a cluster.
 * @returns false when somebody else has written it
 */
export async function writeState(
  db: Database,
  name: string,
  kind: StateKind,
  version: number | null,
  state: unknown,
): Promise<boolean> {
  const text = JSON.stringify(state);
  const { sql, params }: Statement =
    version === null
      ? {
          sql: 'INSERT IGNORE INTO CAMPAIGN_RELAY_STATES (NAME, KIND, VERSION, STATE) VALUES (?, ?, 1, ?)',
          params: [name, kind, text],
        }
      : {
          sql: `UPDATE CAMPAIGN_RELAY_STATES SET VERSION = VERSION + 1, STATE = ?
                 WHERE NAME = ? AND KIND = ? AND VERSION = ?`,
          params: [text, name, kind, version],
        };
  try {
    return (await db.run(sql, params)).affectedRows === 1;
  } catch (error) {
    if (isRetryable(error)) return false;
    throw error;
  }
}
