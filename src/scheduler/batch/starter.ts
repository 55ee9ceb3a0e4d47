import type { FilledMessage } from '../../domain/message.js';
import { tooLargeReason } from '../../domain/message-size.js';
import type { Recipient } from '../../domain/recipient.js';
import type { SuppressionChanges } from '../../domain/suppression.js';
import type { DeliveryResult, Verdict } from '../../domain/verdict.js';
import type { Job, JobOwner } from '../dispatch/job.js';
import type { ServerSign } from '../dispatch/server-health.js';
import type { FileLoads } from './file-loads.js';
import type { Flights } from './flights.js';
import type { InFlight } from './in-flight.js';
import type { MadeAhead } from './made-ahead.js';
import type { OpenSend } from './open-sends.js';
import type { Results } from './results.js';
import type { Standing } from './standing.js';
import type { BatchTools } from './tools.js';

/** With a delay, only what starts within this time is marked. */
const MARK_AHEAD_MS = 1_000;
/** Messages that are made ahead of being marked, besides as many as are. */
const MAKE_AHEAD = 16;

/** Hands a batch's messages out: what goes now, by its pacing, its lease and how the server is. */
export class Starter {
  constructor(
    private readonly owner: JobOwner,
    private readonly openSend: OpenSend,
    private readonly standing: Standing,
    private readonly inFlight: InFlight,
    private readonly flights: Flights,
    private readonly results: Results,
    private readonly fileLoads: FileLoads,
    /** Null where messages are made when a connection takes them. */
    private readonly madeAhead: MadeAhead | null,
    private readonly tools: BatchTools,
  ) {}

  /** Milliseconds until DELAY_MS lets the next message start. */
  get untilNextMs(): number {
    const { delayMs } = this.standing.controls;
    const { lastStart } = this.openSend;
    return lastStart === null || delayMs === 0
      ? 0
      : Math.max(0, lastStart + delayMs - this.tools.clock().monotonic);
  }

  /** Rows that could be marked now, as far as the server and the pacing go. */
  get room(): number {
    const { queued, toStart } = this.inFlight;
    // A message that hangs on the wire keeps nobody from seeing whether the server is well again.
    const { dispatcher } = this.tools;
    const within = dispatcher.markable() - queued - toStart;
    const { delayMs } = this.standing.controls;
    if (delayMs === 0) return within;
    return Math.min(within, Math.floor((MARK_AHEAD_MS - this.untilNextMs) / delayMs) + 1 - toStart);
  }

  /**
   * Begins messages of rows that are not marked yet, where that takes time: as many as go out soon, for their Date is when
   * they are begun. One with files waits until these are in memory, where only rows that are marked may have them.
   * @param marking rows that are marked next
   */
  makeAhead(marking: number): void {
    const { madeAhead, standing, inFlight } = this;
    if (madeAhead === null || this.fileLoads.needed || standing.ending) return;
    const isSlow =
      standing.controls.delayMs > 0 || this.tools.dispatcher.isPaced || madeAhead.isSlow;
    madeAhead.begin(inFlight.next(isSlow ? marking : marking + inFlight.held + MAKE_AHEAD));
  }

  /** Hands out what is due. */
  start(): void {
    const { standing, inFlight } = this;
    while (!standing.ending && inFlight.toStart > 0 && this.untilNextMs <= 0) {
      if (standing.controls.delayMs > 0 && inFlight.submitted > 0) return;
      const recipient = inFlight.submit();
      if (!recipient) return;
      this.fileLoads.load(recipient, this.ready);
    }
  }

  /** All that its message is made of is there. */
  private readonly ready = (recipient: Recipient): void => {
    if (this.madeAhead?.isMade(recipient, () => this.made(recipient)) ?? true) {
      this.submit(recipient);
    }
  };

  private submit(recipient: Recipient): void {
    this.tools.dispatcher.submit(new Delivery(this.owner, recipient, this));
  }

  /** A message that was waited for; its row may have been given back meanwhile. */
  private made(recipient: Recipient): void {
    if (this.inFlight.isQueued(recipient)) this.submit(recipient);
  }

  /** Rows not yet on the wire go back as they were, and nobody waits behind a batch that may not ask again for long. */
  withdraw(): void {
    this.tools.inFlightLimit.stopWaiting(this.inFlight);
    if (this.inFlight.submitted > 0) this.tools.dispatcher.withdraw(this.owner);
    this.madeAhead?.stop();
    this.inFlight.giveBack();
    this.fileLoads.withdrawn();
  }

  /** The suppressions have changed: rows marked and not begun that may be suppressed by now go back. */
  async learn(changes: SuppressionChanges): Promise<void> {
    const seqs = await this.openSend.suppressions.learn(changes, this.inFlight);
    if (seqs.size === 0) return;
    const isOne = (job: Job): boolean => job instanceof Delivery && seqs.has(job.seq);
    this.tools.dispatcher.withdraw(this.owner, isOne);
    this.fileLoads.withdrawn();
  }

  get goesFirst(): boolean {
    return this.openSend.goesFirst;
  }

  /** Null where it has to be made anew; it is handed out again then. */
  message(recipient: Recipient): FilledMessage | null {
    const made = this.madeAhead?.take(recipient, () => this.made(recipient));
    if (made === null) return null;
    this.inFlight.begun(recipient);
    if (this.inFlight.toRecord > 0 && this.results.areEnough) this.owner.wake();
    if (made) return made;
    const now = new Date(this.tools.clock().wall);
    return this.openSend.message.fill(recipient, now, this.fileLoads.contentsOf(recipient));
  }

  mayProceed({ seq }: Recipient): boolean {
    const now = this.tools.clock();
    if (!this.standing.mayStart(now) || !this.flights.mayBegin) return false;
    if (this.inFlight.isHalted(seq)) return false;
    // DELAY_MS counts from what the server sees, not from when a connection was asked for.
    if (this.inFlight.announced(seq)) {
      this.openSend.lastStart = now.monotonic;
      if (this.standing.controls.delayMs > 0) this.owner.wake();
    }
    return true;
  }

  /**
   * A process that was stopped in the middle of a long message may wake when others have its row; the recorder's write is
   * where it is stopped most often, so the lease is asked for after it as well.
   */
  mayEnd(recipient: Recipient): boolean {
    const { standing, flights, tools } = this;
    return (
      standing.holds(tools.clock()) && flights.begin(recipient) && standing.holds(tools.clock())
    );
  }

  done(
    recipient: Recipient,
    verdict: Verdict,
    result: DeliveryResult,
  ): { sign: ServerSign; reason: string } {
    this.flights.came(recipient, result);
    this.inFlight.ended(recipient.seq);
    this.fileLoads.done(recipient.seq);
    return this.results.settle(recipient, this.isTooLarge(result) ?? verdict);
  }

  /** What it means where no message of the send is small enough for the server: nobody's fault, and nothing a retry mends. */
  private isTooLarge(result: DeliveryResult): Verdict | null {
    if (result.kind !== 'unsendable' || result.takes === undefined) return null;
    const { leastBytes, rowFilesBytes } = this.openSend.message;
    const bytes = leastBytes - rowFilesBytes;
    if (bytes <= result.takes) return null;
    const text = tooLargeReason(bytes, result.takes, null);
    return { kind: 'server', text, pause: true, broke: false, code: null };
  }
}

/** One message of a batch, as the dispatcher has it. */
class Delivery implements Job {
  constructor(
    readonly owner: JobOwner,
    private readonly recipient: Recipient,
    private readonly starter: Starter,
  ) {}

  get seq(): number {
    return this.recipient.seq;
  }

  get goesFirst(): boolean {
    return this.starter.goesFirst;
  }

  message(): FilledMessage | null {
    return this.starter.message(this.recipient);
  }

  mayProceed(): boolean {
    return this.starter.mayProceed(this.recipient);
  }

  mayEnd(): boolean {
    return this.starter.mayEnd(this.recipient);
  }

  done(verdict: Verdict, result: DeliveryResult): { sign: ServerSign; reason: string } {
    return this.starter.done(this.recipient, verdict, result);
  }
}
