import type { Recipient } from '../../domain/recipient.js';
import type { Settlement } from '../../domain/settlement.js';

/**
 * The ledger rows of one batch: read ahead, marked `sending`, on the wire, come back. Knows which of
 * them the database has confirmed, so that after any error it is plain what is owed.
 */
export class InFlight {
  /** Read but not marked: not ours yet. */
  private ahead: Recipient[] = [];
  /** Marked and committed, waiting to start. */
  private waiting: Recipient[] = [];
  /** Every marked row that is not recorded yet. */
  private readonly marked = new Map<number, { fresh: boolean; acceptedBefore: number }>();
  /** Handed to the dispatcher, but not begun yet. */
  private readonly handedOut = new Set<number>();
  /** Given to a connection. */
  private readonly carried = new Set<number>();
  /** What became of rows, not yet recorded. */
  private arrived: Settlement[] = [];
  /** The highest untouched row that was marked. */
  cursorSeq: number;

  constructor(
    cursorSeq: number,
    private readonly relay: { readonly acceptances: number },
  ) {
    this.cursorSeq = cursorSeq;
  }

  /** How many messages the relay had accepted when this row was marked. */
  acceptedBefore(seq: number): number {
    return this.marked.get(seq)?.acceptedBefore ?? this.relay.acceptances;
  }

  /** Rows marked and not recorded. */
  get held(): number {
    return this.marked.size;
  }

  get toStart(): number {
    return this.waiting.length;
  }

  get submitted(): number {
    return this.handedOut.size;
  }

  get onTheWire(): number {
    return this.carried.size;
  }

  /** Rows handed out that no connection has taken yet; too many while a step is under way. */
  get queued(): number {
    return this.marked.size - this.arrived.length - this.waiting.length - this.carried.size;
  }

  get toRecord(): number {
    return this.arrived.length;
  }

  get readAhead(): number {
    return this.ahead.length;
  }

  /** The highest untouched row that was read, for reading on. */
  get readTo(): number {
    return this.ahead.reduce(
      (max, row) => (isFresh(row, this.cursorSeq) ? Math.max(max, row.seq) : max),
      this.cursorSeq,
    );
  }

  /** Takes rows that were read, leaving out those already here. */
  read(rows: readonly Recipient[]): void {
    const here = new Set(this.ahead.map((row) => row.seq));
    this.ahead.push(...rows.filter((row) => !here.has(row.seq) && !this.marked.has(row.seq)));
  }

  next(count: number): Recipient[] {
    return this.ahead.slice(0, count);
  }

  /** No fresh row at or below it will be `sending` once `rows` are marked and `settled` recorded. */
  settledSeq(rows: readonly Recipient[], settled: readonly Settlement[]): number {
    const gone = new Set(settled.map(({ seq }) => seq));
    let lowest = Number.POSITIVE_INFINITY;
    for (const [seq, { fresh }] of this.marked) {
      if (fresh && !gone.has(seq)) lowest = Math.min(lowest, seq);
    }
    for (const row of rows) if (isFresh(row, this.cursorSeq)) lowest = Math.min(lowest, row.seq);
    return Number.isFinite(lowest) ? lowest - 1 : this.cursorAfter(rows);
  }

  cursorAfter(rows: readonly Recipient[]): number {
    return rows.reduce((max, row) => Math.max(max, row.seq), this.cursorSeq);
  }

  /** The database has committed: these are recorded, those are marked. */
  committed(rows: readonly Recipient[], settled: readonly Settlement[]): void {
    for (const { seq } of settled) this.marked.delete(seq);
    const { acceptances: acceptedBefore } = this.relay;
    for (const row of rows) {
      this.marked.set(row.seq, { fresh: isFresh(row, this.cursorSeq), acceptedBefore });
    }
    this.cursorSeq = this.cursorAfter(rows);
    const taken = new Set(rows.map((row) => row.seq));
    this.ahead = this.ahead.filter((row) => !taken.has(row.seq));
    this.waiting.push(...rows);
  }

  /** The next one to hand out. */
  submit(): Recipient | undefined {
    const recipient = this.waiting.shift();
    if (recipient) this.handedOut.add(recipient.seq);
    return recipient;
  }

  /** A connection has taken it. */
  begun(seq: number): void {
    this.carried.add(seq);
  }

  /** Its MAIL goes out. @returns whether for the first time */
  announced(seq: number): boolean {
    return this.handedOut.delete(seq);
  }

  /** What came of it is known. */
  ended(seq: number): void {
    this.handedOut.delete(seq);
    this.carried.delete(seq);
  }

  came(settlement: Settlement): void {
    this.arrived.push(settlement);
  }

  /** What came, for recording; `notRecorded` takes it back. */
  takeArrived(): Settlement[] {
    return this.arrived.splice(0);
  }

  notRecorded(settled: readonly Settlement[]): void {
    this.arrived.unshift(...settled);
  }

  /** Rows that no connection has taken go back as they were. */
  giveBack(): void {
    for (const { seq } of this.waiting.splice(0)) this.came({ seq, to: 'returned', delayMs: 0 });
    for (const seq of this.handedOut) {
      if (this.carried.has(seq)) continue;
      this.handedOut.delete(seq);
      this.came({ seq, to: 'returned', delayMs: 0 });
    }
  }

  /**
   * Takes over how the database has it: rows it no longer has `sending` under our claim are recorded, rows it has
   * that we never learned of are given back, for they were never handed out.
   * @returns what turned out to be recorded already, and how many rows were marked without our knowing
   */
  reconcile(sending: ReadonlySet<number>): { recorded: Settlement[]; strays: number } {
    const recorded = this.arrived.filter(({ seq }) => !sending.has(seq));
    let strays = 0;
    this.arrived = this.arrived.filter(({ seq }) => sending.has(seq));
    this.waiting = this.waiting.filter(({ seq }) => sending.has(seq));
    for (const seq of this.marked.keys()) if (!sending.has(seq)) this.marked.delete(seq);
    for (const seq of sending) {
      if (this.marked.has(seq)) continue;
      strays += 1;
      this.marked.set(seq, { fresh: true, acceptedBefore: this.relay.acceptances });
      this.cursorSeq = Math.max(this.cursorSeq, seq);
      this.came({ seq, to: 'returned', delayMs: 0 });
    }
    this.ahead = [];
    return { recorded, strays };
  }
}

const isFresh = (row: Recipient, cursorSeq: number): boolean => row.seq > cursorSeq;
