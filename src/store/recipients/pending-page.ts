import type { Executor } from '../mysql/packet.js';

/** A row that is to be mailed, as its import wrote it. */
export interface PendingRow {
  seq: number;
  email: string;
  norm: string;
  /** Merge fields as a JSON object. */
  fields: string | null;
}

/** A page of a send's pending rows, in the order of the list. */
export const pendingPage = (
  db: Executor,
  sendId: number,
  afterSeq: number,
  limit: number,
): Promise<PendingRow[]> =>
  db.rows<PendingRow>(
    `SELECT SEQ AS seq, EMAIL AS email, EMAIL_NORM AS norm, FIELDS AS fields FROM CAMPAIGN_SEND_RESULTS
      WHERE SEND_ID = ? AND SEQ > ? AND STATUS = 'pending' ORDER BY SEQ LIMIT ?`,
    [sendId, afterSeq, limit],
  );
