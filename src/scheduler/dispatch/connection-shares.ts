import { NOBODY_CONNECTED, type ShareReading, share } from '../../domain/connection-share.js';
import { type Clock, elapsedMs, type Instant, type Lease, leaseHolds } from '../../domain/lease.js';
import { LeaseClock } from '../../domain/lease-clock.js';
import type { Ledger, Transport } from '../ports.js';

const RENEW_EVERY_MS = 1_000;
/** Who gets none for so long lets its claims go, for those that have some. */
const PATIENCE_MS = 5_000;
/** The next batch may follow the last. */
const BETWEEN_BATCHES_MS = 2_000;
const CONFLICTS_AT_ONCE = 5;

export interface ConnectionSharesDeps {
  ledger: Pick<Ledger, 'readShares' | 'writeShares'>;
  transport: Pick<Transport, 'allow' | 'open'>;
  clock: Clock;
  uptimeMs: () => number;
  /** Nothing is opened on what was renewed longer ago. */
  lease: Lease;
  worker: string;
  /** Connections that we would use. */
  connections: number;
}

/**
 * How many connections we may have, where the relay takes so many over all hosts: renewed every second while there is
 * something to send, or one is open. Without such a limit it does nothing, and costs nothing.
 */
export class ConnectionShares {
  /** Batches of ours under way. */
  private batches = 0;
  /** When the last of them ended. */
  private busyAt = Number.NEGATIVE_INFINITY;
  private most: number | null = null;
  private allowed = Number.POSITIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private renewing: Promise<void> | null = null;
  private renewed: Instant | null = null;
  private shutOutSince: number | null = null;
  private readonly time = new LeaseClock();

  constructor(private readonly deps: ConnectionSharesDeps) {}

  /** So many batches are under way. */
  use(batches: number): void {
    const wanted = this.wants;
    if (batches === 0 && this.batches > 0) this.busyAt = this.deps.clock().monotonic;
    this.batches = batches;
    if (this.most !== null && !wanted) void this.renew();
  }

  /** What the relay takes over all hosts, as it is now. */
  learn(connections: number | null): void {
    if (connections === this.most) return;
    this.most = connections;
    if (connections === null) {
      clearTimeout(this.timer);
      this.allow(Number.POSITIVE_INFINITY);
    } else {
      if (this.renewed === null) this.allow(0);
      void this.renew();
    }
  }

  /** Whether none is ours. */
  get areNone(): boolean {
    return this.allowed === 0;
  }

  /** Whether others have had them all for so long that they may have our claims too. */
  get areOthers(): boolean {
    const since = this.shutOutSince;
    return since !== null && this.deps.clock().monotonic - since >= PATIENCE_MS;
  }

  /** Whether others still have them all, asked anew. */
  async stayOthers(): Promise<boolean> {
    if (!this.areOthers) return false;
    const { reading, shared } = await this.read(true);
    this.learn(reading.connections);
    if (this.most !== null && shared.allowed === 0) return true;
    this.shutOutSince = null;
    return false;
  }

  /** Leaves what we have to others, once none of ours is open. Never rejects. */
  async leave(): Promise<void> {
    clearTimeout(this.timer);
    this.batches = 0;
    this.busyAt = Number.NEGATIVE_INFINITY;
    if (this.most === null || this.renewed === null) return;
    await this.renewing;
    await this.write().catch(() => undefined);
    clearTimeout(this.timer);
  }

  private get wants(): boolean {
    return this.batches > 0 || this.deps.clock().monotonic - this.busyAt < BETWEEN_BATCHES_MS;
  }

  private allow(connections: number): void {
    this.allowed = connections;
    if (connections > 0) this.shutOutSince = null;
    else if (this.batches > 0) this.shutOutSince ??= this.deps.clock().monotonic;
    this.deps.transport.allow(connections);
  }

  private renew(): Promise<void> {
    clearTimeout(this.timer);
    this.renewing ??= this.write()
      .catch(() => this.expire())
      .finally(() => {
        this.renewing = null;
        if (this.most === null) return;
        const isUsed = this.wants || this.deps.transport.open > 0;
        if (isUsed) this.timer = setTimeout(() => void this.renew(), RENEW_EVERY_MS);
      });
    return this.renewing;
  }

  /** What could not be renewed for long is somebody else's. */
  private expire(): void {
    const { lease, clock } = this.deps;
    if (this.renewed && !leaseHolds(lease, this.renewed, clock())) this.allow(0);
  }

  private async write(): Promise<void> {
    for (let conflicts = 0; conflicts < CONFLICTS_AT_ONCE; conflicts++) {
      const asked = this.deps.clock();
      const { reading, shared } = await this.read(this.wants);
      this.most = reading.connections;
      if (this.most === null) return this.allow(Number.POSITIVE_INFINITY);
      // What is given up is no longer used before anybody can read it.
      if (shared.allowed < this.allowed) this.allow(shared.allowed);
      if (await this.deps.ledger.writeShares(reading.version, shared.state)) {
        this.renewed = asked;
        return this.allow(shared.allowed);
      }
    }
    this.expire();
  }

  private async read(
    wants: boolean,
  ): Promise<{ reading: ShareReading; shared: ReturnType<typeof share> }> {
    const { ledger, transport, clock, uptimeMs, worker, connections } = this.deps;
    const asked = clock();
    const reading = await ledger.readShares();
    const answered = clock();
    const state = reading.state ?? NOBODY_CONNECTED;
    this.time.read(
      {
        databaseMs: reading.databaseMs,
        asked: answered.monotonic - elapsedMs(asked, answered),
        answered: answered.monotonic,
        uptimeMs: uptimeMs(),
      },
      state,
    );
    const shared = share(
      { ...state, shiftMs: this.time.shiftMs },
      { worker, open: transport.open, upTo: connections, wants },
      {
        most: reading.connections ?? 0,
        now: this.time.now(answered.monotonic),
        alive: reading.workers,
      },
    );
    return { reading, shared };
  }
}
