import type { Database, DatabaseOptions } from '../store/mysql/database.js';
import { explainDatabaseError } from '../store/mysql/errors.js';
import { type DatabaseAddress, describeAddress } from '../store/mysql/url.js';

/** What operations work on, and for whom. */
export interface Workspace {
  /** Who acts, for events: `user@host`. */
  readonly actor: string;
  /**
   * Sessions on the database, its schema checked unless `any` will do; one pool for each set of options, opened when it is
   * first asked for, and the workspace's to close.
   * @throws CampaignError DATABASE_UNREACHABLE, DATABASE_REFUSED, SCHEMA_MISMATCH
   */
  database(options?: DatabaseOptions & { schema?: 'current' | 'any' }): Promise<Database>;
  /** What an operation threw, in our own words where the database said it; never with a password. */
  explain(error: unknown): unknown;
}

export interface WorkspaceOptions {
  actor: string;
  /** Asked once, when the database is first needed. */
  address(): DatabaseAddress;
}

/** A workspace whose driver and pools are loaded and opened when they are first needed. */
export class OwnWorkspace implements Workspace {
  readonly actor: string;
  private address: DatabaseAddress | undefined;
  private readonly pools = new Map<string, Database>();
  private schemaChecked = false;
  private closed = false;

  constructor(private readonly options: WorkspaceOptions) {
    this.actor = options.actor;
  }

  async database({
    schema = 'current',
    ...options
  }: DatabaseOptions & { schema?: 'current' | 'any' } = {}): Promise<Database> {
    this.address ??= this.options.address();
    const [{ Database }, { checkSchema }] = await Promise.all([
      import('../store/mysql/database.js'),
      import('../store/mysql/migrate.js'),
    ]);
    // Else a pool made now would be left to nobody.
    if (this.closed) throw new Error(`${describeAddress(this.address)}: used after it was closed`);
    const key = JSON.stringify(options);
    const pool = this.pools.get(key) ?? new Database(this.address, options);
    this.pools.set(key, pool);
    if (schema === 'current' && !this.schemaChecked) {
      await checkSchema(pool);
      this.schemaChecked = true;
    }
    return pool;
  }

  explain(error: unknown): unknown {
    const { address } = this;
    return explainDatabaseError(
      error,
      address
        ? { name: describeAddress(address), schema: address.database }
        : { name: 'database', schema: 'database' },
    );
  }

  /** Ends all sessions, and cuts those whose statement nobody waits for any more. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.pools.values()].map((pool) => pool.close()));
  }
}
