import { FORGOTTEN } from '../../domain/forgotten.js';
import type { RecipientRow } from '../../domain/recipient-page.js';
import { RECIPIENT_TRANSITIONS, type RecipientStatus } from '../../domain/states.js';
import type { Columns } from '../columns.js';
import type { Param } from '../mysql/packet.js';

/** A row of the ledger, as people see it, without what follows from it. */
export interface LedgerRow extends Omit<RecipientRow, 'messageId' | 'version'> {
  seq: number;
  nextAttemptAt: Date | null;
  /** Null when no worker ever took the row. */
  claimNumber: number | null;
}

/** Columns of CAMPAIGN_SEND_RESULTS `r` that people see. */
export const LEDGER_ROW: Columns<keyof LedgerRow> = {
  seq: 'r.SEQ',
  email: 'r.EMAIL',
  status: 'r.STATUS',
  attempts: 'r.ATTEMPTS',
  smtpCode: 'r.SMTP_CODE',
  enhancedCode: 'r.ENHANCED_CODE',
  response: 'r.RESPONSE',
  nextAttemptAt: 'r.NEXT_ATTEMPT_AT',
  claimNumber: 'NULLIF(r.CLAIM_NUMBER, 0)',
  sentAt: 'r.SENT_AT',
};

/** Those that workers read besides. */
export const LEDGER: Columns<keyof LedgerRow | 'emailNorm' | 'fields' | 'limited'> = {
  ...LEDGER_ROW,
  emailNorm: 'r.EMAIL_NORM',
  fields: 'r.FIELDS',
  limited: 'COALESCE(r.LIMITED, 0)',
};

/**
 * The parts of an UPDATE that takes rows from one status to another.
 * @throws Error where the table of transitions has no such move
 */
export function rowMove(
  from: RecipientStatus,
  to: RecipientStatus,
): { set: string; where: string } {
  if (!RECIPIENT_TRANSITIONS[from].includes(to)) {
    throw new Error(`no recipient goes from ${from} to ${to}`);
  }
  return { set: `STATUS = '${to}'`, where: `STATUS = '${from}'` };
}

/** Whether an operator settled a row of the ledger, not a reply. Rows from before RESOLVED_AT say it in words alone. */
export const IS_RESOLVED =
  "(RESOLVED_AT IS NOT NULL OR (SMTP_CODE IS NULL AND COALESCE(RESPONSE LIKE 'resolved as %', FALSE)))";

/** Whether what a row held was blanked. Rows from before FORGOTTEN_AT say it in words alone. */
export const IS_FORGOTTEN = `(r.FORGOTTEN_AT IS NOT NULL OR (r.FIELDS IS NULL AND COALESCE(
  r.RESPONSE = '${FORGOTTEN}' OR (r.STATUS = 'skipped' AND r.RESPONSE LIKE '%: ${FORGOTTEN}'), FALSE)))`;

/** Picks each row's own value within one UPDATE of several rows. */
export class PerRow {
  readonly params: Param[] = [];

  constructor(private readonly seqs: readonly number[]) {}

  value(values: readonly (string | number | null)[]): string {
    const [first] = values;
    if (first !== undefined && values.every((value) => value === first)) {
      this.params.push(first);
      return '?';
    }
    this.params.push(this.seqs, values);
    return 'ELT(FIELD(SEQ, ?), ?)';
  }
}
