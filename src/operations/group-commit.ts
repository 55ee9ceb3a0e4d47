import { setTimeout as sleep } from 'node:timers/promises';
import { CampaignError } from '../errors.js';

interface Waiting<T, R> {
  item: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** Items that may wait: what comes above that is not kept up with. */
const WAITING_AT_MOST = 5_000;

/**
 * Writes together what comes within some milliseconds or while the group before it is being written: so many small
 * transactions would hold up one another, and everybody else.
 */
export class GroupCommit<T, R> {
  private waiting: Waiting<T, R>[] = [];
  private running = false;

  /**
   * @param write resolves with a result for each item when all of them are committed
   * @param limit items of a group
   */
  constructor(
    private readonly write: (items: readonly T[]) => Promise<readonly R[]>,
    private readonly gatherMs: number,
    private readonly limit: number,
  ) {}

  /**
   * Resolves when the item is committed; rejects with whatever its group failed with.
   * @throws CampaignError DATABASE_UNREACHABLE when thousands wait already
   */
  async add(item: T): Promise<R> {
    if (this.waiting.length >= WAITING_AT_MOST) {
      throw new CampaignError(
        'DATABASE_UNREACHABLE',
        `the database does not keep up: ${WAITING_AT_MOST} wait for it already`,
        'try again in a minute',
      );
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    await sleep(this.gatherMs);
    while (this.waiting.length > 0) {
      const next = sleep(this.gatherMs);
      await this.writeNext();
      if (this.waiting.length > 0) await next;
    }
    this.running = false;
  }

  private async writeNext(): Promise<void> {
    const group = this.waiting.splice(0, this.limit);
    try {
      const results = await this.write(group.map(({ item }) => item));
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as R);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }
}
