import type { LeaseReading, LeaseState } from '../../domain/leases.js';
import type { Database } from '../mysql/database.js';
import {
  DATABASE_MICROS,
  STATE_COLUMNS,
  type StateRow,
  toVersioned,
  writeState,
} from './states.js';

/** What a holder of instants has to know, in one statement, and so by one look at the clock. */
export async function readLeases(db: Database, relay: string): Promise<LeaseReading> {
  const [row] = await db.rows<{ rates: string | null; micros: number; batches: number } & StateRow>(
    `SELECT r.RATES AS rates, ${STATE_COLUMNS}, ${DATABASE_MICROS} AS micros,
            (SELECT COUNT(*) FROM CAMPAIGN_SENDS WHERE CLAIMED_BY IS NOT NULL) AS batches
       FROM CAMPAIGN_RELAYS r
       LEFT JOIN CAMPAIGN_RELAY_STATES s ON s.NAME = r.NAME AND s.KIND = 'rates'
      WHERE r.NAME = ?`,
    [relay],
  );
  if (!row) throw new Error(`CAMPAIGN_RELAYS has no row of the relay ${relay}`);
  const { rates, micros, batches } = row;
  return { rates, batches, databaseMs: micros / 1000, ...toVersioned<LeaseState>(row) };
}

/** @returns false when somebody else has leased meanwhile */
export const writeLeases = (
  db: Database,
  relay: string,
  version: number | null,
  state: LeaseState,
): Promise<boolean> => writeState(db, relay, 'rates', version, state);
