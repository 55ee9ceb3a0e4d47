import type { Recipient } from '../../domain/recipient.js';
import type { Settlement, StepResult } from '../../domain/settlement.js';
import type { Flights } from './flights.js';
import type { InFlight } from './in-flight.js';
import type { Outage } from './outage.js';
import type { Reader } from './reader.js';
import type { Standing } from './standing.js';
import type { BatchTools } from './tools.js';

/** Keeps the ledger and what we hold of it in step: one transaction records what came and marks what goes out next. */
export class Steps {
  readonly counts = { sent: 0, failed: 0, unknown: 0, deferred: 0, returned: 0, limited: 0 };

  /** @param quota rows the batch may still mark */
  constructor(
    public quota: number,
    private readonly standing: Standing,
    private readonly inFlight: InFlight,
    private readonly flights: Flights,
    private readonly reader: Reader,
    private readonly outage: Outage,
    private readonly tools: BatchTools,
  ) {}

  /** Whether the batch had any row. */
  get worked(): boolean {
    return Object.values(this.counts).some((count) => count > 0);
  }

  /**
   * Records what came, and marks these.
   * @throws Error when the rows contradict it again and again
   */
  async step(rows: readonly Recipient[]): Promise<void> {
    const { standing, inFlight } = this;
    const { ledger, inFlightLimit, clock } = this.tools;
    const settlements = inFlight.takeArrived();
    const asked = clock();
    let result: StepResult;
    try {
      result = await ledger.step(standing.claim, {
        settlements,
        mark: rows.map((row) => row.seq),
        fromSeq: inFlight.cursorSeq,
        cursorSeq: inFlight.cursorAfter(rows),
        settledSeq: inFlight.settledSeq(rows, settlements),
      });
    } catch (error) {
      // Whether `rows` are marked is not known, so they count as in flight until `reconcile` has read it.
      inFlight.notRecorded(settlements);
      throw error;
    }
    if (result.kind === 'done') {
      standing.renew(asked);
      this.outage.over();
      this.flights.settled(settlements);
      inFlight.committed(rows, settlements);
      inFlightLimit.put(inFlight, settlements.length);
      this.quota -= rows.length;
      for (const { to } of settlements) this.count(to);
      return;
    }
    inFlight.notRecorded(settlements);
    inFlightLimit.put(inFlight, rows.length);
    if (result.kind === 'lost') standing.lost = true;
    else if (result.kind === 'not-running') standing.learn(result.state);
    else if (this.outage.isFaultTooMany()) throw this.contradiction('rows change under it');
    else await this.reconcile();
  }

  /** Reads how the ledger has it, after a request of which we don't know what came. */
  async reconcile(): Promise<void> {
    const { standing, inFlight } = this;
    const { ledger, inFlightLimit, clock } = this.tools;
    await this.reader.restart();
    const asked = clock();
    const found = await ledger.reconcile(standing.claim);
    if (found === null) {
      standing.lost = true;
      return;
    }
    standing.claim = found.claim;
    standing.renew(asked);
    const { recorded, strays } = inFlight.reconcile(found.sending);
    this.flights.settled(recorded);
    for (const { to } of recorded) this.count(to);
    this.quota -= strays;
    inFlightLimit.settle(inFlight, inFlight.held);
  }

  contradiction(what: string): Error {
    const { sendId } = this.standing.claim;
    return new Error(`send ${sendId}: ${what}; see \`campaign verify ${sendId}\``);
  }

  private count(to: Settlement['to']): void {
    this.counts[to] += 1;
    // A row that comes back untouched has not used up its place in the batch.
    if (to === 'returned' || to === 'limited') this.quota += 1;
  }
}
