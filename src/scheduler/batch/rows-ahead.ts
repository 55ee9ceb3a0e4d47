import type { Recipient } from '../../domain/recipient.js';

/** Rows of a batch that were read ahead, and are not marked: not ours yet. */
export class RowsAhead {
  /** Those that may be marked, the next first. */
  rows: readonly Recipient[] = [];
  /** Those that a suppression may name: they are to be checked before. */
  named: readonly Recipient[] = [];
  /** The highest that was read since all were let go. */
  highest = 0;

  /** Takes rows that were read, leaving out those already here. */
  read(rows: readonly Recipient[], isNamed: (row: Recipient) => boolean): void {
    const here = new Set([...this.rows, ...this.named].map((row) => row.seq));
    const fresh = rows.filter(({ seq }) => !here.has(seq));
    const [named, free] = parted(fresh, isNamed);
    if (free.length > 0) this.rows = [...this.rows, ...free];
    if (named.length > 0) this.named = [...this.named, ...named];
    this.highest = highestOf(fresh, this.highest);
  }

  /** A suppression may name some of them. */
  name(isNamed: (row: Recipient) => boolean): void {
    const [named, free] = parted(this.rows, isNamed);
    if (named.length === 0) return;
    this.rows = free;
    this.named = [...this.named, ...named];
  }

  /** The lowest above the cursor that is none of these; infinite where there is none. */
  lowestBut(gone: ReadonlySet<number>, cursorSeq: number): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const { seq } of [...this.rows, ...this.named]) {
      if (seq > cursorSeq && !gone.has(seq)) lowest = Math.min(lowest, seq);
    }
    return lowest;
  }

  /** Rows are marked; of those that were checked some are skipped, and the others may be marked next. */
  take(
    marked: readonly Recipient[],
    { skipped, free }: { skipped: readonly Recipient[]; free: readonly Recipient[] },
  ): void {
    const gone = new Set([...marked, ...skipped].map(({ seq }) => seq));
    this.rows = this.rows.filter(({ seq }) => !gone.has(seq));
    if (skipped.length + free.length === 0) return;
    const decided = new Set([...skipped, ...free]);
    this.named = this.named.filter((row) => !decided.has(row));
    this.rows = [...this.rows, ...free].sort((a, b) => a.seq - b.seq);
  }

  /** They are to be read anew. */
  clear(): void {
    this.rows = [];
    this.named = [];
    this.highest = 0;
  }
}

/** Those of which it is true, and the others. */
export function parted(
  rows: readonly Recipient[],
  isIt: (row: Recipient) => boolean,
): [Recipient[], Recipient[]] {
  const are: Recipient[] = [];
  const others: Recipient[] = [];
  for (const row of rows) (isIt(row) ? are : others).push(row);
  return [are, others];
}

export const highestOf = (rows: readonly Recipient[], least: number): number =>
  rows.reduce((max, row) => Math.max(max, row.seq), least);
