interface Party {
  held: number;
  wake: () => void;
}

/**
 * How many ledger rows the process may have `sending`, over all its batches: what a crash can leave uncertain.
 * Shared in equal parts; when it is short, those who asked first are served first.
 */
export class InFlightLimit {
  private readonly parties = new Map<object, Party>();
  private readonly queue = new Set<object>();
  private held = 0;

  constructor(private readonly limit: number) {}

  /** Rows that each owner may hold. */
  private get share(): number {
    return Math.max(1, Math.floor(this.limit / Math.max(1, this.parties.size)));
  }

  join(owner: object, wake: () => void): void {
    this.parties.set(owner, { held: 0, wake });
  }

  leave(owner: object): void {
    this.queue.delete(owner);
    this.put(owner, this.parties.get(owner)?.held ?? 0);
    this.parties.delete(owner);
    this.wakeNext();
  }

  /**
   * Grants up to `want` rows, none at all when others have waited longer; the owner is woken when it is its turn, and
   * until it asks again, or stops waiting, nobody behind it gets any.
   * @param leaving rows of the owner's that end in the very transaction that marks those it is granted
   */
  take(owner: object, want: number, leaving: number): number {
    const party = this.parties.get(owner);
    if (!party) return 0;
    const own = this.share - (party.held - leaving);
    const granted = Math.min(want, this.limit - (this.held - leaving), own);
    if (want <= 0 || own <= 0) {
      this.stopWaiting(owner);
      return 0;
    }
    const [first] = this.queue;
    if (granted <= 0 || (first !== undefined && first !== owner)) {
      this.queue.add(owner);
      return 0;
    }
    this.queue.delete(owner);
    party.held += granted;
    this.held += granted;
    this.wakeNext();
    return granted;
  }

  /** The owner wants no rows for now: those behind it need not wait for it. */
  stopWaiting(owner: object): void {
    if (this.queue.delete(owner)) this.wakeNext();
  }

  put(owner: object, count: number): void {
    const party = this.parties.get(owner);
    if (!party || count === 0) return;
    party.held -= count;
    this.held -= count;
    this.wakeNext();
  }

  /** Sets straight how many rows the owner holds, after it has read them anew. */
  settle(owner: object, held: number): void {
    this.put(owner, (this.parties.get(owner)?.held ?? 0) - held);
  }

  private wakeNext(): void {
    const [first] = this.queue;
    if (first !== undefined && this.held < this.limit) this.parties.get(first)?.wake();
  }
}
