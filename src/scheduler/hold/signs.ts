import { type HoldPolicy, holdWaitMs } from '../../domain/hold.js';
import { deferralKey } from '../../domain/likeness.js';
import { QuotaWatch, type WatchedRow } from '../../domain/quota-watch.js';
import type { Run } from '../../domain/refusal-watch.js';
import type { LimitKind } from '../../domain/relay.js';
import { MESSAGE_STAGES } from '../../domain/reply-rules.js';
import type { Report } from '../../domain/scheduler-events.js';
import { type Canary, type Deferred, type Limited, wordsOf } from './probe.js';

/** A second try of deferrals alike comes no later than this, … */
const CANARY_AT_MOST_MS = 60_000;
/** … and is waited for no longer than this beyond, … */
const CANARY_PATIENCE_MS = 60_000;
/** … nor where there was no row to be tried so often: its send may have been paused, or cool down. */
const CANARY_MISSES = 10;

/** A limit that was met here, and is not written yet. */
export interface Met {
  /** The last hold that was known of. */
  holdId: number;
  kind: LimitKind;
  reason: string;
  /** Rows it was charged to, by their sends. */
  deferred: ReadonlyMap<number, Run>;
}

/** What the signs of a relay have to do with whoever acts on them. */
export interface SignsUser {
  /** Whether the relay is known to be held, or just being asked whether it is still. */
  readonly isKnown: boolean;
  /** Of the last hold there was. */
  readonly holdId: number;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Nothing may start any more. */
  onStop(): void;
  /** It may again. */
  onFree(): void;
}

/** What the replies to this process tell of the relay. */
export class Signs {
  readonly watch = new QuotaWatch();
  met: Met | null = null;
  private canary: Canary | null = null;

  constructor(
    private readonly policy: HoldPolicy,
    private readonly report: Report,
    private readonly user: SignsUser,
  ) {}

  /** Whether they say that nothing may start. */
  get stop(): boolean {
    return this.met !== null || this.awaited !== null;
  }

  /** First tries deferred alike, of which one is still to be tried again. */
  get awaited(): Canary | null {
    const { canary, user } = this;
    if (canary && !user.isKnown && user.now > canary.at + CANARY_PATIENCE_MS) this.canary = null;
    return this.canary;
  }

  /** @param wasTold whether the relay had told of a limit for the row before */
  accepted(wasTold: boolean): void {
    this.watch.accepted();
    if (wasTold) this.watch.acceptedTold(this.user.now);
    if (this.canary && !this.user.isKnown) {
      this.canary = null;
      this.user.onFree();
    }
  }

  /** A row was told of the relay's limit. @returns when it is due again, in milliseconds: at once after a hold */
  limited(row: WatchedRow, verdict: Limited): number {
    if (this.met || this.user.isKnown) return 0;
    const { isRelays, times } = this.watch.limited(row, MESSAGE_STAGES.includes(verdict.stage));
    if (!isRelays) return holdWaitMs(verdict.limit, times - 1, this.policy);
    this.meet(verdict, this.canary);
    return 0;
  }

  /**
   * A row was deferred.
   * @param delayMs after which it is to be tried again
   * @returns after how long it is to be tried again, whatever its attempts, to find out what is deferred here; or null
   */
  deferred(row: WatchedRow, verdict: Deferred, delayMs: number): number | null {
    const { report, user } = this;
    const key = deferralKey(verdict, row.attempts);
    if (key === null || this.stop || user.isKnown) return null;
    const alike = this.watch.deferred(row, key, user.now);
    if (!alike) return null;
    const waitMs = Math.min(delayMs, CANARY_AT_MOST_MS);
    this.canary = { alike, deferred: verdict, at: user.now + waitMs, misses: 0 };
    const reason = wordsOf(verdict);
    report({ kind: 'first-tries-deferred', rows: alike.rows, reason, waitMs });
    user.onStop();
    return waitMs;
  }

  /** One of them was tried again. @param answer null when it gave none */
  told(canary: Canary, answer: 'accepted' | Limited | null): void {
    if (answer === 'accepted') {
      this.watch.excuse(canary.alike.key, this.user.now);
      this.report({ kind: 'greylisting', reason: wordsOf(canary.deferred) });
    } else if (answer) {
      this.meet(answer, canary);
    }
    this.canary = null;
  }

  /** There was none to be tried. */
  notTried(canary: Canary): void {
    canary.misses += 1;
    if (this.canary === canary && canary.misses >= CANARY_MISSES) this.canary = null;
  }

  /** The relay has a limit, which was charged to these. */
  meet(verdict: Limited, canary: Canary | null): void {
    this.met = {
      holdId: this.user.holdId,
      kind: verdict.limit,
      reason: wordsOf(verdict),
      deferred: canary?.alike.runs ?? new Map(),
    };
    this.canary = null;
    this.user.onStop();
  }
}
