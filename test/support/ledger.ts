import type { ClaimedSend } from '../../src/domain/claim.ts';
import type { Ledger } from '../../src/scheduler/ports.ts';
import type { Database } from '../../src/store/mysql/database.ts';

/** Claims a send that nobody holds, by this name. */
export async function claimBy(
  ledger: Pick<Ledger, 'claim'>,
  sendId: number,
  by: string,
): Promise<ClaimedSend> {
  const claimed = await ledger.claim(sendId, by, true);
  if (!claimed) throw new Error(`send ${sendId} was not claimed`);
  return claimed;
}

/** Makes the send's claim look `seconds` older than it is. */
export async function ageClaim(db: Database, sendId: number, seconds = 301): Promise<void> {
  await db.run(
    'UPDATE CAMPAIGN_SENDS SET CLAIMED_AT = CLAIMED_AT - INTERVAL ? SECOND WHERE ID = ?',
    [seconds, sendId],
  );
}

/** Makes all workers look as if they had not been seen for `seconds` more. */
export async function ageWorkers(db: Database, seconds = 40): Promise<void> {
  await db.run('UPDATE CAMPAIGN_WORKERS SET SEEN_AT = SEEN_AT - INTERVAL ? SECOND', [seconds]);
}

export interface Books {
  status: string;
  reason: string | null;
  total: number;
  sent: number;
  failed: number;
  unknown: number;
  skipped: number;
  sending: number;
  pending: number;
  claimedBy: string | null;
  lastBatchAt: Date | null;
  finishedAt: Date | null;
}

/** The send's counters, checked against a count of its ledger. */
export async function balancedBooks(db: Database, sendId: number): Promise<Books> {
  return db.transaction(async (tx) => {
    await tx.run('UPDATE CAMPAIGN_SENDS SET ID = ID WHERE ID = ?', [sendId]);
    const [send] = await tx.rows<Omit<Books, 'pending'>>(
      `SELECT STATUS AS status, STATUS_REASON AS reason, TOTAL_COUNT AS total, SENT_COUNT AS sent,
              FAILED_COUNT AS failed, UNKNOWN_COUNT AS unknown, SKIPPED_COUNT AS skipped,
              SENDING_COUNT AS sending, CLAIMED_BY AS claimedBy, LAST_BATCH_AT AS lastBatchAt,
              FINISHED_AT AS finishedAt
         FROM CAMPAIGN_SENDS WHERE ID = ?`,
      [sendId],
    );
    if (!send) throw new Error(`no send ${sendId}`);
    const counts = await tx.rows<{ status: string; count: number }>(
      'SELECT STATUS AS status, COUNT(*) AS count FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? GROUP BY STATUS',
      [sendId],
    );
    const ledger: Record<string, number> = {};
    for (const { status, count } of counts) ledger[status] = count;
    const { total, sent, failed, unknown, skipped, sending } = send;
    const books = {
      ...send,
      pending: total - sent - failed - unknown - skipped - sending,
    };
    for (const name of ['sent', 'failed', 'unknown', 'skipped', 'sending', 'pending'] as const) {
      if (books[name] !== (ledger[name] ?? 0)) {
        throw new Error(
          `send ${sendId}: ${name} is ${books[name]} by the counters, ${ledger[name] ?? 0} by the ledger`,
        );
      }
    }
    return books;
  });
}

export interface LedgerRow {
  seq: number;
  email: string;
  status: string;
  attempts: number;
  nextAttemptAt: Date | null;
  code: number | null;
  enhanced: string | null;
  response: string | null;
  sentAt: Date | null;
}

export const ledgerRows = (db: Database, sendId: number): Promise<LedgerRow[]> =>
  db.rows<LedgerRow>(
    `SELECT SEQ AS seq, EMAIL AS email, STATUS AS status, ATTEMPTS AS attempts,
            NEXT_ATTEMPT_AT AS nextAttemptAt, SMTP_CODE AS code, ENHANCED_CODE AS enhanced,
            RESPONSE AS response, SENT_AT AS sentAt
       FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID = ? ORDER BY SEQ`,
    [sendId],
  );
