import { Database } from '../../src/store/mysql/database.ts';
import { parseDatabaseUrl } from '../../src/store/mysql/url.ts';
import type { TestDatabase } from './database.ts';
import { startSessionProxy } from './session-proxy.ts';

/** The way to a database whose clock can be set. */
export interface ShiftedClock {
  database: Database;
  /** Its clock is ahead by so much from now on; behind where that is negative. */
  set(ms: number): void;
  close(): Promise<void>;
}

/** Connections to the test's database whose sessions all have a clock that differs from its own. */
export async function startShiftedClock(db: TestDatabase): Promise<ShiftedClock> {
  const url = new URL(db.url);
  const proxy = await startSessionProxy({ port: Number(url.port) });
  url.port = String(proxy.port);
  const database = new Database(parseDatabaseUrl(url.href), { connections: 4 });
  return {
    database,
    set: (ms) =>
      // SYSDATE is not moved by what is set here.
      proxy.inject(
        `SET timestamp = UNIX_TIMESTAMP(SYSDATE(6)) + ${ms / 1000}`,
        Number.POSITIVE_INFINITY,
      ),
    close: async () => {
      await database.close();
      await proxy.close();
    },
  };
}
