import { type Unused, upToMicros } from './leased.js';
import type { Lease } from './leases.js';

/** A lease in the hands of its holder. */
export class LeaseInHand {
  /** Starts that were made. */
  used = 0;
  private next = 0;

  constructor(readonly lease: Lease) {}

  /** Starts that may still be made, if their instants are not lost. */
  left(now: number, lateMs: number): number {
    const { spacingMs: spacing, slots, starts } = this.lease;
    if (now + lateMs > this.lease.until) return 0;
    const instants = spacing > 0 ? slots - this.earliest(now, lateMs) : starts;
    return Math.max(0, Math.min(starts - this.used, instants));
  }

  /** When the next start may be made; infinite when none. */
  nextAt(now: number, lateMs: number): number {
    if (this.left(now, lateMs) === 0) return Number.POSITIVE_INFINITY;
    const { first, spacingMs: spacing } = this.lease;
    return first + this.earliest(now, lateMs) * spacing;
  }

  /** Whether a start may be made now; then it counts as made. */
  take(now: number, lateMs: number): boolean {
    if (this.nextAt(now, lateMs) > now) return false;
    this.next = this.earliest(now, lateMs) + 1;
    this.used += 1;
    return true;
  }

  /** Until when what was started last may begin, if nothing has yet. */
  get latest(): number {
    const { spacingMs: spacing, slots, until } = this.lease;
    return spacing > 0 ? until - (slots - this.next) * spacing : until;
  }

  /** For giving back, once none of it is used any more. */
  get unused(): Unused {
    const { first, spacingMs: spacing, slots, starts, until } = this.lease;
    const next = { at: first + this.next * spacing, behind: this.behind(slots) };
    return { until, starts: starts - this.used, ...(spacing > 0 && { next }) };
  }

  private behind(slots: number): number {
    const { first, spacingMs: spacing } = this.lease;
    return upToMicros(upToMicros(first + (slots - 1) * spacing) + spacing);
  }

  private earliest(now: number, lateMs: number): number {
    const { first, spacingMs: spacing, slots, until } = this.lease;
    if (spacing === 0) return 0;
    const slot = until - (first + (slots - 1) * spacing);
    return Math.max(this.next, Math.ceil((now + lateMs - slot - first) / spacing));
  }
}
