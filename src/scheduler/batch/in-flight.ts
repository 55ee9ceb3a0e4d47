import type { Recipient } from '../../domain/recipient.js';
import type { Settlement } from '../../domain/settlement.js';
import { highestOf, parted, RowsAhead } from './rows-ahead.js';

/**
 * The ledger rows of one batch: read ahead, marked `sending`, on the wire, come back. Knows which of
 * them the database has confirmed, so that after any error it is plain what is owed.
 */
export class InFlight {
  private readonly ahead = new RowsAhead();
  /** Marked and committed, waiting to start. */
  private waiting: Recipient[] = [];
  /** Every marked row that is not recorded yet. */
  private readonly marked = new Map<number, { fresh: boolean; acceptedBefore: number }>();
  /** Handed to the dispatcher, but not begun yet. */
  private readonly handedOut = new Map<number, Recipient>();
  /** Given to a connection. */
  private readonly carried = new Map<number, Recipient>();
  /** Of those the ones that are to go no further. */
  private readonly halted = new Set<number>();
  /** What became of rows, not yet recorded. */
  private arrived: Settlement[] = [];
  /** The highest untouched row that was marked or skipped, none having been left below it. */
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
    return this.ahead.rows.length;
  }

  /** Rows read ahead that a suppression may name. */
  get toCheck(): readonly Recipient[] {
    return this.ahead.named;
  }

  /** The highest untouched row that was read, for reading on. */
  get readTo(): number {
    return Math.max(this.cursorSeq, this.ahead.highest);
  }

  /** Rows that no connection has taken yet, marked or not. */
  get notBegun(): Recipient[] {
    const queued = [...this.handedOut.values()].filter(({ seq }) => !this.carried.has(seq));
    return [...this.ahead.rows, ...this.waiting, ...queued];
  }

  /** Takes rows that were read, leaving out those already here; those that a suppression names are to be checked first. */
  read(rows: readonly Recipient[], isNamed: (row: Recipient) => boolean = () => false): void {
    const unmarked = rows.filter(({ seq }) => !this.marked.has(seq));
    this.ahead.read(unmarked, isNamed);
  }

  /**
   * Of the rows in hand those that a suppression names: what is not marked yet is to be checked before it may be, and what
   * no connection has taken goes back as it was; what one has taken goes no further, if it has not begun its text.
   * @returns those that were handed out, and are to be taken back
   */
  name(isNamed: (row: Recipient) => boolean): Set<number> {
    this.ahead.name(isNamed);
    const [gone, waiting] = parted(this.waiting, isNamed);
    if (gone.length > 0) this.waiting = waiting;
    for (const { seq } of gone) this.came({ seq, to: 'returned', delayMs: 0 });
    const withdrawn = new Set<number>();
    for (const [seq, row] of this.handedOut) {
      if (this.carried.has(seq) || !isNamed(row)) continue;
      this.handedOut.delete(seq);
      this.came({ seq, to: 'returned', delayMs: 0 });
      withdrawn.add(seq);
    }
    for (const [seq, row] of this.carried) if (isNamed(row)) this.halted.add(seq);
    return withdrawn;
  }

  isHalted(seq: number): boolean {
    return this.halted.size > 0 && this.halted.has(seq);
  }

  next(count: number): Recipient[] {
    return this.ahead.rows.slice(0, count);
  }

  /** No fresh row at or below it will be `sending` once `rows` are marked and `settled` recorded. */
  settledSeq(
    rows: readonly Recipient[],
    settled: readonly Settlement[],
    skipped: readonly Recipient[] = [],
  ): number {
    const gone = new Set(settled.map(({ seq }) => seq));
    let lowest = Number.POSITIVE_INFINITY;
    for (const [seq, { fresh }] of this.marked) {
      if (fresh && !gone.has(seq)) lowest = Math.min(lowest, seq);
    }
    for (const row of rows) if (isFresh(row, this.cursorSeq)) lowest = Math.min(lowest, row.seq);
    return Number.isFinite(lowest) ? lowest - 1 : this.cursorAfter(rows, skipped);
  }

  /** The cursor once `rows` are marked and `skipped` skipped: no row read, and left as it is, is below it. */
  cursorAfter(rows: readonly Recipient[], skipped: readonly Recipient[] = []): number {
    if (skipped.length === 0) return highestOf(rows, this.cursorSeq);
    const gone = new Set([...rows, ...skipped].map(({ seq }) => seq));
    const left = this.ahead.lowestBut(gone, this.cursorSeq);
    const below = [...rows, ...skipped].filter(({ seq }) => seq < left);
    return highestOf(below, this.cursorSeq);
  }

  /** The database has committed: these are recorded, those are marked, and what was to be checked is skipped or free. */
  committed(
    rows: readonly Recipient[],
    settled: readonly Settlement[],
    checked: { skipped: readonly Recipient[]; free: readonly Recipient[] } = NONE_CHECKED,
  ): void {
    const cursorSeq = this.cursorAfter(rows, checked.skipped);
    for (const { seq } of settled) this.marked.delete(seq);
    const { acceptances: acceptedBefore } = this.relay;
    for (const row of rows) {
      this.marked.set(row.seq, { fresh: isFresh(row, this.cursorSeq), acceptedBefore });
    }
    this.cursorSeq = cursorSeq;
    this.ahead.take(rows, checked);
    this.waiting.push(...rows);
  }

  /** The next one to hand out. */
  submit(): Recipient | undefined {
    const recipient = this.waiting.shift();
    if (recipient) this.handedOut.set(recipient.seq, recipient);
    return recipient;
  }

  /** Whether it is handed out, and no connection has taken it. */
  isQueued(recipient: Recipient): boolean {
    const { seq } = recipient;
    return this.handedOut.get(seq) === recipient && !this.carried.has(seq);
  }

  /** Whether it is handed out, or a connection has it. */
  isHandedOut(seq: number): boolean {
    return this.handedOut.has(seq) || this.carried.has(seq);
  }

  /** A row that is handed out, and no connection has taken, goes back as it was. */
  takeBack(seq: number, delayMs: number): void {
    this.handedOut.delete(seq);
    this.came({ seq, to: 'returned', delayMs });
  }

  /** A connection has taken it. */
  begun(recipient: Recipient): void {
    this.carried.set(recipient.seq, recipient);
  }

  /** Its MAIL goes out. @returns whether for the first time */
  announced(seq: number): boolean {
    return this.handedOut.delete(seq);
  }

  /** What came of it is known. */
  ended(seq: number): void {
    this.handedOut.delete(seq);
    this.carried.delete(seq);
    if (this.halted.size > 0) this.halted.delete(seq);
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
    for (const seq of this.handedOut.keys()) {
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
    this.ahead.clear();
    return { recorded, strays };
  }
}

const NONE_CHECKED = { skipped: [], free: [] } as const;

const isFresh = (row: Recipient, cursorSeq: number): boolean => row.seq > cursorSeq;
