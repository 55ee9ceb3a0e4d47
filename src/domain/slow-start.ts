/** A message that takes longer may hang: others do not wait for it. */
const HANGS_MS = 5_000;

/** A message that was begun since the hold ended, by the time at which it was. */
export interface BegunSlowly {
  at: number;
}

/**
 * How many messages may be under way after a hold of the relay has ended: one, and one more for each that is answered as
 * any other, until that bounds nothing any more. A relay that takes little in a time tells so few of its limit, and not all
 * that would start at once. TCP finds out in the same way what a line bears (RFC 5681 §3.1). Times are monotonic milliseconds.
 */
export class SlowStart {
  private window = Number.POSITIVE_INFINITY;
  private readonly underWay = new Set<BegunSlowly>();

  get isOn(): boolean {
    return this.window < Number.POSITIVE_INFINITY;
  }

  /** Messages that may start now. */
  room(now: number): number {
    let taken = 0;
    for (const { at } of this.underWay) if (now - at < HANGS_MS) taken += 1;
    return Math.max(0, this.window - taken);
  }

  /** A hold has ended. */
  begin(): void {
    this.window = 1;
    this.underWay.clear();
  }

  /** A message was begun. @returns null where that is not heeded */
  started(now: number): BegunSlowly | null {
    if (!this.isOn) return null;
    const begun = { at: now };
    this.underWay.add(begun);
    return begun;
  }

  /**
   * What was begun has ended.
   * @param isAnswered for its recipient, whatever the answer, and not with a limit
   * @param connections that may be used: with a message for each, all of them are
   */
  ended(begun: BegunSlowly, isAnswered: boolean, connections: number): void {
    // Another hold may have begun, and ended, since.
    if (!this.underWay.delete(begun) || !isAnswered) return;
    this.window += 1;
    if (this.window < connections) return;
    this.window = Number.POSITIVE_INFINITY;
    this.underWay.clear();
  }
}
