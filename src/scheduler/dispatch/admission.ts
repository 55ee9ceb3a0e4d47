/** Milliseconds in which somebody waited and no batch began or ended, after which one more may; doubled each time. */
export const PATIENCE_MS = 250;
/** Batches that always run side by side, however many rows each of them would take. */
const PLACES = 2;

/**
 * How many batches run side by side: enough to keep all connections busy, and no more. Each has its own transactions, so
 * the same rows spread over more batches are more commits. But short batches don't wait for long ones to end: a
 * moment in which none did adds a place, the next one after twice as long, until nobody waits any more.
 */
export class Admission {
  private batches = 0;
  private rows = 0;
  private added = 0;
  private patienceMs = PATIENCE_MS;
  private changedAt = Number.NEGATIVE_INFINITY;
  private readonly place: number;

  /**
   * @param connections that the batches are to keep busy
   * @param most batches, however long some have waited
   */
  constructor(
    private readonly connections: number,
    private readonly most: number,
  ) {
    this.place = Math.ceil(connections / PLACES);
  }

  /**
   * For somebody who waits, for whom a place is added when patience is over: milliseconds until the next batch may begin,
   * if none ends before that.
   */
  ask(now: number): number {
    if (this.batches >= this.most) return Number.POSITIVE_INFINITY;
    const over = this.rows - this.connections;
    if (over >= this.added && now >= this.changedAt + this.patienceMs) {
      this.added = over + this.place;
      this.patienceMs *= 2;
    }
    return over < this.added ? 0 : this.changedAt + this.patienceMs - now;
  }

  /** Whether the connections have enough to do: who is let in now should soon be out again. */
  get isFull(): boolean {
    return this.rows >= this.connections;
  }

  /** Nobody waits. */
  relax(): void {
    this.added = 0;
    this.patienceMs = PATIENCE_MS;
  }

  /** @param rows that the batch would have `sending` if it could */
  begin(rows: number, now: number): void {
    this.batches += 1;
    this.rows += Math.min(rows, this.place);
    this.changedAt = now;
  }

  end(rows: number, now: number): void {
    this.batches -= 1;
    this.rows -= Math.min(rows, this.place);
    this.changedAt = now;
  }
}
