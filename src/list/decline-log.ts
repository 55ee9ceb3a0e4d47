import type { Decline } from '../domain/declined.js';
import type { RowNo } from './consent.js';
import { RowLog } from './row-log.js';

/** A no, its column by number. */
type Entry = readonly [column: number, value: string, norm: string];

/**
 * The noes of a list in the order of its lines, kept until all of it is read: only then is it known which of them count, and
 * which addresses are in the ledger.
 */
export class DeclineLog {
  private readonly log: RowLog<Entry>;

  /** @param memoryCharacters before what is logged goes to a file */
  constructor(memoryCharacters?: number) {
    this.log = new RowLog(memoryCharacters);
  }

  add(norm: string, noes: readonly RowNo[]): void {
    for (const [column, value] of noes) this.log.add([column, value, norm]);
  }

  /** As `RowLog.flush`. */
  flush(): Promise<void> {
    return this.log.flush();
  }

  /**
   * What was logged, in the order of the list, in pages.
   * @param labelOf the header of a column whose noes count
   */
  async *pages(
    size: number,
    labelOf: (column: number) => string | undefined,
  ): AsyncGenerator<Decline[]> {
    let page: Decline[] = [];
    for await (const [column, value, norm] of this.log.entries()) {
      const label = labelOf(column);
      if (label === undefined) continue;
      page.push({ norm, column: label, value });
      if (page.length < size) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  close(): Promise<void> {
    return this.log.close();
  }
}
