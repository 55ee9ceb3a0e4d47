import { type HoldPolicy, holdWaitMs, probeLeaseMs } from '../../domain/hold.js';
import type { Hold } from '../../domain/relay.js';
import type { SharedRelay } from '../ports.js';
import { type Canary, type Limited, Probe, rowsOf, wordsOf } from './probe.js';

/** What probes have to do with whoever acts on them. */
export interface ProbesUser {
  /** The hold that stands, as far as is known. */
  readonly hold: Hold | null;
  /** First tries deferred alike, of which one is to be tried again. */
  readonly canary: Canary | null;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Writes what is to be written, and reads how the relay is. */
  look(): Promise<void>;
  /** One of the canary's rows was tried again; null: it gave no answer. */
  told(canary: Canary, answer: 'accepted' | Limited | null): void;
  /** There was none of them to be tried. */
  notTried(canary: Canary): void;
  /** The relay has a limit. */
  meet(limited: Limited): void;
  /** The hold goes on, for its probe was refused. */
  onRefused(hold: Hold): void;
  /** Something may start that could not. */
  onFree(): void;
}

/** The probes of this process, one at a time: won of all hosts', kept while they are out, and what follows from them. */
export class Probes {
  /** One is under way, or about to be. */
  isOut = false;
  private probe: Probe | null = null;
  /** Since when it is known to be ours, by the monotonic clock. */
  private wonAt = Number.POSITIVE_INFINITY;

  constructor(
    private readonly shared: SharedRelay,
    private readonly policy: HoldPolicy,
    private readonly user: ProbesUser,
  ) {}

  /** Whether there is one that others are to be kept from. */
  get isToBeKept(): boolean {
    return this.probe !== null;
  }

  /** The probe of this claim, if it is to be had; `over` must be called for it. */
  async win(by: string): Promise<Probe | null> {
    this.isOut = true;
    const { hold, canary } = this.user;
    if (hold && hold.kind !== 'operator') {
      const won = { holdId: hold.id, by, waitMs: probeLeaseMs(hold, this.policy) };
      if (await this.shared.winProbe(won)) {
        this.begin(new Probe({ kind: 'hold', hold, limit: hold.kind, by }));
      } else {
        await this.user.look();
      }
    } else if (!hold && canary) {
      this.begin(new Probe({ kind: 'canary', canary, ...rowsOf(canary) }));
    }
    return this.probe;
  }

  private begin(probe: Probe): void {
    this.probe = probe;
    this.wonAt = this.user.now;
  }

  /** Keeps the hold's next probe away while this one is out. */
  async keep(): Promise<void> {
    const { probe } = this;
    if (probe?.question.kind !== 'hold' || probe.isOver) return;
    const { hold, by } = probe.question;
    const waitMs = probeLeaseMs(hold, this.policy);
    await this.shared.keepProbe({ holdId: hold.id, by, waitMs });
  }

  /**
   * What holds the relay now: where it is not what the probe asks about, or another asks it, nothing more is to start for it.
   * @param askedAt when it was asked for, by the monotonic clock
   */
  heed(hold: Hold | null, askedAt: number): void {
    const { probe } = this;
    if (!probe || askedAt < this.wonAt) return;
    const { question } = probe;
    const isOurs =
      question.kind === 'hold'
        ? hold?.id === question.hold.id && hold.probeBy === question.by
        : hold === null;
    if (!isOurs) probe.isLost = true;
  }

  /** Does what follows from the answer, once the row that got it is recorded. What failed half-way may be done again. */
  async conclude(probe: Probe): Promise<void> {
    const { question, answer } = probe;
    if (question.kind === 'hold') {
      await this.concludeHold(question, answer);
    } else {
      this.user.told(question.canary, answer);
      await this.user.look();
    }
    this.end();
    probe.isOver = true;
    this.user.onFree();
  }

  private async concludeHold(
    { hold, by }: Extract<Probe['question'], { kind: 'hold' }>,
    answer: Probe['answer'],
  ): Promise<void> {
    const { shared, policy, user } = this;
    const probe = { holdId: hold.id, by };
    if (answer === 'accepted') {
      await shared.end(probe);
    } else if (answer) {
      const { limit: kind } = answer;
      const waitMs = holdWaitMs(kind, hold.tries + 1, policy);
      await shared.extend({ ...probe, kind, reason: wordsOf(answer), waitMs });
      user.onRefused(hold);
    }
    // What was decided is not to be kept.
    this.probe = null;
    await user.look();
    // Released meanwhile: what we were told is the newest there is.
    if (answer && answer !== 'accepted' && !user.hold) {
      user.meet(answer);
      await user.look();
    }
  }

  /** The batch that had it has ended, or there was none. */
  async over(probe: Probe | null): Promise<void> {
    if (probe?.isOver) return;
    // It was answered, and its claim lost before anything followed from that.
    if (probe?.answer) await this.conclude(probe).finally(() => this.end());
    this.end();
    if (!probe?.isUntried) return;
    const { question } = probe;
    if (question.kind === 'canary') {
      this.user.notTried(question.canary);
    } else {
      await this.shared.returnProbe({ holdId: question.hold.id, by: question.by });
      await this.user.look();
    }
  }

  private end(): void {
    this.probe = null;
    this.isOut = false;
    this.wonAt = Number.POSITIVE_INFINITY;
  }
}
