import { vi } from 'vitest';
import type { Database } from '../../src/store/mysql/database.ts';
import { sessionsIn } from './sessions.ts';

/** Resolves when somebody wants the suppressions' version, which the caller holds in a transaction. */
export const versionIsWanted = (database: Database): Promise<void> =>
  vi.waitFor(async () => {
    const sessions = await sessionsIn(database);
    if (
      !sessions.some(({ statement }) => statement?.includes('UPDATE CAMPAIGN_SUPPRESSION_VERSION'))
    )
      throw new Error('nobody wants it');
  }, 20_000);
