import { vi } from 'vitest';
import type { Database } from '../../src/store/mysql/database.ts';

/** Resolves when somebody wants the suppressions' version, which the caller holds in a transaction. */
export const versionIsWanted = (database: Database): Promise<void> =>
  vi.waitFor(async () => {
    const waiting = await database.rows(
      `SELECT 1 FROM INFORMATION_SCHEMA.PROCESSLIST
        WHERE DB = ? AND INFO LIKE '%UPDATE CAMPAIGN\\_SUPPRESSION\\_VERSION%' AND ID <> CONNECTION_ID()`,
      [database.schema],
    );
    if (waiting.length === 0) throw new Error('nobody wants it');
  }, 20_000);
