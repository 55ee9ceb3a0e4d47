/** After a try at one more that failed, the next is so many times later. */
const LATER = 4;
const LATEST_MS = 120_000;
/** Refusals that come together are told of together, when no more have come for so long. */
const SETTLED_MS = 200;

/**
 * How many connections there may be at a time: as many as we may make, or as the server takes, which is learnt from those
 * it refuses while others are open. After a while one more is tried.
 */
export class Places {
  count: number;
  private told: number;
  private reason = '';
  private changedAt = 0;
  private waitMs: number;
  /** Whether `count` is one more than the server was known to take. */
  private trying = false;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param most     connections we may make
   * @param firstMs  milliseconds until one more is tried
   * @param onGrown  called when there is a place more
   * @param onChange told how many the server takes, once for each change, and why it is fewer than we may make
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
    this.changedAt = performance.now();
    this.tryLater();
  }

  /** A message was accepted. */
  accepted(): void {
    if (this.count === this.told || this.trying) return;
    if (performance.now() - this.changedAt < SETTLED_MS) return;
    this.told = this.count;
    this.onChange(this.count, this.count < this.most ? this.reason : '');
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private tryLater(): void {
    clearTimeout(this.timer);
    if (this.count >= this.most && !this.trying) return;
    this.timer = setTimeout(() => this.tryOneMore(), this.waitMs);
    this.timer.unref();
  }

  private tryOneMore(): void {
    // The last one was not refused.
    if (this.trying) this.waitMs = this.firstMs;
    this.trying = this.count < this.most;
    if (this.trying) this.count += 1;
    this.onGrown();
    this.tryLater();
  }
}
