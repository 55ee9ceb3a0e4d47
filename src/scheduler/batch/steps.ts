import type { Recipient } from '../../domain/recipient.js';
import type {
  CheckedRows,
  GivenUp,
  Refusal,
  Settlement,
  Step,
  StepResult,
} from '../../domain/settlement.js';
import type { Flights } from './flights.js';
import type { InFlight } from './in-flight.js';
import type { OpenSend } from './open-sends.js';
import type { Outage } from './outage.js';
import type { Reader } from './reader.js';
import type { Standing } from './standing.js';
import type { Starter } from './starter.js';
import type { BatchTools } from './tools.js';

/** What a step works with. */
interface StepParts {
  standing: Standing;
  inFlight: InFlight;
  flights: Flights;
  reader: Reader;
  outage: Outage;
  starter: Starter;
  openSend: OpenSend;
}

/** What was done with the rows that a step was asked to mark, and with those that it had to check. */
interface Done {
  marked: readonly Recipient[];
  skipped: readonly Recipient[];
  /** Named, but not suppressed by now. */
  free: readonly Recipient[];
  /** What it found, if it checked its rows. */
  found?: CheckedRows;
}

/** Keeps the ledger and what we hold of it in step: one transaction records what came and marks what goes out next. */
export class Steps {
  readonly counts = { sent: 0, failed: 0, unknown: 0, deferred: 0, returned: 0, limited: 0 };
  /** Suppressed rows; they are no work of the batch's. */
  skipped = 0;
  /** Nothing is left of the send, for the relay takes none of it. */
  gaveUp = false;

  /** @param quota rows the batch may still mark */
  constructor(
    public quota: number,
    private readonly parts: StepParts,
    private readonly tools: BatchTools,
  ) {}

  /** Whether the batch had any row. */
  get worked(): boolean {
    return Object.values(this.counts).some((count) => count > 0);
  }

  /** Rows that the next step checks, and skips if they are suppressed. */
  get toSkip(): readonly Recipient[] {
    return this.parts.standing.ending ? [] : this.parts.inFlight.toCheck;
  }

  /**
   * Records what came, and marks these.
   * @throws Error when the rows contradict it again and again
   */
  async step(rows: readonly Recipient[]): Promise<void> {
    const { standing, inFlight, outage } = this.parts;
    const { inFlightLimit, clock } = this.tools;
    const settlements = inFlight.takeArrived();
    const asked = clock();
    let result: StepResult;
    let done: Done = { marked: rows, skipped: [], free: [] };
    try {
      result = await this.stepUnlessNamed(rows, settlements);
      if (result.kind === 'suppressions-changed') {
        [result, done] = await this.checkedStep(rows, settlements);
      }
    } catch (error) {
      // Whether `rows` are marked is not known, so they count as in flight until `reconcile` has read it.
      inFlight.notRecorded(settlements);
      throw error;
    }
    if (result.kind === 'done') {
      standing.renew(asked);
      await this.committed(rows, settlements, done);
      return;
    }
    inFlight.notRecorded(settlements);
    inFlightLimit.put(inFlight, rows.length);
    if (result.kind === 'lost') standing.lost = true;
    else if (result.kind === 'not-running') standing.learn(result.state);
    else if (outage.isFaultTooMany()) throw this.contradiction('rows change under it');
    else await this.reconcile();
  }

  /** Learns of suppressions that a batch would not meet by itself, for it marks nothing just now. */
  async catchUp(version: number): Promise<void> {
    const { known, topic } = this.parts.openSend.suppressions;
    if (known === null || version === known || this.parts.standing.ending) return;
    const changes = await this.tools.ledger.suppressionChanges(known, topic);
    await this.parts.starter.learn(changes);
  }

  /** Where no row that is known is suppressed, and none can have come to be. */
  private async stepUnlessNamed(
    rows: readonly Recipient[],
    settlements: readonly Settlement[],
  ): Promise<StepResult> {
    const { standing, openSend } = this.parts;
    if (this.toSkip.length > 0) return { kind: 'suppressions-changed' };
    const step = this.make(settlements, rows, []);
    return this.tools.ledger.step(standing.claim, { ...step, known: openSend.suppressions.known });
  }

  /** Where one may be: the database says which of the rows are, in the transaction that skips and marks them. */
  private async checkedStep(
    rows: readonly Recipient[],
    settlements: readonly Settlement[],
  ): Promise<[StepResult, Done]> {
    const { standing, openSend } = this.parts;
    const { known, topic } = openSend.suppressions;
    if (known === null) throw this.contradiction('suppressions are asked for that are not heeded');
    // A read that ends meanwhile adds rows, and those are not asked for here.
    const toSkip = [...this.toSkip];
    const norms = [...rows, ...toSkip].map(({ emailNorm }) => emailNorm);
    let done: Done = { marked: [], skipped: [], free: [] };
    const result = await this.tools.ledger.checkedStep(
      standing.claim,
      { known, topic, norms },
      (found) => {
        done = this.decide(rows, toSkip, found);
        const skip = done.skipped.map(({ seq, emailNorm }) => ({
          seq,
          text: found.suppressed.get(emailNorm) ?? '',
        }));
        return { ...this.make(settlements, done.marked, done.skipped), skip };
      },
    );
    return [result, done];
  }

  private decide(
    rows: readonly Recipient[],
    toSkip: readonly Recipient[],
    found: CheckedRows,
  ): Done {
    const isSuppressed = ({ emailNorm }: Recipient): boolean => found.suppressed.has(emailNorm);
    const free = toSkip.filter((row) => !isSuppressed(row));
    // Nothing is marked ahead of a row that comes before it.
    const firstFree = Math.min(...free.map(({ seq }) => seq));
    return {
      marked: rows.filter((row) => !isSuppressed(row) && row.seq < firstFree),
      skipped: [...rows, ...toSkip].filter(isSuppressed),
      free,
      found,
    };
  }

  private make(
    settlements: readonly Settlement[],
    marked: readonly Recipient[],
    skipped: readonly Recipient[],
  ): Step {
    const { inFlight } = this.parts;
    return {
      settlements,
      mark: marked.map((row) => row.seq),
      skip: [],
      known: null,
      fromSeq: inFlight.cursorSeq,
      cursorSeq: inFlight.cursorAfter(marked, skipped),
      settledSeq: inFlight.settledSeq(marked, settlements, skipped),
    };
  }

  private async committed(
    rows: readonly Recipient[],
    settlements: readonly Settlement[],
    { marked, skipped, free, found }: Done,
  ): Promise<void> {
    const { inFlight, flights, outage, openSend, starter } = this.parts;
    outage.over();
    flights.settled(settlements);
    openSend.noMailboxes.recorded(settlements);
    inFlight.committed(marked, settlements, { skipped, free });
    this.tools.inFlightLimit.put(inFlight, settlements.length + rows.length - marked.length);
    this.quota -= marked.length;
    this.skipped += skipped.length;
    for (const { to } of settlements) this.count(to);
    if (!found) return;
    openSend.suppressions.forget(free);
    await starter.learn(found.changes);
  }

  /** Fails what is left of the send, of which nothing is in flight, in these words; what a stop leaves of it is left to the next probe. */
  async failRest(refusal: Refusal): Promise<void> {
    const { ledger, clock, stopping } = this.tools;
    const { standing } = this.parts;
    let afterSeq: number | null = 0;
    while (afterSeq !== null && !stopping.aborted) {
      const asked = clock();
      const page: GivenUp | null = await ledger.failPending(standing.claim, afterSeq, refusal);
      if (page === null) return;
      standing.renew(asked);
      this.counts.failed += page.rows;
      afterSeq = page.lastSeq;
    }
    this.gaveUp = afterSeq === null;
  }

  /** Reads how the ledger has it, after a request of which we don't know what came. */
  async reconcile(): Promise<void> {
    const { standing, inFlight, reader, flights, openSend } = this.parts;
    const { ledger, inFlightLimit, clock } = this.tools;
    await reader.restart();
    const asked = clock();
    const found = await ledger.reconcile(standing.claim);
    if (found === null) {
      standing.lost = true;
      return;
    }
    standing.claim = found.claim;
    standing.renew(asked);
    const { recorded, strays } = inFlight.reconcile(found.sending);
    flights.settled(recorded);
    openSend.noMailboxes.recorded(recorded);
    for (const { to } of recorded) this.count(to);
    this.quota -= strays;
    inFlightLimit.settle(inFlight, inFlight.held);
  }

  contradiction(what: string): Error {
    const { sendId } = this.parts.standing.claim;
    return new Error(`send ${sendId}: ${what}; see \`campaign verify ${sendId}\``);
  }

  private count(to: Settlement['to']): void {
    this.counts[to] += 1;
    // A row that comes back untouched has not used up its place in the batch.
    if (to === 'returned' || to === 'limited') this.quota += 1;
  }
}
