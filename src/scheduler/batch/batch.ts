import type { ClaimedSend } from '../../domain/claim.js';
import { elapsedMs, type Instant } from '../../domain/lease.js';
import type { Recipient } from '../../domain/recipient.js';
import type { JobOwner } from '../dispatch/job.js';
import type { Probe } from '../hold/probe.js';
import type { Held } from '../hold/relay-hold.js';
import { Wake } from '../wake.js';
import { type Ended, LettingGo } from './letting-go.js';
import type { OpenSend } from './open-sends.js';
import { assemble, type BatchParts } from './parts.js';
import type { BatchTools } from './tools.js';

export interface BatchResult {
  pausedItself: string | null;
  /** Whether it had any row. */
  worked: boolean;
}

/** A batch asks the database this often how its send stands; that it runs is seen to whenever rows are marked. */
const LOOK_EVERY_MS = 500;

/**
 * Runs one batch of a claimed send to its end. Resolves when the claim is let go, or lost.
 * @param askedAt when the claim was asked for: the lease counts from then
 * @param probe   what it is to find out before it goes on, one message at a time
 */
export function runBatch(
  claimed: ClaimedSend,
  askedAt: Instant,
  openSend: OpenSend,
  probe: Probe | null,
  tools: BatchTools,
): Promise<BatchResult> {
  return new Batch(claimed, askedAt, openSend, probe, tools).run();
}

/** The life of one batch. */
class Batch implements JobOwner, Held {
  private readonly signal = new Wake();
  private readonly parts: BatchParts;
  private readonly lettingGo: LettingGo;
  readonly wake = this.signal.wake;

  constructor(
    claimed: ClaimedSend,
    askedAt: Instant,
    openSend: OpenSend,
    private readonly probe: Probe | null,
    private readonly tools: BatchTools,
  ) {
    this.parts = assemble(claimed, askedAt, openSend, probe, this, this.signal, tools);
    this.lettingGo = new LettingGo(this.parts, this.signal, tools);
  }

  async run(): Promise<BatchResult> {
    const { standing, inFlight, selfPause, steps } = this.parts;
    const { inFlightLimit, dispatcher, hold, stopping, abandoned, clock, report } = this.tools;
    const begun = clock();
    inFlightLimit.join(inFlight, this.wake);
    dispatcher.join(this);
    hold.join(this);
    stopping.addEventListener('abort', this.wake);
    abandoned.addEventListener('abort', this.wake);
    try {
      const ended = await this.work();
      if (ended) {
        report({
          kind: 'batch-ended',
          sendId: standing.claim.sendId,
          status: ended.status,
          ...steps.counts,
          skipped: steps.skipped,
          unknownInAll: ended.unknown ?? 0,
          ms: elapsedMs(begun, clock()),
        });
      }
      return { pausedItself: selfPause.reason, worked: steps.worked };
    } catch (error) {
      await this.lettingGo.afterFault();
      throw error;
    } finally {
      stopping.removeEventListener('abort', this.wake);
      abandoned.removeEventListener('abort', this.wake);
      dispatcher.leave(this);
      hold.leave(this);
      inFlightLimit.leave(inFlight);
    }
  }

  trouble(reason: string, crowded: boolean): void {
    const { standing, selfPause, starter } = this.parts;
    // Somebody else's connections end some day: that is no failure, and calls nobody.
    if (!crowded) selfPause.serverFailed(reason);
    if (this.tools.isBrief) standing.ending = true;
    starter.withdraw();
    this.wake();
  }

  /** The relay is held: what has not begun goes back, and the batch ends, unless it is what asks whether it is still. */
  stop(): void {
    if (this.isProbing && !this.probe?.isLost) return;
    this.parts.standing.ending = true;
    this.parts.starter.withdraw();
    this.wake();
  }

  private get isProbing(): boolean {
    return this.probe?.isOver === false;
  }

  /** Until everything is recorded and the claim let go; how the send is then, or null if the claim was lost. */
  private async work(): Promise<Ended | null> {
    const { openSend, standing, inFlight, flights, results, starter, outage, steps } = this.parts;
    const { abandoned, stopping, ledger, hold, dispatcher, clock } = this.tools;
    for (;;) {
      if (abandoned.aborted) return null;
      if (standing.lost) {
        await this.lettingGo.settleLate();
        return null;
      }
      if (stopping.aborted || !flights.mayBegin || results.limit) standing.ending = true;
      if (dispatcher.isClosed) {
        // What has its turn still goes out.
        starter.withdraw();
        if (inFlight.onTheWire === 0) standing.ending = true;
      }
      if (standing.ending) starter.withdraw();
      starter.start();
      try {
        if (this.isProbing && this.probe?.isDecided && inFlight.held === 0) {
          await this.conclude(this.probe);
        } else if (standing.sinceLookMs >= LOOK_EVERY_MS) {
          // Whether it was paused or cancelled, or its controls changed.
          const askedAt = clock().monotonic;
          const state = await ledger.state(standing.claim);
          if (state.relay) {
            dispatcher.learnLimits(state.relay);
            hold.learn(state.relay, askedAt);
          }
          standing.learn(state);
          await steps.catchUp(state.suppressionVersion);
          openSend.noMailboxes.write();
          await hold.keepUp();
        } else if (results.gather) {
          await this.wait();
        } else {
          const rows = await this.rowsToMark();
          const due = rows.length > 0 || inFlight.toRecord > 0 || steps.toSkip.length > 0;
          if (due || standing.mustRenew) {
            await steps.step(rows);
          } else if (this.isOver) {
            if (results.limit && !steps.gaveUp) await steps.failRest(results.limit);
            const ended = await this.lettingGo.end();
            if (ended) return ended;
          } else {
            await this.wait();
          }
        }
      } catch (error) {
        // While the database cannot serve us nothing more is handed out; what comes in is kept.
        starter.withdraw();
        await outage.weather(error, () => steps.reconcile());
      }
    }
  }

  /** The relay takes messages again, or it does not; or somebody else has decided that. */
  private async conclude(probe: Probe): Promise<void> {
    const { standing, reader, results, steps } = this.parts;
    const { hold, giveUpMs } = this.tools;
    const { answer } = probe;
    await hold.conclude(probe);
    if (hold.stops) standing.ending = true;
    reader.readFor(null);
    await reader.restart();
    if (answer && answer !== 'accepted' && results.givesUp && hold.isHopeless(giveUpMs)) {
      await steps.failRest(answer);
    }
  }

  /** Rows that go out next, as far as the process may have more of them in flight. */
  private async rowsToMark(): Promise<readonly Recipient[]> {
    const { inFlight, standing, steps, reader, starter } = this.parts;
    const { inFlightLimit } = this.tools;
    const granted = inFlightLimit.take(inFlight, this.wanted, inFlight.toRecord);
    starter.makeAhead(granted);
    if (granted === 0) return [];
    let rows: Recipient[] = [];
    try {
      const next = await reader.next(granted, steps.quota);
      if (!standing.ending) rows = next;
      starter.makeAhead(rows.length);
      return rows;
    } finally {
      inFlightLimit.put(inFlight, granted - rows.length);
    }
  }

  /** Rows that could be marked now, the process's limit aside. */
  private get wanted(): number {
    const { standing, reader, starter, steps } = this.parts;
    if (standing.ending || reader.exhausted || steps.quota <= 0) return 0;
    if (this.isProbing) return this.parts.inFlight.held === 0 && !this.probe?.isDecided ? 1 : 0;
    return Math.max(0, Math.min(steps.quota, starter.room));
  }

  private get isOver(): boolean {
    const { standing, inFlight, reader, steps } = this.parts;
    if (inFlight.held > 0 || reader.isReading) return false;
    return standing.ending || reader.exhausted || steps.quota <= 0;
  }

  private async wait(): Promise<void> {
    const { standing, inFlight, results, starter } = this.parts;
    const { untilNextMs } = starter;
    // Its time may have come since it was looked for.
    if (untilNextMs === 0 && inFlight.toStart > 0 && inFlight.submitted === 0) return;
    let ms = LOOK_EVERY_MS - standing.sinceLookMs;
    if (untilNextMs > 0) ms = Math.min(ms, untilNextMs);
    const backoffMs = this.tools.dispatcher.backoffMs();
    if (backoffMs > 0) ms = Math.min(ms, backoffMs);
    if (inFlight.toRecord > 0) ms = Math.min(ms, results.gatherMs);
    await this.signal.wait(Math.max(1, ms));
  }
}
