import type { LeaseReading, LeaseState } from '../../domain/leases.js';
import type { Database } from '../mysql/database.js';
import {
  DATABASE_MICROS,
  relayWithState,
  STATE_COLUMNS,
  type StateRow,
  toVersioned,
  writeState,
} from './states.js';

/** What a holder of instants has to know, in one statement, and so by one look at the clock. */
export async function readLeases(db: Database, relay: string): Promise<LeaseReading> {
  type Row = { rates: string | null; micros: number; batches: number } & StateRow;
  const [row] = (await db.rows<Row>(
    `SELECT r.RATES AS rates, ${STATE_COLUMNS}, ${DATABASE_MICROS} AS micros,
            (SELECT COUNT(*) FROM CAMPAIGN_SENDS WHERE CLAIMED_BY IS NOT NULL) AS batches
       FROM ${relayWithState('rates')}`,
    [relay],
  )) as [Row];
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
