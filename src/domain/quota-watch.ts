import type { Run } from './refusal-watch.js';

/** Rows told of a limit, with nothing accepted between, that mean the relay's own: so many of different domains, … */
const DOMAINS_LIMITED = 2;
/** … or so many whatever their domains, for a list may have but one. */
const ROWS_LIMITED = 5;
/** Deferrals alike of first tries, with nothing accepted between, after which nothing fresh starts until one was tried again. */
const DEFERRED_ALIKE = 10;
/** A wording that turned out to be greylisting's stops nobody for so long. */
const EXCUSED_MS = 3_600_000;
/** What was told of a limit, and is accepted then, shows for so long that limits end with time. */
const OF_TIME_MS = 3_600_000;
/** Different wordings watched at a time. */
const KEPT_WORDINGS = 100;

/** A row of a send, as far as the relay goes. */
export interface WatchedRow {
  sendId: number;
  seq: number;
  domain: string;
  /** That it had made before. */
  attempts: number;
}

/** Rows of several sends that were deferred in the same words. */
export interface DeferredAlike {
  /** What the deferrals have in common. */
  key: string;
  /** By their sends. */
  runs: Map<number, Run>;
  rows: number;
}

/**
 * Watches what one relay answers to all sends of a process for what is the relay's and no recipient's: a limit on how much
 * it takes from us. Its words alone prove nothing, for a server says them of one recipient, too; that nobody else was
 * accepted between does. Where the words say nothing, everybody's first try being deferred alike may be greylisting as
 * well as a limit: then the second try of one of them tells.
 */
export class QuotaWatch {
  /** Messages accepted. */
  acceptances = 0;
  /** Since the last acceptance: how often each row was told of a limit, and the domains of these rows. */
  private readonly limitedRows = new Map<string, number>();
  private readonly limitedDomains = new Set<string>();
  private readonly deferrals = new Map<string, DeferredAlike>();
  /** Until when wordings stop nobody, by the monotonic clock. */
  private readonly excused = new Map<string, number>();
  /** Until when limits are known to end with time, by the same. */
  private ofTimeUntil = Number.NEGATIVE_INFINITY;

  accepted(): void {
    this.acceptances += 1;
    // Nearly always there are none, and even that costs something to clear away.
    if (this.limitedRows.size > 0) this.forgetLimits();
    if (this.deferrals.size > 0) this.deferrals.clear();
  }

  /**
   * One of the messages accepted was of a row that had been told of a limit: the limit was in time, and no row's own.
   * @param now monotonic milliseconds
   */
  acceptedTold(now: number): void {
    this.ofTimeUntil = now + OF_TIME_MS;
  }

  /** Whether that was so lately. @param now monotonic milliseconds */
  isLimitOfTime(now: number): boolean {
    return now < this.ofTimeUntil;
  }

  /**
   * A row was told of the relay's limit.
   * @param inMessage whether the reply was to its recipient or text, and so may be about these
   * @returns whether it is the relay's, and how often the row has been told so since anything was accepted
   */
  limited(row: WatchedRow, inMessage: boolean): { isRelays: boolean; times: number } {
    const name = nameOf(row);
    const times = (this.limitedRows.get(name) ?? 0) + 1;
    this.limitedRows.set(name, times);
    this.limitedDomains.add(row.domain);
    const isRelays =
      !inMessage ||
      this.limitedDomains.size >= DOMAINS_LIMITED ||
      this.limitedRows.size >= ROWS_LIMITED;
    if (isRelays) this.forgetLimits();
    return { isRelays, times };
  }

  /**
   * A row's first try was deferred in words that tell of nothing.
   * @param key identifies deferrals that are alike
   * @param now monotonic milliseconds
   * @returns all of them, once they are so many that one is to be tried again before anything fresh is
   */
  deferred(row: WatchedRow, key: string, now: number): DeferredAlike | null {
    if ((this.excused.get(key) ?? Number.NEGATIVE_INFINITY) > now) return null;
    const alike = this.deferrals.get(key) ?? { key, runs: new Map<number, Run>(), rows: 0 };
    const run = alike.runs.get(row.sendId) ?? { key, attempts: new Map<number, number>() };
    if (!run.attempts.has(row.seq)) {
      run.attempts.set(row.seq, row.attempts);
      alike.rows += 1;
    }
    // The last one's send comes last.
    alike.runs.delete(row.sendId);
    alike.runs.set(row.sendId, run);
    keep(this.deferrals, key, alike);
    if (alike.rows < DEFERRED_ALIKE) return null;
    this.deferrals.delete(key);
    return alike;
  }

  /** The wording is greylisting's. */
  excuse(key: string, now: number): void {
    keep(this.excused, key, now + EXCUSED_MS);
  }

  private forgetLimits(): void {
    this.limitedRows.clear();
    this.limitedDomains.clear();
  }
}

const nameOf = ({ sendId, seq }: WatchedRow): string => `${sendId}:${seq}`;

/** Sets a wording's entry; of too many the oldest goes. */
function keep<T>(wordings: Map<string, T>, key: string, value: T): void {
  const [oldest] = wordings.keys();
  if (!wordings.has(key) && wordings.size >= KEPT_WORDINGS && oldest !== undefined) {
    wordings.delete(oldest);
  }
  wordings.set(key, value);
}
