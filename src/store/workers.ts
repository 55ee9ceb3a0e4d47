import { clip, REASON_LENGTH } from '../domain/text.js';
import type { Executor } from './database.js';

const FORGOTTEN_AFTER_DAYS = 1;

/** WORKER of the worker that holds the claim of the send `s`: CLAIMED_BY is that and the claim's number. */
export const HOLDER =
  "LEFT(s.CLAIMED_BY, CHAR_LENGTH(s.CLAIMED_BY) - LOCATE(':', REVERSE(s.CLAIMED_BY)))";

/** A sign of life of a running scheduler. */
export interface Heartbeat {
  /** Unique per process, as in CLAIMED_BY without its random part. */
  worker: string;
  host: string;
  pid: number;
  /** How long from now the worker hands nothing to the SMTP server, if it backs off. */
  backingOffMs?: number;
  backingOffReason?: string;
}

/** Notes by the database's clock that the worker is alive, and forgets those unseen for a day. */
export async function beat(db: Executor, heartbeat: Heartbeat): Promise<void> {
  const micros =
    heartbeat.backingOffMs === undefined ? null : Math.round(heartbeat.backingOffMs * 1000);
  const { backingOffReason } = heartbeat;
  const reason = backingOffReason === undefined ? null : clip(backingOffReason, REASON_LENGTH);
  await db.packet([
    {
      sql: `INSERT INTO CAMPAIGN_WORKERS
              (WORKER, HOST, PID, STARTED_AT, SEEN_AT, BACKING_OFF_UNTIL, BACKING_OFF_REASON)
            VALUES (?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND, ?)
            ON DUPLICATE KEY UPDATE SEEN_AT = UTC_TIMESTAMP(3),
              BACKING_OFF_UNTIL = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND, BACKING_OFF_REASON = ?`,
      params: [heartbeat.worker, heartbeat.host, heartbeat.pid, micros, reason, micros, reason],
    },
    {
      sql: 'DELETE FROM CAMPAIGN_WORKERS WHERE SEEN_AT < UTC_TIMESTAMP(3) - INTERVAL ? DAY',
      params: [FORGOTTEN_AFTER_DAYS],
    },
  ]);
}

/** Takes a worker that stops in good order off the list. */
export async function removeWorker(db: Executor, worker: string): Promise<void> {
  await db.run('DELETE FROM CAMPAIGN_WORKERS WHERE WORKER = ?', [worker]);
}
