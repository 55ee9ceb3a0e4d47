import { CLOCK_SLACK_MS } from '../../domain/hold.js';
import { isRetryable } from './errors.js';
import type { Executor } from './packet.js';

/*
 * Times that are ahead of the clock, by more than clocks differ: it went back since, as by a failover. What is counted from
 * such a time would last longer by as much; set to now, it lasts no less than it is to, and not much longer.
 */

/** Whether a column's is. */
export const isAhead = (column: string): string =>
  `${column} > UTC_TIMESTAMP(3) + INTERVAL ${CLOCK_SLACK_MS * 1000} MICROSECOND`;

/** Sets it to now for these sends, where it still is. */
export async function setBack(
  db: Executor,
  column: 'LAST_BATCH_AT' | 'CLAIMED_AT',
  sends: readonly { sendId: number }[],
): Promise<void> {
  if (sends.length === 0) return;
  try {
    await db.run(
      `UPDATE CAMPAIGN_SENDS SET ${column} = UTC_TIMESTAMP(3) WHERE ID IN (?) AND ${isAhead(column)}`,
      [sends.map(({ sendId }) => sendId)],
    );
  } catch (error) {
    // The next look finds them.
    if (!isRetryable(error)) throw error;
  }
}
