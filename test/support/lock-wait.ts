import { vi } from 'vitest';
import type { Database } from '../../src/store/mysql/database.ts';

/** Resolves when a transaction on this database waits for a lock. */
export const lockWait = (database: Database): Promise<void> =>
  vi.waitFor(async () => {
    const waiting = await database.rows(
      `SELECT 1 FROM information_schema.INNODB_TRX t
         JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id
        WHERE t.trx_state = 'LOCK WAIT' AND p.DB = ?`,
      [database.schema],
    );
    if (waiting.length === 0) throw new Error('nothing waits for a lock');
  }, 20_000);
