import type { Clock } from '../../domain/lease.js';
import { LeaseClock } from '../../domain/lease-clock.js';
import { type LeaseReading, type LeaseState, NOTHING_LEASED } from '../../domain/leases.js';
import type { Report } from '../../domain/scheduler-events.js';
import type { Ledger } from '../ports.js';

/** A look at what is leased serves for so long, where nobody else leases. */
const LOOK_EVERY_MS = 1_000;
const TELL_EVERY_MS = 60_000;

export interface SharedLeasesDeps {
  ledger: Pick<Ledger, 'readLeases' | 'writeLeases'>;
  clock: Clock;
  /** Milliseconds since the machine was started, whether it was suspended or not. */
  uptimeMs: () => number;
  report: Report;
}

/** What is leased of the relay's limits, as the database has it, and the time that it is leased in. */
export class SharedLeases {
  readonly time = new LeaseClock();
  private known: { reading: LeaseReading; at: number; ours: boolean } | null = null;
  private toldAt = Number.NEGATIVE_INFINITY;

  /** @param onOtherTime told when what is in hand has to be let go, for the database's clock has jumped */
  constructor(
    private readonly deps: SharedLeasesDeps,
    private readonly onOtherTime: () => void,
  ) {}

  /** Whether the last look was longer ago than a moment. */
  get isStale(): boolean {
    return this.known === null || this.deps.clock().monotonic - this.known.at >= LOOK_EVERY_MS;
  }

  /** What we have left ourselves a moment ago, where nobody else leases. */
  left(batches: number): LeaseReading | null {
    const { known } = this;
    return known?.ours && known.reading.batches <= batches && !this.isStale ? known.reading : null;
  }

  /** What is leased, and whether we leased last. */
  async again(): Promise<{ reading: LeaseReading; again: boolean }> {
    const { known } = this;
    const reading = await this.read();
    return { reading, again: known?.ours === true && known.reading.version === reading.version };
  }

  async read(): Promise<LeaseReading> {
    const { ledger, clock, uptimeMs, report } = this.deps;
    const asked = clock().monotonic;
    const reading = await ledger.readLeases();
    const answered = clock().monotonic;
    const { databaseMs, state } = reading;
    const look = { databaseMs, asked, answered, uptimeMs: uptimeMs() };
    const { jumpMs, isOther } = this.time.read(look, state ?? NOTHING_LEASED);
    if (isOther) this.onOtherTime();
    if (jumpMs !== 0 && answered - this.toldAt >= TELL_EVERY_MS) {
      this.toldAt = answered;
      report({ kind: 'clock-jumped', ms: Math.round(jumpMs) });
    }
    this.known = { reading, at: answered, ours: false };
    return reading;
  }

  /** @returns false when somebody else has leased since this version */
  async write(version: number | null, state: LeaseState): Promise<boolean> {
    const { known } = this;
    this.known = null;
    const written = await this.deps.ledger.writeLeases(version, state);
    if (written && known) {
      const reading = { ...known.reading, version: (version ?? 0) + 1, state };
      this.known = { reading, at: known.at, ours: true };
    }
    return written;
  }
}
