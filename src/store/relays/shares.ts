import type { ShareReading, ShareState } from '../../domain/connection-share.js';
import type { Database } from '../mysql/database.js';
import {
  DATABASE_MICROS,
  relayWithState,
  STATE_COLUMNS,
  type StateRow,
  toVersioned,
  writeState,
} from './states.js';

/** What a worker that shares the relay's connections has to know. */
export async function readShares(db: Database, relay: string): Promise<ShareReading> {
  const [rows, workers] = (await db.packet([
    {
      sql: `SELECT r.CONNECTIONS AS connections, ${STATE_COLUMNS}, ${DATABASE_MICROS} AS micros
              FROM ${relayWithState('connections')}`,
      params: [relay],
    },
    { sql: 'SELECT WORKER AS worker FROM CAMPAIGN_WORKERS', params: [] },
  ])) as [[{ connections: number | null; micros: number } & StateRow], { worker: string }[]];
  const [row] = rows;
  const { connections, micros } = row;
  return {
    connections,
    databaseMs: micros / 1000,
    workers: workers.map(({ worker }) => worker),
    ...toVersioned<ShareState>(row),
  };
}

/** @returns false when somebody else has written it meanwhile */
export const writeShares = (
  db: Database,
  relay: string,
  version: number | null,
  state: ShareState,
): Promise<boolean> => writeState(db, relay, 'connections', version, state);
