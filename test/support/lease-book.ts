import type { LeaseState } from '../../src/domain/leases.ts';
import type { LeaseHolderDeps } from '../../src/scheduler/dispatch/lease-holder.ts';

/** What is leased, kept as the database keeps it, with requests whose answers come when the test says. */
export class LeaseBook {
  version: number | null = null;
  state: LeaseState | null = null;
  reads = 0;
  writes = 0;
  batches = 1;
  /** Resolved before a write's answer comes: it has been done by then. */
  answer: () => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly rates: string,
    /** Milliseconds since 1970. */
    private readonly databaseMs: () => number,
  ) {}

  readonly ledger: LeaseHolderDeps['ledger'] = {
    readLeases: () => {
      this.reads += 1;
      const { rates, version, state, batches } = this;
      return Promise.resolve({ rates, version, state, batches, databaseMs: this.databaseMs() });
    },
    writeLeases: async (version, state) => {
      this.writes += 1;
      const isOurs = version === this.version;
      if (isOurs) {
        this.version = (version ?? 0) + 1;
        this.state = structuredClone(state);
      }
      await this.answer();
      return isOurs;
    },
  };
}
