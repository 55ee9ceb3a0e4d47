import { migrate as applyMigrations } from '../store/mysql/migrate.js';
import { type Normalised, normaliseSuppressions } from '../store/suppressions/normalise.js';
import type { Workspace } from './workspace.js';

/** The names of the files applied, none where the schema was current, and what was done to entries written by SQL. */
export interface Migrated extends Normalised {
  applied: string[];
}

/** Creates or upgrades the tables, and brings suppressions that were written by SQL into the form they are looked up in. */
export async function migrate(workspace: Workspace): Promise<Migrated> {
  const database = await workspace.database({ schema: 'any' });
  const applied = await applyMigrations(database);
  return { applied, ...(await normaliseSuppressions(database)) };
}
