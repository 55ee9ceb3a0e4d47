import { suppressionOf } from '../../domain/no-mailbox.js';
import { pick, select } from '../columns.js';
import { ATTENTION } from '../generated.js';
import type { Database } from '../mysql/database.js';
import { LEDGER } from '../recipients/row.js';
import { suppress } from './suppress.js';

/** Rows of a claim that are looked at: no batch has nearly as many refusals before they are written. */
const AT_MOST = 10_000;

const REFUSED = select(pick(LEDGER, 'emailNorm', 'smtpCode', 'enhancedCode', 'response'));

/** Suppresses whoever a claim recorded as refused for want of a mailbox: its worker may have died before it did. */
export async function suppressRefused(
  db: Database,
  sendId: number,
  claimNumber: number,
): Promise<void> {
  // Who got a test mail is not who is named by it.
  const rows = await db.rows<{
    emailNorm: string;
    smtpCode: number;
    enhancedCode: string | null;
    response: string | null;
  }>(
    `SELECT ${REFUSED} FROM CAMPAIGN_SEND_RESULTS r FORCE INDEX (ATTENTION_DUE)
      WHERE SEND_ID = ? AND ATTENTION = ${ATTENTION.failed} AND NEXT_ATTEMPT_AT IS NULL
        AND CLAIM_NUMBER = ? AND SMTP_CODE >= 500
        AND EXISTS (SELECT 1 FROM CAMPAIGN_SENDS s WHERE s.ID = r.SEND_ID AND s.TEST_OF IS NULL)
      LIMIT ?`,
    [sendId, claimNumber, AT_MOST],
  );
  const entries = rows.flatMap(
    ({ emailNorm, smtpCode: code, enhancedCode: enhanced, response }) => {
      const entry = suppressionOf(emailNorm, { code, enhanced, text: response ?? '' });
      return entry ? [entry] : [];
    },
  );
  if (entries.length > 0) await suppress(db, entries);
}
