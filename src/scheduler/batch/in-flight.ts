import type { Recipient } from '../../domain/recipient.js';
import type { Settlement } from '../../domain/settlement.js';

/**
 * The ledger rows of one batch: read ahead, marked `sending`, on the wire, come back. Knows which of
 * them the database has confirmed, so that after any error it is plain what is owed.
 */
export class InFlight {
  /** Read but not marked: not ours yet. */
  private ahead: Recipient[] = [];
  /** The same of rows that a suppression may name. */
  private named: Recipient[] = [];
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
  /** The highest untouched row that was read, for reading on. */
  private highestRead = 0;

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

  /** Rows read ahead that a suppression may name. */
  get toCheck(): readonly Recipient[] {
    return this.named;
  }

  /** The highest untouched row that was read, for reading on. */
  get readTo(): number {
    return Math.max(this.cursorSeq, this.highestRead);
  }

  /** Rows that no connection has taken yet, marked or not. */
  get notBegun(): Recipient[] {
    const queued = [...this.handedOut.values()].filter(({ seq }) => !this.carried.has(seq));
    return [...this.ahead, ...this.waiting, ...queued];
  }

  /** Takes rows that were read, leaving out those already here; those that a suppression names are to be checked first. */
  read(rows: readonly Recipient[], isNamed: (row: Recipient) => boolean = () => false): void {
    const here = new Set([...this.ahead, ...this.named].map((row) => row.seq));
    for (const row of rows) {
      if (here.has(row.seq) || this.marked.has(row.seq)) continue;
      (isNamed(row) ? this.named : this.ahead).push(row);
      this.highestRead = Math.max(this.highestRead, row.seq);
    }
  }

  /**
   * Of the rows in hand those that a suppression names: what is not marked yet is to be checked before it may be, and what
   * no connection has taken goes back as it was; what one has taken goes no further, if it has not begun its text.
   * @returns those that were handed out, and are to be taken back
   */
  name(isNamed: (row: Recipient) => boolean): Set<number> {
    const [named, ahead] = parted(this.ahead, isNamed);
    if (named.length > 0) {
      this.ahead = ahead;
      this.named.push(...named);
    }
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
    return this.ahead.slice(0, count);
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
    if (skipped.length === 0) return highest(rows, this.cursorSeq);
    const gone = new Set([...rows, ...skipped].map(({ seq }) => seq));
    let left = Number.POSITIVE_INFINITY;
    for (const row of [...this.ahead, ...this.named]) {
      if (isFresh(row, this.cursorSeq) && !gone.has(row.seq)) left = Math.min(left, row.seq);
    }
    const below = [...rows, ...skipped].filter(({ seq }) => seq < left);
    return highest(below, this.cursorSeq);
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
    const taken = new Set([...rows, ...checked.skipped].map((row) => row.seq));
    this.ahead = this.ahead.filter((row) => !taken.has(row.seq));
    if (checked.skipped.length + checked.free.length > 0) this.release(checked);
    this.waiting.push(...rows);
  }

  private release(checked: { skipped: readonly Recipient[]; free: readonly Recipient[] }): void {
    const decided = new Set([...checked.skipped, ...checked.free]);
    this.named = this.named.filter((row) => !decided.has(row));
    this.ahead = [...this.ahead, ...checked.free].sort((a, b) => a.seq - b.seq);
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
    this.ahead = [];
    this.named = [];
    this.highestRead = 0;
    return { recorded, strays };
  }
}

const NONE_CHECKED = { skipped: [], free: [] } as const;

const highest = (rows: readonly Recipient[], least: number): number =>
  rows.reduce((max, row) => Math.max(max, row.seq), least);

/** Those of which it is true, and the others. */
function parted(
  rows: readonly Recipient[],
  isIt: (row: Recipient) => boolean,
): [Recipient[], Recipient[]] {
  const are: Recipient[] = [];
  const others: Recipient[] = [];
  for (const row of rows) (isIt(row) ? are : others).push(row);
  return [are, others];
}

const isFresh = (row: Recipient, cursorSeq: number): boolean => row.seq > cursorSeq;
