/** Different refusals watched at a time. */
const KEPT_RUNS = 100;

/**
 * Watches one send's outcomes for what no single recipient can be blamed for: the same refusal for everybody, the
 * same row breaking the line again and again, replies lost one after the other.
 */
export class RefusalWatch {
  private readonly runs = new Map<string, number[]>();
  private readonly breaks = new Map<number, { count: number; successesBefore: number }>();
  private successes = 0;
  private lostReplies = 0;

  constructor(
    private readonly limits: {
      /** Identical refusals in a row that mean a block. */
      block: number;
      /** Breaks between the final dot and its reply in a row that mean the server cannot be trusted. */
      lostReplies: number;
    },
  ) {}

  succeeded(seq: number): void {
    this.successes += 1;
    this.lostReplies = 0;
    this.runs.clear();
    this.settled(seq);
  }

  /** The row needs no watching any more. */
  settled(seq: number): void {
    this.breaks.delete(seq);
  }

  /**
   * @param key identifies refusals that are alike
   * @returns the whole run's rows once it is long enough to be a block
   */
  refused(seq: number, key: string): number[] | null {
    const run = this.runs.get(key) ?? [];
    run.push(seq);
    const [oldest] = this.runs.keys();
    if (this.runs.size >= KEPT_RUNS && oldest !== undefined) this.runs.delete(oldest);
    this.runs.set(key, run);
    return run.length >= this.limits.block ? run : null;
  }

  /** Whether this row broke the line for the third time while others got through. */
  broke(seq: number): boolean {
    const seen = this.breaks.get(seq) ?? { count: 0, successesBefore: this.successes };
    seen.count += 1;
    this.breaks.set(seq, seen);
    const poisonous = seen.count >= 3 && this.successes > seen.successesBefore;
    if (poisonous) this.breaks.delete(seq);
    return poisonous;
  }

  /** Whether so many replies were lost in a row that the send should pause. */
  lostReply(): boolean {
    this.lostReplies += 1;
    return this.lostReplies >= this.limits.lostReplies;
  }

  /** After a pause the next run starts anew. */
  reset(): void {
    this.runs.clear();
    this.lostReplies = 0;
  }
}
