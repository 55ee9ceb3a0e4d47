/** Different refusals watched at a time. */
const KEPT_RUNS = 100;
/** Rows told of a limit, with none of the send's accepted between, that mean its sender's. */
const ROWS_LIMITED = 5;

/** Rows refused alike, with no success between. */
export interface Run {
  /** What their refusals have in common. */
  key: string;
  /** The attempts each row had made before, by its number. */
  attempts: Map<number, number>;
}

/**
 * Watches one send's outcomes for what no single recipient can be blamed for: the same refusal for everybody, the
 * same row breaking the line again and again, replies lost one after the other.
 */
export class RefusalWatch {
  private readonly runs = new Map<string, Run>();
  private readonly breaks = new Map<number, { count: number; successesBefore: number }>();
  private readonly limitedRows = new Set<number>();
  private successes = 0;
  private lostReplies = 0;

  constructor(
    private readonly limits: {
      /** Rows refused alike in a row that mean a block; where they are refused for now, half as many do. */
      block: number;
      /** Breaks between the final dot and its reply in a row that mean the server cannot be trusted. */
      lostReplies: number;
    },
  ) {}

  succeeded(seq: number): void {
    this.successes += 1;
    this.lostReplies = 0;
    // Nearly always there are none, and even that costs something to clear away.
    if (this.runs.size > 0) this.runs.clear();
    if (this.limitedRows.size > 0) this.limitedRows.clear();
    if (this.breaks.size > 0) this.settled(seq);
  }

  /** The row needs no watching any more. */
  settled(seq: number): void {
    this.breaks.delete(seq);
  }

  /**
   * @param row with the attempts it had made before this one
   * @param key identifies refusals that are alike
   * @param forNow whether it is to be tried again: a whole list could use up its attempts before many rows had failed
   * @returns the whole run once it is long enough to be a block
   */
  refused(row: { seq: number; attempts: number }, key: string, forNow: boolean): Run | null {
    const run = this.runs.get(key) ?? { key, attempts: new Map<number, number>() };
    if (!run.attempts.has(row.seq)) run.attempts.set(row.seq, row.attempts);
    const [oldest] = this.runs.keys();
    if (this.runs.size >= KEPT_RUNS && oldest !== undefined) this.runs.delete(oldest);
    this.runs.set(key, run);
    const block = forNow ? Math.ceil(this.limits.block / 2) : this.limits.block;
    return run.attempts.size >= block ? run : null;
  }

  /**
   * A row was told of a limit.
   * @returns whether so many were, with no success between, that it may be their sender's, whoever else is accepted
   */
  limited(seq: number): boolean {
    if (this.limitedRows.size < ROWS_LIMITED) this.limitedRows.add(seq);
    return this.limitedRows.size >= ROWS_LIMITED;
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
