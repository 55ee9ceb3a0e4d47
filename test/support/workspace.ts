import type { Workspace } from '../../src/operations/workspace.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import { explainDatabaseError } from '../../src/store/mysql/errors.ts';

/** What operations work on, with a database that the test has opened. */
export const workspaceOn = (
  database: Database | (() => Promise<Database>),
  actor = 'tester@host',
): Workspace => ({
  actor,
  database: async () => (typeof database === 'function' ? database() : database),
  explain: (error) =>
    explainDatabaseError(
      error,
      typeof database === 'function' ? { name: 'database', schema: 'database' } : database,
    ),
});
