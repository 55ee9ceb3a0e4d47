import type { LeaseState } from './leases.js';

/** One look at the database's clock. All in milliseconds. */
export interface ClockReading {
  databaseMs: number;
  /** When it was asked for and when the answer was here, by the monotonic clock. */
  asked: number;
  answered: number;
  /** How long this machine has been up, at the answer: unlike the monotonic clock it goes on while one is suspended. */
  uptimeMs: number;
}

/** What a look at the clock found. */
export interface LookedAt {
  /** By how much the database's clock was found to have jumped; 0 for what is no jump. */
  jumpMs: number;
  /**
   * Whether the time that is leased in is behind what it was, because of a jump. What is in hand would be used later than
   * others think, and has to be let go.
   */
  isOther: boolean;
}

/** A clock that differs by more was set, or is another one. */
export const JUMP_MS = 5_000;
/** What a clock may differ by that is only read inexactly. */
const STEP_MS = 25;
/** How exactly the uptime is told, on the machines that tell it worst. */
const UPTIME_MS = 2_000;
/** What two clocks may go apart by, for each millisecond. */
const DRIFT = 0.0005;

/**
 * The time in which instants are leased, as one holder has it: the database's clock, less the jumps that it has made.
 *
 * Between two looks the holder's own clocks say how much time went by. Where the database's says something else it was
 * set, or another host answers: `shiftMs` takes the difference, so that what is leased stays as long ago as it really is.
 * The time never goes back behind what a lease was written with.
 *
 * Who finds a jump cannot tell when exactly in its look it was, and lets the time go back by as much as the look took, never
 * on. All others follow as soon as they read the new shift: who kept to the time before would start too soon after them.
 */
export class LeaseClock {
  shiftMs = 0;
  /** By how much those who found jumps have let the time go back, in all, at most. */
  backMs = 0;
  /** The shift that was read where ours is another, for a jump was found that nobody has written of yet. */
  private unwritten: number | null = null;
  /** What is added to the monotonic clock. */
  private base: number | null = null;
  /** How long the look took by which `base` is known: the time is later by that at most. */
  private spreadMs = 0;
  private knownAt = 0;
  private last: { monotonic: number; uptimeMs: number } | null = null;

  now(monotonic: number): number {
    return monotonic + (this.base ?? 0);
  }

  /** By how much the time may be later than `now` says. */
  lateMs(monotonic: number): number {
    return this.spreadMs + (monotonic - this.knownAt) * DRIFT;
  }

  read(
    reading: ClockReading,
    { at, shiftMs: written, backMs = 0 }: Pick<LeaseState, 'at' | 'shiftMs' | 'backMs'>,
  ): LookedAt {
    const { databaseMs, asked, answered, uptimeMs } = reading;
    const spreadMs = answered - asked;
    const lateMs = this.lateMs(answered);
    const shiftMs = written === this.unwritten ? this.shiftMs : written;
    const isOther = this.base !== null && shiftMs !== this.shiftMs;
    const found = databaseMs - shiftMs;
    const backByOthersMs = isOther ? Math.max(0, backMs - this.backMs) : 0;
    this.backMs = Math.max(this.backMs, backMs);
    const missedMs = this.missedMs(answered, uptimeMs);
    const expected = this.base === null ? null : this.now(answered) + missedMs;
    this.last = { monotonic: answered, uptimeMs };

    const target = Math.max(expected ?? found, at);
    const jump = found - target;
    const toleranceMs =
      expected === null ? JUMP_MS : (missedMs > 0 ? UPTIME_MS : STEP_MS) + lateMs + spreadMs;
    if (jump > toleranceMs || jump < -toleranceMs - backByOthersMs) {
      const now = target - spreadMs;
      this.unwritten = written;
      this.shiftMs = databaseMs - now;
      this.backMs += spreadMs + lateMs;
      this.know(now, answered, spreadMs);
      return { jumpMs: Math.abs(jump) > JUMP_MS ? jump : 0, isOther: true };
    }
    this.shiftMs = shiftMs;
    if (written !== this.unwritten) this.unwritten = null;
    if (expected === null || isOther || missedMs > 0 || spreadMs <= lateMs) {
      this.know(Math.max(found, at), answered, spreadMs);
    } else if (at > expected) {
      this.base = at - answered;
    }
    return { jumpMs: 0, isOther };
  }

  private know(now: number, monotonic: number, spreadMs: number): void {
    this.base = now - monotonic;
    this.spreadMs = spreadMs;
    this.knownAt = monotonic;
  }

  /** For how long the machine was suspended since the last look. */
  private missedMs(monotonic: number, uptimeMs: number): number {
    if (this.last === null) return 0;
    const missedMs = uptimeMs - this.last.uptimeMs - (monotonic - this.last.monotonic);
    return missedMs > UPTIME_MS ? missedMs : 0;
  }
}
