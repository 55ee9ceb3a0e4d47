import { type Unused, upToMicros } from './leased.js';
import type { Lease } from './leases.js';
import { instantAt } from './rounds.js';

/**
 * Its MAIL goes out some time after a message has taken an instant. One that is lost before that is not taken, but one that
 * lasts a little longer, so that of plenty not each is the oldest.
 */
const TO_THE_WIRE_MS = 1;
const LASTING_MS = 4;

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
    const { lease } = this;
    return lease.spacingMs > 0 ? instantAt(lease, this.earliest(now, lateMs)) : lease.first;
  }

  /** Whether a start may be made now; then it counts as made. */
  take(now: number, lateMs: number): boolean {
    const { lease } = this;
    if (this.used === lease.starts || now + lateMs > lease.until) return false;
    const next = this.earliest(now, lateMs);
    const isSpaced = lease.spacingMs > 0;
    if (isSpaced && next >= lease.slots) return false;
    if ((isSpaced ? instantAt(lease, next) : lease.first) > now) return false;
    this.next = next + 1;
    this.used += 1;
    return true;
  }

  /** Until when what was started last may begin, if nothing has yet. */
  get latest(): number {
    const { lease } = this;
    return lease.spacingMs > 0 ? instantAt(lease, this.next - 1) + this.slotMs : lease.until;
  }

  /** For giving back, once none of it is used any more. */
  get unused(): Unused {
    const { lease } = this;
    const { first, spacingMs: spacing, group, slots, starts, until } = lease;
    // Those between others' are lost.
    const next = { at: first + this.next * spacing, behind: this.behind(slots) };
    const isRow = spacing > 0 && group === 1 && lease.strideMs === spacing;
    return { until, starts: starts - this.used, ...(isRow && { next }) };
  }

  private behind(slots: number): number {
    const { first, spacingMs: spacing } = this.lease;
    return upToMicros(upToMicros(first + (slots - 1) * spacing) + spacing);
  }

  /** J: how long after its instant a message may start. */
  private get slotMs(): number {
    const { lease } = this;
    return lease.until - instantAt(lease, lease.slots - 1);
  }

  private earliest(now: number, lateMs: number): number {
    if (this.lease.spacingMs === 0) return 0;
    const lasting = (ms: number): number => this.firstFrom(now + lateMs - this.slotMs + ms);
    return lasting(TO_THE_WIRE_MS) <= this.next ? this.next : lasting(LASTING_MS);
  }

  /** The first instant at this time or later. */
  private firstFrom(time: number): number {
    const { first, spacingMs: spacing, group, strideMs } = this.lease;
    if (time <= first) return 0;
    const groups = Math.floor((time - first) / strideMs);
    const within = Math.min(group, Math.ceil((time - first - groups * strideMs) / spacing));
    return groups * group + within;
  }
}
