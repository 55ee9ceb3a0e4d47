import { MissingCount, type MissingMode } from '../domain/missing.js';
import { plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import type { ListRecipient } from '../list/row-check.js';
import { RowLog } from '../list/row-log.js';
import type { Database } from '../store/mysql/database.js';
import { type MissingRow, skipMissing, takenOf } from '../store/recipients/missing.js';
import type { ReaderDeps } from './queue-reader.js';

/** Rows that are dealt with at a time, in one transaction. */
const PAGE = 1000;

/** The rows of an import that lack what their message prints, until all of the list is in the ledger. */
export class MissingRows {
  private readonly log = new RowLog<MissingRow>();

  /** @param firstSeq SEQ of the first of these recipients, which have one after the other */
  async add(recipients: readonly ListRecipient[], firstSeq: number): Promise<void> {
    for (const [index, { line, missing }] of recipients.entries()) {
      if (missing) this.log.add({ seq: firstSeq + index, line, fields: missing });
    }
    await this.log.flush();
  }

  /**
   * Counts those who are to be mailed, or skips them.
   * @throws CampaignError BAD_LIST where there are any and they are an error, WRONG_STATE where the send is importing no more
   */
  async settle(
    database: Database,
    sendId: number,
    mode: MissingMode,
    list: string,
    { signal, onFinding }: ReaderDeps,
  ): Promise<MissingCount> {
    const count = new MissingCount();
    const take = mode === 'skip' ? skipMissing : takenOf;
    for await (const page of this.log.pages(PAGE)) {
      signal.throwIfAborted();
      for (const row of await take(database, sendId, page)) count.add(row);
    }
    tellOfMissing(count, mode, list, onFinding);
    return count;
  }

  close(): Promise<void> {
    return this.log.close();
  }
}

/** @throws CampaignError BAD_LIST where there are any and they are an error */
export function tellOfMissing(
  { total, first, by }: MissingCount,
  mode: MissingMode,
  list: string,
  onFinding: ReaderDeps['onFinding'],
): void {
  if (total === 0) return;
  if (mode !== 'error') {
    onFinding({ kind: 'missing', skipped: mode === 'skip', total, first, by });
    return;
  }
  const lines = first.map(({ line, fields }) => `line ${line} (${fields.join(', ')})`);
  const more = total > first.length ? ` and ${plural(total - first.length, 'other')}` : '';
  throw new CampaignError(
    'BAD_LIST',
    `${list} has ${plural(total, 'row')} with an empty cell that the message prints: ${lines.join(', ')}${more}`,
    "fill these cells, say in the template what is to stand there ({{ name | default: 'friend' }}), or give --missing blank or --missing skip; nothing was queued",
  );
}
