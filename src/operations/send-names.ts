import type { SendStatus } from '../domain/states.js';
import { Database } from '../store/mysql/database.js';
import type { DatabaseAddress } from '../store/mysql/url.js';
import { listSendNames, type SendName } from '../store/sends/row.js';

/**
 * The newest sends by name, in one round trip: the schema is not checked. All that this needs is loaded with it.
 * @param query.statuses only sends with one of these; undefined: all
 */
export async function sendNames(
  address: DatabaseAddress,
  query: { statuses?: readonly SendStatus[] | undefined; limit: number },
): Promise<SendName[]> {
  const database = new Database(address, { connections: 1 });
  try {
    return await listSendNames(database, query.statuses, query.limit);
  } finally {
    await database.close();
  }
}
