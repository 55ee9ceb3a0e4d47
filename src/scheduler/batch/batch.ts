import type { BatchEnd, Claim, ClaimedSend } from '../../domain/claim.js';
import { type Clock, elapsedMs, type Instant, type Lease, leaseHolds } from '../../domain/lease.js';
import type { Controls } from '../../domain/pacing.js';
import type { Recipient } from '../../domain/recipient.js';
import type { Run } from '../../domain/refusal-watch.js';
import { judge } from '../../domain/replies.js';
import type { RetryPolicy } from '../../domain/retry-delay.js';
import type { Report } from '../../domain/scheduler-events.js';
import type { Settlement, StepResult } from '../../domain/settlement.js';
import { plural } from '../../domain/text.js';
import type { DeliveryResult } from '../../domain/verdict.js';
import { isDatabaseOutage } from '../../errors.js';
import type { Dispatcher, JobOwner, ServerSign } from '../dispatch/dispatcher.js';
import type { Ledger, Recorder } from '../ports.js';
import { Wake } from '../wake.js';
import { Flights } from './flights.js';
import { InFlight } from './in-flight.js';
import type { InFlightLimit } from './in-flight-limit.js';
import { interpret } from './interpret.js';
import type { OpenSend } from './open-sends.js';

/** What a batch works with; one for all batches of a process. */
export interface BatchTools {
  ledger: Ledger;
  dispatcher: Dispatcher;
  recorder: Recorder | null;
  inFlightLimit: InFlightLimit;
  clock: Clock;
  lease: Lease;
  random: () => number;
  report: Report;
  retry: RetryPolicy;
  /** Server failures in a row after which the send pauses itself. */
  maxServerFailures: number;
  /** End the batch at the first server failure instead of waiting the backoff out (`--once`). */
  giveUpOnTrouble: boolean;
  /** Nothing more starts; what is on the wire may end. */
  stopping: AbortSignal;
  /** Waiting is over: what cannot be recorded now is left to the next claim. */
  abandoned: AbortSignal;
}

/** The claim was let go, and this is how the send stands then. */
type Ended = Extract<BatchEnd, { kind: 'released' }>;

export interface BatchResult {
  pausedItself: string | null;
  /** Whether it had any row in its hand. */
  worked: boolean;
}

/** A batch asks the database this often how its send stands; that it runs is seen to whenever rows are marked. */
const LOOK_EVERY_MS = 500;
/** With a delay, only what starts within this time is marked. */
const MARK_AHEAD_MS = 1_000;
const READ_DEFERRED_EVERY_MS = 1_000;
const MAX_FAULTS = 5;
/** Results wait at most this long to be recorded together with more. */
const GATHER_MS = 10;
const READ_AT_MOST_ROWS = 200;
const READ_AT_MOST_CHARACTERS = 2_000_000;
const DATABASE_RETRY_FIRST_MS = 100;
const DATABASE_RETRY_MAX_MS = 5_000;

/**
 * Runs one batch of a claimed send to its end. Resolves when the claim is let go, or lost.
 * @param askedAt when the claim was asked for: the lease counts from then
 */
export function runBatch(
  claimed: ClaimedSend,
  askedAt: Instant,
  openSend: OpenSend,
  tools: BatchTools,
): Promise<BatchResult> {
  return new Batch(claimed, askedAt, openSend, tools).run();
}

class Batch implements JobOwner {
  private claim: Claim;
  private readonly inFlight: InFlight;
  private readonly flights: Flights;
  private readonly signal = new Wake();
  private readonly counts = { sent: 0, failed: 0, unknown: 0, deferred: 0, returned: 0 };
  private controls: Controls;
  /** Rows this batch may still mark. */
  private quota: number;
  private ending = false;
  private lost = false;
  private pause: { reason: string; giveBack: Run | null } | null = null;
  private renewed: Instant;
  private looked: Instant;
  private deferredRead: Instant | null = null;
  private reading: Promise<void> | null = null;
  private readFailure: unknown = null;
  private noneLeft = false;
  /** Errors in a row that were no outage. */
  private faults = 0;
  private averageRow = 1_000;
  /** Until when what has come may wait for more, by the monotonic clock. */
  private gathersUntil = 0;
  private pauseWritten = false;
  private pausedItself: string | null = null;
  /** Given to a connection. */
  private readonly onTheWire = new Set<number>();
  /** Handed to the dispatcher, but not begun yet. */
  private readonly submitted = new Map<number, Recipient>();
  readonly wake = this.signal.wake;

  constructor(
    private readonly send: ClaimedSend,
    askedAt: Instant,
    private readonly openSend: OpenSend,
    private readonly tools: BatchTools,
  ) {
    this.claim = send.claim;
    this.controls = send.controls;
    this.quota = send.controls.batchSize;
    this.inFlight = new InFlight(send.cursorSeq);
    this.flights = new Flights(send.claim, tools.recorder);
    this.renewed = askedAt;
    this.looked = askedAt;
  }

  async run(): Promise<BatchResult> {
    const { inFlightLimit: limit, dispatcher, stopping, abandoned, clock, report } = this.tools;
    const begun = clock();
    limit.join(this, this.wake);
    dispatcher.join(this);
    stopping.addEventListener('abort', this.wake);
    abandoned.addEventListener('abort', this.wake);
    try {
      const ended = await this.work();
      if (ended) {
        report({
          kind: 'batch-ended',
          sendId: this.claim.sendId,
          status: ended.status,
          ...this.counts,
          unknownInAll: ended.unknown ?? 0,
          ms: elapsedMs(begun, clock()),
        });
      }
      return { pausedItself: this.pausedItself, worked: this.worked };
    } catch (error) {
      await this.letGo();
      throw error;
    } finally {
      stopping.removeEventListener('abort', this.wake);
      abandoned.removeEventListener('abort', this.wake);
      dispatcher.leave(this);
      limit.leave(this);
    }
  }

  /** Until everything is recorded and the claim let go; how the send is then, or null if the claim was lost. */
  private async work(): Promise<Ended | null> {
    for (;;) {
      if (this.tools.abandoned.aborted) return null;
      if (this.lost) {
        await this.settleLate();
        return null;
      }
      if (this.tools.stopping.aborted || !this.flights.mayBegin) this.ending = true;
      if (this.ending) this.withdraw(0);
      this.startDue();
      try {
        if (await this.look()) continue;
        if (this.gathers()) {
          await this.wait();
          continue;
        }
        const rows = await this.rowsToMark();
        if (rows.length > 0 || this.inFlight.toRecord > 0 || this.mustRenew()) {
          await this.step(rows);
        } else if (this.isOver()) {
          const ended = await this.end();
          if (ended) return ended;
        } else {
          await this.wait();
        }
      } catch (error) {
        await this.weatherOutage(error, () => this.reconcile());
      }
    }
  }

  // ── Marking and recording ────────────────────────────────────────────────

  /** Nothing is left to read, and nothing that was read is left to mark. */
  private get exhausted(): boolean {
    return this.noneLeft && this.inFlight.readAhead === 0;
  }

  /** Rows that could be marked now, the process's limit aside. */
  private wanted(): number {
    if (this.ending || this.exhausted || this.quota <= 0) return 0;
    const room = this.tools.dispatcher.room();
    // A message that hangs on the wire keeps nobody from seeing whether the server is well again.
    const within = room - this.queued - this.inFlight.toStart;
    const { delayMs } = this.controls;
    const paced =
      delayMs === 0
        ? Number.POSITIVE_INFINITY
        : Math.floor((MARK_AHEAD_MS - this.untilNextStart()) / delayMs) + 1 - this.inFlight.toStart;
    return Math.max(0, Math.min(this.quota, within, paced));
  }

  /**
   * Whether to wait a moment for more results, so that a transaction records and marks many rows. While it is under way
   * the connections live on the rows that wait for one: so those are to be more than the results, which are marked rows
   * that nobody can send.
   */
  private gathers(): boolean {
    const { toRecord } = this.inFlight;
    return (
      toRecord > 0 && toRecord < this.queued && this.tools.clock().monotonic < this.gathersUntil
    );
  }

  /** Rows handed to the dispatcher that no connection has taken yet; too many while a step is under way. */
  private get queued(): number {
    const { held, toRecord, toStart } = this.inFlight;
    return held - toRecord - toStart - this.onTheWire.size;
  }

  private async rowsToMark(): Promise<Recipient[]> {
    const granted = this.tools.inFlightLimit.take(this, this.wanted(), this.inFlight.toRecord);
    if (granted === 0) return [];
    this.readOn(granted);
    if (this.inFlight.readAhead === 0 && this.reading) await this.reading;
    if (this.readFailure) {
      const failure = this.readFailure;
      this.readFailure = null;
      this.tools.inFlightLimit.put(this, granted);
      throw failure;
    }
    const rows = this.ending ? [] : this.inFlight.next(granted);
    this.tools.inFlightLimit.put(this, granted - rows.length);
    return rows;
  }

  /** Keeps rows read ahead, while earlier ones are on the wire. */
  private readOn(wanted: number): void {
    const enough = Math.min(wanted * 2, this.quota);
    if (this.reading || this.noneLeft || this.inFlight.readAhead >= enough) return;
    this.reading = this.readRows()
      .catch((error: unknown) => {
        this.readFailure = error;
      })
      .finally(() => {
        this.reading = null;
      });
  }

  private async readRows(): Promise<void> {
    const { ledger, clock } = this.tools;
    const { sendId } = this.claim;
    const limit = Math.max(
      1,
      Math.min(
        this.quota,
        READ_AT_MOST_ROWS,
        Math.floor(READ_AT_MOST_CHARACTERS / this.averageRow),
      ),
    );
    const lookBack =
      !this.deferredRead || elapsedMs(this.deferredRead, clock()) >= READ_DEFERRED_EVERY_MS;
    const ask = { untouched: limit, deferred: lookBack ? Math.ceil(limit / 2) : 0 };
    const rows = await ledger.nextRows(sendId, { afterSeq: this.inFlight.readTo, ...ask });
    // A full portion of deferred rows may not have been all of them.
    if (lookBack) this.deferredRead = rows.deferred.length < ask.deferred ? clock() : null;
    this.noneLeft =
      rows.untouched.length < ask.untouched && (!lookBack || rows.deferred.length < ask.deferred);
    const all = [...rows.deferred, ...rows.untouched];
    this.measure(all);
    this.inFlight.read(all);
  }

  /** Wide rows are read in smaller portions. */
  private measure(rows: readonly Recipient[]): void {
    if (rows.length === 0) return;
    let characters = 0;
    for (const { email, fields } of rows) {
      characters += email.length + 100;
      for (const value of Object.values(fields)) characters += value.length;
    }
    this.averageRow = characters / rows.length;
  }

  private async step(rows: readonly Recipient[]): Promise<void> {
    const { ledger, inFlightLimit: limit, clock } = this.tools;
    const settlements = this.inFlight.takeArrived();
    const asked = clock();
    let result: StepResult;
    try {
      result = await ledger.step(this.claim, {
        settlements,
        mark: rows.map((row) => row.seq),
        fromSeq: this.inFlight.cursorSeq,
        cursorSeq: this.inFlight.cursorAfter(rows),
        settledSeq: this.inFlight.settledSeq(rows, settlements),
      });
    } catch (error) {
      // Whether `rows` are marked is not known, so they count as in flight until `reconcile` has read it.
      this.inFlight.notRecorded(settlements);
      throw error;
    }
    if (result.kind === 'done') {
      this.renewed = asked;
      this.faults = 0;
      this.flights.settled(settlements);
      this.inFlight.committed(rows, settlements);
      limit.put(this, settlements.length);
      this.quota -= rows.length;
      for (const { to } of settlements) this.count(to);
      return;
    }
    this.inFlight.notRecorded(settlements);
    limit.put(this, rows.length);
    if (result.kind === 'lost') this.lost = true;
    else if (result.kind === 'not-running') this.learn(result.state);
    else if (++this.faults > MAX_FAULTS)
      throw new Error(this.contradiction('rows change under it'));
    else await this.reconcile();
  }

  private get worked(): boolean {
    return Object.values(this.counts).some((count) => count > 0);
  }

  private count(to: Settlement['to']): void {
    this.counts[to] += 1;
    // A row that comes back untouched has not used up its place in the batch.
    if (to === 'returned') this.quota += 1;
  }

  private learn({ status, held, controls }: { status: string; held: boolean; controls: Controls }) {
    this.looked = this.tools.clock();
    this.controls = controls;
    if (!held) this.lost = true;
    if (status !== 'running') this.ending = true;
  }

  private async reconcile(): Promise<void> {
    // A read under way counts on the rows read ahead, which are about to be dropped.
    if (this.reading) await this.reading;
    this.readFailure = null;
    const asked = this.tools.clock();
    const found = await this.tools.ledger.reconcile(this.claim);
    if (found === null) {
      this.lost = true;
      return;
    }
    this.claim = found.claim;
    this.renewed = asked;
    const { recorded, strays } = this.inFlight.reconcile(found.sending);
    this.flights.settled(recorded);
    for (const { to } of recorded) this.count(to);
    this.quota -= strays;
    this.noneLeft = false;
    this.tools.inFlightLimit.settle(this, this.inFlight.held);
  }

  private holds(): boolean {
    return leaseHolds(this.tools.lease, this.renewed, this.tools.clock());
  }

  private mustRenew(): boolean {
    const { clock, lease } = this.tools;
    return elapsedMs(this.renewed, clock()) >= lease.renewEveryMs;
  }

  /**
   * The database cannot serve us: nothing more is handed out, what comes in is kept, until `resume`, which reads what
   * really happened before anything else is done, gets through.
   * @throws whatever is no outage
   */
  private async weatherOutage(error: unknown, resume: () => Promise<void>): Promise<void> {
    const { clock, report, abandoned } = this.tools;
    const since = clock();
    let cause = error;
    this.withdraw(0);
    for (
      let waitMs = DATABASE_RETRY_FIRST_MS;
      ;
      waitMs = Math.min(waitMs * 2, DATABASE_RETRY_MAX_MS)
    ) {
      // What the database says may be a fault of ours; but to give up at once would leave rows uncertain.
      if (!isDatabaseOutage(cause) && ++this.faults > MAX_FAULTS) throw cause;
      report({ kind: 'database-away', reason: (cause as Error).message, waitMs });
      const until = clock().monotonic + waitMs;
      while (clock().monotonic < until && !abandoned.aborted) {
        await this.signal.wait(until - clock().monotonic);
      }
      if (abandoned.aborted) return;
      try {
        await resume();
        report({ kind: 'database-back', afterMs: elapsedMs(since, clock()) });
        return;
      } catch (again) {
        cause = again;
      }
    }
  }

  // ── Starting messages ────────────────────────────────────────────────────

  private untilNextStart(): number {
    const { delayMs } = this.controls;
    const { lastStart } = this.openSend;
    return lastStart === null || delayMs === 0
      ? 0
      : Math.max(0, lastStart + delayMs - this.tools.clock().monotonic);
  }

  private startDue(): void {
    while (!this.ending && this.inFlight.toStart > 0 && this.untilNextStart() <= 0) {
      if (this.controls.delayMs > 0 && this.submitted.size > 0) return;
      const recipient = this.inFlight.start();
      if (!recipient) return;
      this.submit(recipient);
    }
  }

  private submit(recipient: Recipient): void {
    const { seq } = recipient;
    this.submitted.set(seq, recipient);
    this.tools.dispatcher.submit({
      owner: this,
      message: () => {
        this.onTheWire.add(seq);
        if (this.inFlight.toRecord > 0 && !this.gathers()) this.signal.wake();
        return this.openSend.message.fill(recipient, new Date(this.tools.clock().wall));
      },
      mayProceed: () => {
        const may = !this.lost && !this.ending && this.flights.mayBegin && this.holds();
        // DELAY_MS counts from what the server sees, not from when a connection was asked for.
        if (may && this.submitted.delete(seq)) {
          this.openSend.lastStart = this.tools.clock().monotonic;
          if (this.controls.delayMs > 0) this.signal.wake();
        }
        return may;
      },
      // A process that was stopped in the middle of a long message may wake when others have its row.
      mayEnd: () => !this.lost && this.holds() && this.flights.begin(recipient),
      done: (result) => {
        this.flights.came(recipient, result);
        this.submitted.delete(seq);
        this.onTheWire.delete(seq);
        return this.settle(recipient, result);
      },
    });
  }

  /** Rows not yet on the wire go back as they were, and nobody waits behind a batch that may not ask again for long. */
  private withdraw(delayMs: number): void {
    this.tools.inFlightLimit.stopWaiting(this);
    this.inFlight.giveBackWaiting(delayMs);
    if (this.submitted.size === 0) return;
    this.tools.dispatcher.withdraw(this);
    for (const seq of this.submitted.keys()) {
      if (this.onTheWire.has(seq)) continue;
      this.submitted.delete(seq);
      this.inFlight.came({ seq, to: 'returned', delayMs });
    }
  }

  // ── What came of them ────────────────────────────────────────────────────

  private settle(
    recipient: Recipient,
    result: DeliveryResult,
  ): { sign: ServerSign; reason: string } {
    const { retry, random } = this.tools;
    const { maxAttempts } = this.send;
    const verdict = judge(result, this.tools.dispatcher.login);
    const { settlement, sign, pause } = interpret(recipient, verdict, this.openSend.watch, {
      maxAttempts,
      retry,
      random,
    });
    if (pause && !this.tools.dispatcher.isCut) this.pauseFor(pause.reason, pause.giveBack);
    if (this.inFlight.toRecord === 0) this.gathersUntil = this.tools.clock().monotonic + GATHER_MS;
    this.inFlight.came(settlement);
    this.tools.report({
      kind: 'message',
      sendId: this.claim.sendId,
      email: recipient.email,
      outcome: settlement.to,
      text: 'text' in verdict ? verdict.text : verdict.kind === 'sent' ? verdict.reply.text : '',
    });
    if (this.inFlight.toRecord === 1 || !this.gathers()) this.signal.wake();
    return { sign, reason: verdict.kind === 'server' ? verdict.text : '' };
  }

  /**
   * The batch ends and the send pauses itself, for the first reason there is; what is on the wire may still make a block
   * of what was refused before, or add to it.
   */
  private pauseFor(reason: string, giveBack: Run | null = null): void {
    this.pause = {
      reason: this.pause?.reason ?? reason,
      giveBack: this.pause?.giveBack ?? giveBack,
    };
    this.ending = true;
  }

  trouble(reason: string, crowded: boolean): void {
    // Somebody else's connections end some day: that is no failure, and calls nobody.
    if (!crowded) this.countFailure(reason);
    if (this.tools.giveUpOnTrouble) this.ending = true;
    this.withdraw(0);
    this.signal.wake();
  }

  private countFailure(reason: string): void {
    const { dispatcher, maxServerFailures } = this.tools;
    const seen = this.openSend.serverFailures;
    if (seen.atSuccesses !== dispatcher.successes) seen.count = 0;
    seen.atSuccesses = dispatcher.successes;
    seen.count += 1;
    if (seen.count < maxServerFailures) return;
    this.pauseFor(`SMTP server: ${plural(seen.count, 'failure')} in a row, the last: ${reason}`);
    seen.count = 0;
  }

  /** After a fault: what is on the wire may end, and one last try is made to record it and let the claim go. */
  private async letGo(): Promise<void> {
    const { abandoned, ledger } = this.tools;
    this.ending = true;
    this.withdraw(0);
    while (this.onTheWire.size > 0 && !abandoned.aborted) await this.signal.wait(LOOK_EVERY_MS);
    try {
      await this.step([]);
      if (this.lost) return await this.settleLate();
      const end = await ledger.endBatch(this.claim, { worked: this.worked, exhausted: false });
      if (end.kind === 'released') this.flights.ended();
    } catch {
      // The next claim settles it.
    }
  }

  // ── Waiting and ending ───────────────────────────────────────────────────

  private isOver(): boolean {
    if (this.inFlight.held > 0 || this.reading) return false;
    return this.ending || this.exhausted || this.quota <= 0;
  }

  /** Asks from time to time whether the send was paused or cancelled, or its controls changed; tells whether it did. */
  private async look(): Promise<boolean> {
    if (this.sinceLook() < LOOK_EVERY_MS) return false;
    this.learn(await this.tools.ledger.state(this.claim));
    return true;
  }

  private sinceLook(): number {
    return elapsedMs(this.looked, this.tools.clock());
  }

  private async wait(): Promise<void> {
    const { dispatcher } = this.tools;
    const waits = [LOOK_EVERY_MS - this.sinceLook()];
    const untilStart = this.untilNextStart();
    // Its time may have come since `startDue` looked.
    if (untilStart === 0 && this.inFlight.toStart > 0 && this.submitted.size === 0) return;
    if (untilStart > 0) waits.push(untilStart);
    const backoff = dispatcher.backoffMs();
    if (backoff > 0) waits.push(backoff);
    if (this.inFlight.toRecord > 0) {
      waits.push(this.gathersUntil - this.tools.clock().monotonic);
    }
    await this.signal.wait(Math.max(1, Math.min(...waits)));
  }

  private contradiction(what: string): string {
    const { sendId } = this.claim;
    return `send ${sendId}: ${what}; see \`campaign verify ${sendId}\``;
  }

  /** Lets the claim go. Undefined when something is left to do first. */
  private async end(): Promise<Ended | undefined> {
    const { ledger, report } = this.tools;
    if (this.pause && !this.pauseWritten) {
      const { reason, giveBack } = this.pause;
      if (await ledger.pauseItself(this.claim, reason, giveBack)) {
        report({ kind: 'paused-itself', sendId: this.claim.sendId, reason });
        this.pausedItself = reason;
      }
      this.pauseWritten = true;
      this.openSend.watch.reset();
    }
    const end = await ledger.endBatch(this.claim, {
      worked: this.worked,
      exhausted: this.exhausted,
    });
    if (end.kind === 'released') {
      this.flights.ended();
      return end;
    }
    if (end.kind === 'strays') {
      await this.reconcile();
      if (this.inFlight.held === 0 && !this.lost) {
        throw new Error(this.contradiction('SENDING_COUNT is not 0, yet no row is sending'));
      }
      return undefined;
    }
    this.lost = true;
    return undefined;
  }

  /** The claim is somebody else's: what is still on the wire may only settle our own uncertain rows. */
  private async settleLate(): Promise<void> {
    const { ledger, report, abandoned } = this.tools;
    this.withdraw(0);
    while (this.onTheWire.size > 0 && !abandoned.aborted) await this.signal.wait(LOOK_EVERY_MS);
    const arrived = this.inFlight.takeArrived();
    let settledLate = 0;
    const settle = async () => {
      settledLate = await ledger.settleLate(this.claim, arrived);
    };
    if (arrived.length > 0) await settle().catch((error) => this.weatherOutage(error, settle));
    if (!abandoned.aborted) this.flights.lost();
    report({ kind: 'claim-lost', sendId: this.claim.sendId, settledLate });
  }
}
