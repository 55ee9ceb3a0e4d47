import { LeaseHolder, type LeaseHolderDeps, MARK_AHEAD_MS, type Start } from './lease-holder.js';

/** A message whose connection stands waits so long for its turn, and then goes back. */
const TURN_MS = 2_000;

/** Where there is no rate. */
const ANY_TIME: Start = { latest: Number.POSITIVE_INFINITY, until: null };

interface Waiting {
  owner: object;
  until: number;
  resolve: (start: Start | null) => void;
}

/**
 * When messages may start, where the relay has a rate: gives each one of the instants that are leased over all hosts and
 * sends. Without a rate it does nothing, and costs nothing.
 */
export class Pacer {
  /** Told whenever a message may start. */
  onTurn: () => void = () => undefined;
  /** Batches of ours under way. */
  batches = 0;
  private readonly leases: LeaseHolder;
  private readonly waiting: Waiting[] = [];
  /** Messages that a connection waits for, and that one will in a moment. */
  private ready = 0;
  private soon = 0;
  /** Messages that a connection is being made for, without an instant. */
  private connecting = 0;
  private asking: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly deps: LeaseHolderDeps) {
    this.leases = new LeaseHolder(deps, () => (this.isOn ? this.schedule() : this.open()));
  }

  get isOn(): boolean {
    return this.leases.isOn;
  }

  /** The relay's rates, as they are now. */
  learn(rates: string | null): void {
    this.leases.learn(rates);
  }

  /** Rows that a batch may have waiting. */
  get room(): number {
    return this.leases.room;
  }

  /** Milliseconds until anything is free at all. */
  get closedMs(): number {
    return this.leases.closedMs;
  }

  /** Why, where that is long. */
  get closed(): LeaseHolder['closed'] {
    return this.leases.closed;
  }

  /** As `closedMs`, read anew where that is longer ago than a moment. */
  look(): Promise<number> {
    return this.leases.look();
  }

  /** Whether a connection may be made for a message, so that it is warm when the message's turn comes. */
  get mayConnect(): boolean {
    return this.connecting < this.leases.near;
  }

  /** Whether a connection is being made for a message: it will tell of itself. */
  get isConnecting(): boolean {
    return this.connecting > 0;
  }

  /** Whether messages that have a connection wait for an instant, or will in a moment. */
  get holdsUp(): boolean {
    return this.waiting.length + this.connecting > 0;
  }

  /** For so many messages a connection waits, and for so many one does in a moment. */
  want(ready: number, soon: number): void {
    this.ready = ready;
    this.soon = soon;
    if (this.rows > 0) this.schedule();
  }

  /** A connection will be free in a moment: there should be an instant by then. */
  askAhead(): void {
    if (this.asking || this.soon === 0 || this.closedMs > 0) return;
    if (this.leases.nextMs === Number.POSITIVE_INFINITY) this.ask();
  }

  /** Takes an instant for a message whose connection is at hand, if one has come that nobody waits for. */
  takeNow(): Start | null {
    return this.waiting.length === 0 ? this.take() : null;
  }

  /** Waits until a message may start, its connection at hand. @returns null when it may not */
  async turn(owner: object): Promise<Start | null> {
    const now = this.isOn ? this.takeNow() : ANY_TIME;
    if (now) return now;
    return new Promise((resolve) => {
      const until = this.deps.clock().monotonic + TURN_MS;
      this.waiting.push({ owner, until, resolve });
      this.schedule();
    });
  }

  /** Whether a message may still start at an instant that was taken. */
  isInTime({ latest }: Start): boolean {
    return this.deps.clock().monotonic <= latest;
  }

  /** Nothing started at an instant that was taken. */
  untake(start: Start): void {
    this.leases.untake(start);
  }

  /** A message without an instant goes to a connection that is not made yet; or has got there. */
  connects(by: 1 | -1): void {
    this.connecting += by;
    if (by < 0 && this.isOn) this.onTurn();
  }

  /** Messages of the owner that wait for their turn go back. */
  withdraw(owner: object): void {
    for (let i = this.waiting.length - 1; i >= 0; i--) {
      if (this.waiting[i]?.owner === owner) this.waiting.splice(i, 1)[0]?.resolve(null);
    }
  }

  /** Gives back what is leased and not used. Never rejects. */
  async giveBack(): Promise<void> {
    if (!this.isOn) return;
    this.leases.drop();
    await this.inTurn(() => {
      if (this.batches === 0) this.leases.drop();
      return this.leases.giveBack();
    });
  }

  /** Nobody is told of a turn any more. */
  stop(): void {
    clearTimeout(this.timer);
  }

  /** Messages that could start now. */
  private get rows(): number {
    return this.waiting.length + this.ready;
  }

  /** Messages that could start within a lease. */
  private get rowsAhead(): number {
    return this.waiting.length + Math.max(this.ready, this.soon);
  }

  private take(): Start | null {
    const start = this.leases.take();
    if (start && !this.asking && this.leases.runsShort(this.rowsAhead)) this.ask();
    return start;
  }

  /** There is no rate any more. */
  private open(): void {
    clearTimeout(this.timer);
    for (const { resolve } of this.waiting.splice(0)) resolve(ANY_TIME);
    this.onTurn();
  }

  /** Whoever waits with a connection comes before those who wait for one. */
  private serve(): void {
    const now = this.deps.clock().monotonic;
    for (let first = this.waiting[0]; first; first = this.waiting[0]) {
      const start = now < first.until ? this.take() : null;
      if (!start && now < first.until) break;
      this.waiting.shift();
      first.resolve(start);
    }
    this.onTurn();
    this.schedule();
  }

  /** Sees to it that the next turn is given when it comes. */
  private schedule(): void {
    clearTimeout(this.timer);
    if (!this.isOn || this.rows === 0) return;
    let waitMs = this.leases.nextMs;
    if (waitMs === Number.POSITIVE_INFINITY) {
      if (this.asking) return;
      waitMs = this.closedMs;
      if (waitMs <= 0) {
        this.ask();
        return;
      }
    }
    const [first] = this.waiting;
    if (first) waitMs = Math.min(waitMs, first.until - this.deps.clock().monotonic);
    this.timer = setTimeout(() => this.serve(), Math.max(1, Math.min(waitMs, MARK_AHEAD_MS)));
  }

  private ask(): void {
    void this.inTurn(async () => {
      const rows = this.rowsAhead;
      if (rows > 0) await this.leases.ask(rows, this.batches).catch(() => this.leases.wait());
    });
  }

  /** What is leased is read and written once at a time: else two requests would give the same back. */
  private inTurn(request: () => Promise<void>): Promise<void> {
    const before = this.asking ?? Promise.resolve();
    const asking = before.then(request).finally(() => {
      if (this.asking === asking) this.asking = null;
      this.serve();
    });
    this.asking = asking;
    return asking;
  }
}
