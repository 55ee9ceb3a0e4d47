import { migrate as applyMigrations } from '../store/mysql/migrate.js';
import type { Workspace } from './workspace.js';

/**
 * Creates or upgrades the tables.
 * @returns the names of the files applied, none where the schema was current
 */
export const migrate = async (workspace: Workspace): Promise<string[]> =>
  applyMigrations(await workspace.database({ schema: 'any' }));
