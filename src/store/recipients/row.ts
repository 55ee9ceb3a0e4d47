import { RECIPIENT_TRANSITIONS, type RecipientStatus } from '../../domain/states.js';

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
