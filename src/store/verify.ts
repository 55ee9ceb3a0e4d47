import { DECLINED } from '../domain/declined.js';
import type { MessageVersion } from '../domain/message-version.js';
import { MISSING } from '../domain/missing.js';
import { pendingOf, type Send } from '../domain/send.js';
import { isFinished } from '../domain/states.js';
import { SUPPRESSED } from '../domain/suppression.js';
import type { Contradiction } from '../domain/verification.js';
import { readVersions } from './messages.js';
import type { Database } from './mysql/database.js';
import type { Executor } from './mysql/packet.js';
import { IS_RESOLVED } from './recipients/row.js';
import { readSend } from './sends/row.js';
import { areThereAny, WAS_SUPPRESSED } from './suppressions/suppressed.js';

/** Conditions that no row of a ledger may meet, `s` being its send's row, and what such a row is called. */
const IMPOSSIBLE_ROWS = {
  'sent rows without a time or a reply that accepted them': `r.STATUS = 'sent' AND (r.SENT_AT IS NULL OR NOT COALESCE(
       r.SMTP_CODE BETWEEN 200 AND 299 OR (r.SMTP_CODE IS NULL AND ${IS_RESOLVED}), FALSE))`,
  'rows with a time of sending that are not sent': "r.STATUS <> 'sent' AND r.SENT_AT IS NOT NULL",
  'failed rows without a reason':
    "r.STATUS = 'failed' AND r.SMTP_CODE IS NULL AND r.RESPONSE IS NULL",
  'sending rows that no claim holds':
    "r.STATUS = 'sending' AND (s.CLAIMED_BY IS NULL OR NOT r.CLAIM_NUMBER <=> s.CLAIM_NUMBER)",
  'sending rows outside the marks on the send': `r.STATUS = 'sending' AND r.NEXT_ATTEMPT_AT IS NULL
       AND (r.SEQ <= s.SETTLED_SEQ OR r.SEQ > s.CURSOR_SEQ)`,
  'pending rows that were passed over':
    "r.STATUS = 'pending' AND r.SEQ <= s.CURSOR_SEQ AND r.NEXT_ATTEMPT_AT IS NULL",
  'pending rows that were tried ahead of their turn': `r.STATUS = 'pending' AND r.SEQ > s.CURSOR_SEQ
       AND (r.NEXT_ATTEMPT_AT IS NOT NULL OR r.ATTEMPTS > 0)`,
  'rows with an outcome ahead of their turn':
    "r.STATUS IN ('sent', 'failed', 'unknown') AND r.SEQ > s.CURSOR_SEQ",
  'finished rows with a next attempt':
    "r.STATUS IN ('sent', 'failed', 'unknown', 'skipped') AND r.NEXT_ATTEMPT_AT IS NOT NULL",
  'rows beyond the last of the list': 'r.SEQ > s.LAST_SEQ',
  'test mails without their number':
    "s.TEST_OF IS NOT NULL AND r.EMAIL_NORM NOT LIKE CONCAT(r.SEQ, ' %')",
} as const;

const COUNTED = ['sent', 'failed', 'unknown', 'skipped', 'sending', 'pending'] as const;

interface Recount extends Record<(typeof COUNTED)[number], number> {
  total: number;
  /** Skipped rows by their reason: the list's own no, an empty cell, or none of these nor a suppression, as of somebody who was forgotten. */
  declined: number;
  missingSkipped: number;
  unexplained: number;
  [impossible: `impossible${number}`]: number;
  [first: `first${number}`]: number | null;
}

const SKIPPED_BY_REASON = `COUNT(IF(r.STATUS = 'skipped' AND r.RESPONSE LIKE '${DECLINED}%', 1, NULL)) AS declined,
            COUNT(IF(r.STATUS = 'skipped' AND r.RESPONSE LIKE '${MISSING}%', 1, NULL)) AS missingSkipped,
            COUNT(IF(r.STATUS = 'skipped' AND NOT COALESCE(r.RESPONSE LIKE '${DECLINED}%' OR r.RESPONSE LIKE '${MISSING}%'
              OR r.RESPONSE LIKE '${SUPPRESSED}%', FALSE), 1, NULL)) AS unexplained`;

/** One pass over the send's ledger, in the order it lies on disk. */
async function recount(db: Executor, id: number): Promise<Recount> {
  const impossible = Object.values(IMPOSSIBLE_ROWS).map(
    (condition, i) =>
      `COUNT(IF(${condition}, 1, NULL)) AS impossible${i}, MIN(IF(${condition}, r.SEQ, NULL)) AS first${i}`,
  );
  const counts = COUNTED.map(
    (status) => `COUNT(IF(r.STATUS = '${status}', 1, NULL)) AS \`${status}\``,
  );
  const [row] = await db.rows<Recount>(
    `SELECT COUNT(*) AS total, ${SKIPPED_BY_REASON},
            ${[...counts, ...impossible].join(', ')}
       FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r ON r.SEND_ID = s.ID
      WHERE s.ID = ?`,
    [id],
  );
  return row as Recount;
}

/** Files whose content is to be kept, and is not there whole. */
async function countLostFiles(db: Executor, id: number): Promise<number> {
  const [lost] = await db.rows<{ found: number }>(
    `SELECT COUNT(*) AS found
       FROM (SELECT DISTINCT r.FILE_ID, r.CONTENT_HASH, r.BYTES
               FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_FILES r ON r.SEND_ID = s.ID
              WHERE s.ID = ? AND s.FILES = 'kept') AS kept
      WHERE NOT EXISTS (
        SELECT 1 FROM CAMPAIGN_FILES f
         WHERE f.ID = kept.FILE_ID AND f.CONTENT_HASH = kept.CONTENT_HASH AND f.BYTES = kept.BYTES
           AND f.BYTES = (SELECT SUM(LENGTH(c.CONTENT)) FROM CAMPAIGN_FILE_CHUNKS c WHERE c.FILE_ID = f.ID))`,
    [id],
  );
  return lost?.found ?? 0;
}

interface Mailed {
  found: number;
  first: number | null;
}

/**
 * Rows that were mailed though the release of the import knew of the entry that names them: an entry is removed for good,
 * and one that is written anew has a newer version. What came later is marked by the version alone, which leaves no trace.
 */
async function findMailed(db: Executor, id: number): Promise<Mailed> {
  const none = { found: 0, first: null };
  if (!(await areThereAny(db))) return none;
  const [mailed] = await db.rows<Mailed>(
    `SELECT COUNT(*) AS found, MIN(r.SEQ) AS first
       FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r ON r.SEND_ID = s.ID
      WHERE s.ID = ? AND r.STATUS = 'sent' AND NOT ${IS_RESOLVED} AND ${WAS_SUPPRESSED}`,
    [id],
  );
  return mailed ?? none;
}

const mailedContradictions = ({ found, first }: Mailed): Contradiction[] =>
  found === 0
    ? []
    : [
        {
          what: `sent rows that were suppressed before the send began (the first has SEQ ${first})`,
          expected: 0,
          found,
        },
      ];

/**
 * Recomputes a send's figures from its ledger and checks the state of each row, in one consistent snapshot.
 * @returns what contradicts the books, nothing when they balance; undefined when there is no such send
 */
export function verifySend(db: Database, id: number): Promise<Contradiction[] | undefined> {
  return db.withSession(async (session) => {
    await session.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await session.run('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    try {
      const send = await readSend(session, id);
      if (!send) return undefined;
      const ledger = await recount(session, id);
      const versions = await readVersions(session, id);
      const mailed = await findMailed(session, id);
      const lostFiles = await countLostFiles(session, id);
      return [
        ...counterContradictions(send, ledger),
        ...reasonContradictions(send, ledger),
        ...mailedContradictions(mailed),
        ...(lostFiles === 0
          ? []
          : [{ what: 'files that are not there as they were', expected: 0, found: lostFiles }]),
        ...rowContradictions(ledger),
        ...statusContradictions(send, ledger),
        ...versionContradictions(send, versions),
      ];
    } finally {
      if (!session.broken) await session.run('COMMIT');
    }
  });
}

function counterContradictions(send: Send, ledger: Recount): Contradiction[] {
  // Nothing else happens to an import.
  const counters =
    send.status === 'importing'
      ? { total: send.total, skipped: send.skipped }
      : {
          total: send.total,
          sent: send.sent,
          failed: send.failed,
          unknown: send.unknown,
          skipped: send.skipped,
          sending: send.sending,
          pending: pendingOf(send),
        };
  return Object.entries(counters).flatMap(([name, found]) => {
    const expected = ledger[name as keyof typeof counters];
    return found === expected ? [] : [{ what: `count of ${name}`, expected, found }];
  });
}

/** Of a row whose texts were blanked it is not known why it was skipped. */
function reasonContradictions(
  { declined, missingSkipped }: Send,
  ledger: Recount,
): Contradiction[] {
  const counts = [
    { what: 'count of declined', expected: ledger.declined, found: declined },
    { what: 'count of missing', expected: ledger.missingSkipped, found: missingSkipped },
  ];
  return counts.flatMap(({ what, expected, found }) =>
    found === null || (found >= expected && found <= expected + ledger.unexplained)
      ? []
      : [{ what, expected, found }],
  );
}

function rowContradictions(ledger: Recount): Contradiction[] {
  return Object.keys(IMPOSSIBLE_ROWS).flatMap((what, i) => {
    const found = ledger[`impossible${i}`] ?? 0;
    const first = ledger[`first${i}`];
    return found === 0
      ? []
      : [{ what: `${what} (the first has SEQ ${first})`, expected: 0, found }];
  });
}

function statusContradictions(send: Send, ledger: Recount): Contradiction[] {
  const open = ledger.pending + ledger.sending;
  const finished = isFinished(send.status);
  return [
    ...(send.status === 'completed' && open > 0
      ? [{ what: 'pending or sending rows of a completed send', expected: 0, found: open }]
      : []),
    ...(finished === (send.finishedAt === null)
      ? [
          {
            what: `time of finishing of a send that is ${send.status}`,
            expected: finished ? 'a time' : 'none',
            found: send.finishedAt?.toISOString() ?? 'none',
          },
        ]
      : []),
  ];
}

/** Its message is there in each version, of which none begins before the one before it. */
function versionContradictions(
  { version }: Send,
  versions: readonly MessageVersion[],
): Contradiction[] {
  const found = versions.length;
  const disordered = versions.filter(
    (own, i) =>
      own.version !== i + 1 || own.fromClaimNumber < (versions[i - 1]?.fromClaimNumber ?? 0),
  ).length;
  return [
    ...(found === version ? [] : [{ what: 'messages of the send', expected: version, found }]),
    ...(disordered === 0
      ? []
      : [{ what: 'messages of the send out of their order', expected: 0, found: disordered }]),
  ];
}
