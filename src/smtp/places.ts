/** After one more was tried in vain, the next try is so many times later. */
const LATER = 4;
const LATEST_MS = 120_000;
/** Refusals that come together are told of together, when no more have come for so long. */
const SETTLED_MS = 200;

/**
 * How many connections there may be at a time: as many as we may make, or as the server takes, which is learnt from those
 * it refuses while others are open. After a while one more is tried, and then another.
 */
export class Places {
  count: number;
  private told: number;
  private reason = '';
  private toldAt = Number.NEGATIVE_INFINITY;
  private refusedAt = Number.NEGATIVE_INFINITY;
  private waitMs: number;
  /** Whether `count` is one more than the server is known to take. */
  private trying = false;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param most     connections we may make
   * @param firstMs  milliseconds until one more is tried
   * @param onGrown  called when there is a place more
   * @param onChange told how many the server takes, once for each change, and its words when it is fewer than we may make
   */
  constructor(
    private readonly most: number,
    private readonly firstMs: number,
    private readonly onGrown: () => void,
    private readonly onChange: (count: number, reason: string) => void,
  ) {
    this.count = most;
    this.told = most;
    this.waitMs = firstMs;
  }

  /**
   * The server refused a connection, or the message on it, for there being too many.
   * @param others connections that it has taken
   */
  refused(others: number, reason: string): void {
    if (this.trying) this.waitMs = Math.min(this.waitMs * LATER, LATEST_MS);
    this.trying = false;
    this.count = Math.max(1, Math.min(others, this.count));
    this.reason = reason;
    this.refusedAt = performance.now();
    this.tryLater();
  }

  /**
   * A message was accepted.
   * @param open connections there are
   */
  accepted(open: number): void {
    if (this.trying && open >= this.count) {
      this.trying = false;
      this.waitMs = this.firstMs;
      this.tryLater();
    }
    const isKnown = this.count >= this.most || this.refusedAt > this.toldAt;
    if (this.trying || !isKnown || this.count === this.told) return;
    if (performance.now() - this.refusedAt < SETTLED_MS) return;
    this.toldAt = performance.now();
    this.told = this.count;
    this.onChange(this.count, this.count < this.most ? this.reason : '');
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private tryLater(): void {
    clearTimeout(this.timer);
    if (this.count >= this.most) return;
    this.timer = setTimeout(() => {
      this.trying = true;
      this.count += 1;
      this.onGrown();
    }, this.waitMs);
    this.timer.unref();
  }
}
