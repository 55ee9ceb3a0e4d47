/**
 * How many messages may be under way after a hold of the relay has ended: one, and one more for each that is accepted, until
 * that bounds nothing any more. A relay that takes little in a time tells so few of its limit, and not all that would start
 * at once. TCP finds out in the same way what a line bears (RFC 5681 §3.1).
 */
export class SlowStart {
  private window = Number.POSITIVE_INFINITY;
  private underWay = 0;

  get isOn(): boolean {
    return this.window < Number.POSITIVE_INFINITY;
  }

  /** Messages that may start now. */
  get room(): number {
    return Math.max(0, this.window - this.underWay);
  }

  /** A hold has ended. */
  begin(): void {
    this.window = 1;
  }

  /** A message was begun. */
  started(): void {
    this.underWay += 1;
  }

  /**
   * What was begun has ended.
   * @param connections that may be used: with a message for each, all of them are
   */
  ended(isAccepted: boolean, connections: number): void {
    this.underWay -= 1;
    if (!isAccepted) return;
    this.window += 1;
    if (this.window >= connections) this.window = Number.POSITIVE_INFINITY;
  }
}
