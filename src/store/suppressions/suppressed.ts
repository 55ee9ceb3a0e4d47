import type { Executor } from '../mysql/packet.js';

const namedBy = (name: string, condition: string): string =>
  `EXISTS (SELECT 1 FROM CAMPAIGN_SUPPRESSIONS n FORCE INDEX (PRIMARY)
            WHERE n.EMAIL_NORM = ${name} AND n.TOPIC IN ('', s.TOPIC)${condition})`;

const named = (condition: string): string =>
  `(${namedBy('r.EMAIL_NORM', condition)} OR ${namedBy("CONCAT('@', SUBSTRING_INDEX(r.EMAIL_NORM, '@', -1))", condition)})`;

/** Of a WHERE: whether a row of the ledger `r` may not be mailed by its send `s`. Each row is looked up, and locks nothing. */
export const IS_SUPPRESSED = named('');

/** The same of those that the release of the send's import knew of. */
export const WAS_SUPPRESSED = named(' AND n.VERSION > 0 AND n.VERSION <= s.CHECKED_VERSION');

/** Whether anybody at all is suppressed: else no row need be looked up. */
export async function areThereAny(db: Executor): Promise<boolean> {
  const found = await db.rows('SELECT 1 FROM CAMPAIGN_SUPPRESSIONS LIMIT 1');
  return found.length > 0;
}
