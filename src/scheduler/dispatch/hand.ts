import type { Instant } from '../../domain/lease.js';
import { LeaseInHand } from '../../domain/lease-in-hand.js';
import { AHEAD_MS, type Unused } from '../../domain/leased.js';
import type { Lease } from '../../domain/leases.js';

/** The next lease is asked for so long before the last is over. */
const LEAD_MS = 40;
/** How much the wall clock may gain on the monotonic one; more, and the machine was suspended. */
const SUSPENDED_MS = 1_000;
/** What was leased so long ago tells nothing of how much is needed. */
const FRESH_MS = 1_000;

/** The time that is leased in, and by how much it may be behind. */
export interface LeaseTime {
  time: number;
  lateMs: number;
}

/** The leases that a process holds, and how fast it uses them. */
export class Hand {
  private readonly leases: { lease: LeaseInHand; grantedAt: Instant }[] = [];
  /** Starts since the last lease, which was granted then, by the monotonic clock. */
  private starts = { count: 0, since: Number.NEGATIVE_INFINITY };

  /** @param onUnused told of what of a lease was not used */
  constructor(private readonly onUnused: (unused: Unused) => void) {}

  get isEmpty(): boolean {
    return this.leases.length === 0;
  }

  add(lease: Lease, now: Instant): void {
    this.leases.push({ lease: new LeaseInHand(lease), grantedAt: now });
    this.starts = { count: 0, since: now.monotonic };
  }

  /** Takes an instant that has come. @returns how long it may still be used, and until when its lease may be */
  take(now: Instant, { time, lateMs }: LeaseTime): { restMs: number; until: number } | null {
    if (this.leases.some(({ grantedAt }) => hasSlept(grantedAt, now))) this.drop();
    const taken = this.leases.find(({ lease }) => lease.take(time, lateMs))?.lease;
    if (taken !== this.leases[0]?.lease) this.prune({ time, lateMs });
    if (!taken) return null;
    this.starts.count += 1;
    return { restMs: taken.latest - lateMs - time, until: taken.lease.until };
  }

  /** When the next instant comes; infinite where there is none. */
  nextAt({ time, lateMs }: LeaseTime): number {
    return Math.min(...this.leases.map(({ lease }) => lease.nextAt(time, lateMs)));
  }

  /** When the lease that is used first is over; infinite where there is none. */
  get until(): number {
    return this.leases[0]?.lease.lease.until ?? Number.POSITIVE_INFINITY;
  }

  /** Whether what is left is too little for so many messages. */
  isShort(rows: number, { time, lateMs }: LeaseTime): boolean {
    let [left, starts, until] = [0, 0, 0];
    for (const { lease } of this.leases) {
      left += lease.left(time, lateMs);
      starts += lease.lease.starts;
      until = Math.max(until, lease.lease.until);
    }
    return rows > left && (left <= starts / 4 || until - time < LEAD_MS);
  }

  /** Messages that start within a lease, by how many did since the last one; and half as many more. */
  paceAhead(now: Instant): number {
    const { count, since } = this.starts;
    return Math.ceil((count / Math.max(1, now.monotonic - since)) * AHEAD_MS * 1.5);
  }

  /** Whether the last lease tells nothing of how much is needed now. */
  isFresh(now: Instant): boolean {
    return this.isEmpty && now.monotonic - this.starts.since > FRESH_MS;
  }

  /** Lets go what can no longer be used. */
  prune({ time, lateMs }: LeaseTime): void {
    for (let i = this.leases.length - 1; i >= 0; i--) {
      const { lease } = this.leases[i] as { lease: LeaseInHand };
      if (lease.left(time, lateMs) > 0) continue;
      this.leases.splice(i, 1);
      this.letGo(lease);
    }
  }

  drop(): void {
    for (const { lease } of this.leases.splice(0)) this.letGo(lease);
  }

  private letGo({ unused }: LeaseInHand): void {
    if (unused.starts > 0) this.onUnused(unused);
  }
}

const hasSlept = (since: Instant, now: Instant): boolean =>
  now.wall - since.wall > now.monotonic - since.monotonic + SUSPENDED_MS;
