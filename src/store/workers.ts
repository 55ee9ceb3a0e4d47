import { ALIVE_SECONDS } from '../domain/lease.js';
import { clip, REASON_LENGTH } from '../domain/text.js';
import { type KnownWorker, type LifeSign, NO_LIFE_SIGN } from '../domain/worker.js';
import { type Columns, select } from './columns.js';
import { isAhead } from './mysql/clock-back.js';
import type { Executor } from './mysql/packet.js';

/** What is left of a worker may settle its messages for so long. */
const FORGOTTEN_AFTER_DAYS = 7;

/** WORKER of the worker that holds the claim of the send `s`: CLAIMED_BY is that and the claim's number. */
export const HOLDER =
  "LEFT(s.CLAIMED_BY, CHAR_LENGTH(s.CLAIMED_BY) - LOCATE(':', REVERSE(s.CLAIMED_BY)))";

/** A sign of life of a running scheduler. */
export interface Heartbeat {
  /** Unique per process, as in CLAIMED_BY without its random part. */
  worker: string;
  host: string;
  pid: number;
  life?: LifeSign;
  /** How long from now the worker hands nothing to the SMTP server, if it backs off. */
  backingOffMs?: number;
  backingOffReason?: string;
  /** Those that it has DKIM keys of. */
  dkimDomains?: readonly string[];
}

/** Columns of what a worker leaves to be seen by. */
const LIFE: Columns<keyof LifeSign> = {
  bootId: 'BOOT_ID',
  pidNamespace: 'PID_NAMESPACE',
  socket: 'SOCKET',
  socketInode: 'SOCKET_INODE',
};
const LIFE_KEYS = Object.keys(LIFE) as (keyof LifeSign)[];

/**
 * Notes by the database's clock that the worker is alive, and forgets those unseen for a week. Who was seen ahead of it, for
 * it went back since, was seen just now.
 */
export async function beat(db: Executor, heartbeat: Heartbeat): Promise<void> {
  const micros =
    heartbeat.backingOffMs === undefined ? null : Math.round(heartbeat.backingOffMs * 1000);
  const { worker, host, pid, life = NO_LIFE_SIGN, backingOffReason, dkimDomains = [] } = heartbeat;
  const sign = LIFE_KEYS.map((key) => life[key]);
  const reason = backingOffReason === undefined ? null : clip(backingOffReason, REASON_LENGTH);
  await db.packet([
    {
      sql: `INSERT INTO CAMPAIGN_WORKERS
              (WORKER, HOST, PID, ${LIFE_KEYS.map((key) => LIFE[key]).join(', ')}, DKIM_DOMAINS,
               STARTED_AT, SEEN_AT, BACKING_OFF_UNTIL, BACKING_OFF_REASON)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?,
               UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND, ?)
            ON DUPLICATE KEY UPDATE SEEN_AT = UTC_TIMESTAMP(3),
              BACKING_OFF_UNTIL = UTC_TIMESTAMP(3) + INTERVAL ? MICROSECOND, BACKING_OFF_REASON = ?`,
      params: [
        ...[worker, host, pid, ...sign, dkimDomains.join(',')],
        ...[micros, reason, micros, reason],
      ],
    },
    {
      sql: `UPDATE CAMPAIGN_WORKERS SET SEEN_AT = UTC_TIMESTAMP(3) WHERE ${isAhead('SEEN_AT')}`,
      params: [],
    },
    {
      sql: 'DELETE FROM CAMPAIGN_WORKERS WHERE SEEN_AT < UTC_TIMESTAMP(3) - INTERVAL ? DAY',
      params: [FORGOTTEN_AFTER_DAYS],
    },
  ]);
}

/** Whether a scheduler was seen alive lately. */
export async function isAnyAlive(db: Executor): Promise<boolean> {
  const found = await db.rows(
    'SELECT 1 FROM CAMPAIGN_WORKERS WHERE SEEN_AT > UTC_TIMESTAMP(3) - INTERVAL ? SECOND LIMIT 1',
    [ALIVE_SECONDS],
  );
  return found.length > 0;
}

/** Workers that ran, or run, on this boot of this host's kernel, `worker` itself aside. */
export async function findNeighbours(
  db: Executor,
  bootId: string,
  worker: string,
): Promise<KnownWorker[]> {
  const rows = await db.rows<{ worker: string; pid: number } & LifeSign>(
    `SELECT ${select({ worker: 'WORKER', pid: 'PID', ...LIFE })}
       FROM CAMPAIGN_WORKERS WHERE BOOT_ID = ? AND WORKER <> ?`,
    [bootId, worker],
  );
  return rows.map(({ worker: name, pid, ...life }) => ({ worker: name, pid, life }));
}

/** Takes a worker that stops in good order, or of which nothing is left to settle, off the list. */
export async function removeWorker(db: Executor, worker: string): Promise<void> {
  await db.run('DELETE FROM CAMPAIGN_WORKERS WHERE WORKER = ?', [worker]);
}
