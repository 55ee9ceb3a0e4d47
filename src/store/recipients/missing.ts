import { missingReason } from '../../domain/missing.js';
import type { Database } from '../mysql/database.js';
import { findPending, skipListed } from './skip-listed.js';

/** A row that lacks what its message prints. */
export interface MissingRow {
  seq: number;
  line: number;
  fields: readonly string[];
}

/** Those of them that are in the ledger and to be mailed: not the second line of an address, nor somebody who said no. */
export async function takenOf(
  database: Database,
  sendId: number,
  rows: readonly MissingRow[],
): Promise<MissingRow[]> {
  const pending = await findPending(
    database,
    sendId,
    rows.map(({ seq }) => seq),
  );
  return rows.filter(({ seq }) => pending.has(seq));
}

/**
 * Takes them out of a send that is importing: their rows become `skipped`, with the fields, and the books follow in the same
 * transaction.
 * @param rows so many that they fit into one statement
 * @returns those that were to be mailed
 * @throws CampaignError WRONG_STATE, with nothing written, when the send is importing no more
 */
export const skipMissing = (
  database: Database,
  sendId: number,
  rows: readonly MissingRow[],
): Promise<MissingRow[]> =>
  database.transaction(async (tx) => {
    const seqs = rows.map(({ seq }) => seq);
    const pending = await findPending(tx, sendId, seqs);
    const taken = rows.filter(({ seq }) => pending.has(seq));
    if (taken.length === 0) return [];
    await skipListed(
      tx,
      sendId,
      taken.map(({ seq }) => seq),
      taken.map(({ fields }) => missingReason(fields)),
      'missingSkipped',
    );
    return taken;
  });
