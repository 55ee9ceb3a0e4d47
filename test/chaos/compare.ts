import { parseClaimName } from '../../src/domain/claim-name.ts';
import type { Database } from '../../src/store/mysql/database.ts';
import type { TruthEntry } from './truth.ts';

/** What is known of a round besides truth and ledger. */
export interface Round {
  sendIds: readonly number[];
  /** How often the operator put an unknown recipient back to pending, by address. */
  asked: ReadonlyMap<string, number>;
  /** Stopped workers that were woken after their claims had been taken over. */
  woken: readonly Woken[];
  /** Most rows that may have become unknown by what was done to the SMTP server and the workers. */
  smtpKills: number;
  connectionsInAll: number;
  connectionsEach: number;
}

export interface Woken {
  client: string;
  /** Unix time in milliseconds. */
  at: number;
  claims: readonly { sendId: number; number: number }[];
}

export interface Verdict {
  recipients: number;
  copiesTooMany: number;
  lost: number;
  unknown: number;
  unknownBound: number;
  /** Messages that a worker began after it had slept through its lease. */
  late: number;
  /** Every contradiction, in words. */
  contradictions: string[];
}

interface Row {
  sendId: number;
  seq: number;
  email: string;
  status: string;
  response: string | null;
  sentAt: Date | null;
  claimNumber: number | null;
}

interface Send {
  id: number;
  status: string;
  claimedBy: string | null;
  total: number;
  rows: number;
}

/** Holds truth, ledger and counters against each other once everything has come to rest. */
export async function compare(
  db: Database,
  entries: readonly TruthEntry[],
  round: Round,
): Promise<Verdict> {
  const [rows, sends, takeovers, resolved] = await Promise.all([
    readRows(db, round.sendIds),
    readSends(db, round.sendIds),
    readTakeovers(db, round.sendIds),
    countResolved(db, round.sendIds),
  ]);
  const contradictions: string[] = [];
  const accepted = new Map<string, Extract<TruthEntry, { kind: 'accepted' }>[]>();
  const refused = new Map<string, Extract<TruthEntry, { kind: 'refused' }>[]>();
  let dotCuts = 0;
  for (const entry of entries) {
    if (entry.kind === 'accepted') {
      accepted.set(entry.recipient, [...(accepted.get(entry.recipient) ?? []), entry]);
    } else if (entry.kind === 'refused') {
      refused.set(entry.recipient, [...(refused.get(entry.recipient) ?? []), entry]);
    } else if (entry.kind === 'dot-cut') {
      dotCuts += 1;
    } else if (entry.kind === 'body-for-nobody') {
      contradictions.push(`${entry.client} sent a body for a refused recipient`);
    }
  }
  let copiesTooMany = 0;
  let lost = 0;
  let unknown = resolved;
  const statusOf = new Map(sends.map(({ id, status }) => [id, status]));
  for (const row of rows) {
    const copies = accepted.get(row.email) ?? [];
    const asked = round.asked.get(row.email) ?? 0;
    if (row.status === 'unknown') unknown += 1;
    const where = `send ${row.sendId}: ${row.email} is ${row.status}, `;
    const may = asked + (['sent', 'unknown', 'sending'].includes(row.status) ? 1 : 0);
    if (copies.length > may) {
      copiesTooMany += copies.length - may;
      contradictions.push(
        `${where}and ${copies.length} copies were accepted: ${JSON.stringify(copies)}`,
      );
    }
    if (new Set(copies.map(({ messageId }) => messageId)).size > 1) {
      contradictions.push(`${where}and its copies have more than one Message-ID`);
    }
    if (row.status === 'sent') {
      if (copies.length === 0) {
        lost += 1;
        contradictions.push(`${where}and was never accepted`);
      } else if (!copies.some(({ queueId }) => isReply(row.response, queueId, round))) {
        contradictions.push(`${where}by "${row.response}", which is no reply it got`);
      }
      if (!row.sentAt) contradictions.push(`${where}at no time`);
    } else if (
      row.status === 'sending' ||
      (row.status === 'pending' && statusOf.get(row.sendId) !== 'cancelled')
    ) {
      lost += 1;
      contradictions.push(`${where}and its send has ended`);
    }
  }
  for (const send of sends) contradictions.push(...contradictionsOf(send));
  const late = lateStarts(rows, accepted, round.woken);
  contradictions.push(...late);
  const bySeq = new Map(rows.map((row) => [`${row.sendId} ${row.seq}`, row]));
  for (const takeover of takeovers) {
    contradictions.push(...falselySettled(takeover, bySeq, accepted, refused, round));
  }
  const unknownBound =
    unknownByTakeovers(takeovers, round) + dotCuts + round.smtpKills * round.connectionsInAll;
  if (unknown > unknownBound) {
    contradictions.push(`${unknown} recipients became unknown; at most ${unknownBound} may`);
  }
  return {
    recipients: rows.length,
    copiesTooMany,
    lost,
    unknown,
    unknownBound,
    late: late.length,
    contradictions,
  };
}

/** A server killed in the middle of its 250 leaves the words it had come to. */
const isReply = (response: string | null, queueId: string, { smtpKills }: Round): boolean => {
  const words = `Ok: queued as ${queueId}`;
  return response === words || (smtpKills > 0 && response !== null && words.startsWith(response));
};

function contradictionsOf({ id, status, claimedBy, total, rows }: Send): string[] {
  const found: string[] = [];
  if (status !== 'completed' && status !== 'cancelled') found.push(`send ${id} is still ${status}`);
  if (claimedBy !== null) found.push(`send ${id} is still claimed by ${claimedBy}`);
  if (total !== rows) found.push(`send ${id} counts ${total} recipients and has ${rows}`);
  return found;
}

/** What was accepted of rows of a lost claim after its holder woke up. */
function lateStarts(
  rows: readonly Row[],
  accepted: ReadonlyMap<string, Extract<TruthEntry, { kind: 'accepted' }>[]>,
  woken: readonly Woken[],
): string[] {
  return woken.flatMap(({ client, at, claims }) =>
    claims.flatMap(({ sendId, number }) =>
      rows
        .filter((row) => row.sendId === sendId && row.claimNumber === number)
        .flatMap(({ email }) => accepted.get(email) ?? [])
        .filter((copy) => copy.client === client && copy.at > at)
        .map(({ recipient }) => `send ${sendId}: ${client} woke up late and mailed ${recipient}`),
    ),
  );
}

/** What taking over a dead worker's claim did to the rows in its hands. */
interface Takeover {
  sendId: number;
  at: Date;
  details: {
    claim: string;
    /** By its flight recorder: rows, by what became of them. */
    recorded?: Partial<Record<'sent' | 'failed' | 'deferred' | 'returned', number[]>>;
  };
}

/** Nothing that the recorder gave back was received whole before; what it settled was answered so. */
function falselySettled(
  { sendId, at, details }: Takeover,
  bySeq: ReadonlyMap<string, Row>,
  accepted: ReadonlyMap<string, { at: number; queueId: string }[]>,
  refused: ReadonlyMap<string, { at: number; words: string }[]>,
  { asked }: Round,
): string[] {
  const { sent = [], failed = [], deferred = [], returned = [] } = details.recorded ?? {};
  const before = (answers: readonly { at: number }[] | undefined): number =>
    (answers ?? []).filter((answer) => answer.at <= at.getTime()).length;
  const found: string[] = [];
  const check = (seqs: readonly number[], what: string, holds: (row: Row) => boolean): void => {
    for (const seq of seqs) {
      const row = bySeq.get(`${sendId} ${seq}`);
      if (!row || !holds(row)) found.push(`send ${sendId}: ${row?.email ?? seq} ${what}`);
    }
  };
  check(
    returned,
    'was given back as not begun, and had been accepted',
    ({ email }) => before(accepted.get(email)) <= (asked.get(email) ?? 0),
  );
  check(
    sent,
    'was settled as sent, and had not been accepted',
    ({ email }) => before(accepted.get(email)) > 0,
  );
  check(
    [...failed, ...deferred],
    'was settled as refused, and had not been',
    ({ email }) => before(refused.get(email)) > 0,
  );
  return found;
}

/** All that a worker had in its hands, or, where its recorder was read, one message a connection. */
function unknownByTakeovers(takeovers: readonly Takeover[], { connectionsEach }: Round): number {
  const most = new Map<string, number>();
  for (const { details } of takeovers) {
    const worker = parseClaimName(details.claim)?.worker ?? details.claim;
    const bound = details.recorded ? connectionsEach : 2 * connectionsEach;
    most.set(worker, Math.max(most.get(worker) ?? 0, bound));
  }
  return [...most.values()].reduce((sum, bound) => sum + bound, 0);
}

async function readTakeovers(db: Database, sendIds: readonly number[]): Promise<Takeover[]> {
  const rows = await db.rows<{ sendId: number; at: Date; details: string }>(
    `SELECT SEND_ID AS sendId, AT AS at, DETAILS AS details FROM CAMPAIGN_SEND_EVENTS
      WHERE SEND_ID IN (?) AND EVENT = 'reclaimed'`,
    [sendIds],
  );
  return rows.map((row) => ({ ...row, details: JSON.parse(row.details) }));
}

/** The operator resolves one recipient at a time: an event each. */
async function countResolved(db: Database, sendIds: readonly number[]): Promise<number> {
  const [row] = await db.rows<{ count: number }>(
    "SELECT COUNT(*) AS count FROM CAMPAIGN_SEND_EVENTS WHERE SEND_ID IN (?) AND EVENT = 'resolved'",
    [sendIds],
  );
  return row?.count ?? 0;
}

const readRows = (db: Database, sendIds: readonly number[]): Promise<Row[]> =>
  db.rows<Row>(
    `SELECT SEND_ID AS sendId, SEQ AS seq, EMAIL AS email, STATUS AS status, RESPONSE AS response, SENT_AT AS sentAt,
            CLAIM_NUMBER AS claimNumber
       FROM CAMPAIGN_SEND_RESULTS WHERE SEND_ID IN (?)`,
    [sendIds],
  );

const readSends = (db: Database, sendIds: readonly number[]): Promise<Send[]> =>
  db.rows<Send>(
    `SELECT s.ID AS id, s.STATUS AS status, s.CLAIMED_BY AS claimedBy, s.TOTAL_COUNT AS total,
            (SELECT COUNT(*) FROM CAMPAIGN_SEND_RESULTS r WHERE r.SEND_ID = s.ID) AS \`rows\`
       FROM CAMPAIGN_SENDS s WHERE s.ID IN (?)`,
    [sendIds],
  );

/**
 * The sends whose counters differ from their ledger, by one statement's own snapshot: at every commit there may be
 * none.
 */
export async function unbalanced(db: Database, sendIds: readonly number[]): Promise<string[]> {
  const rows = await db.rows<{ id: number }>(
    `SELECT s.ID AS id
       FROM CAMPAIGN_SENDS s JOIN CAMPAIGN_SEND_RESULTS r ON r.SEND_ID = s.ID
      WHERE s.ID IN (?)
      GROUP BY s.ID, s.SENT_COUNT, s.FAILED_COUNT, s.UNKNOWN_COUNT, s.SKIPPED_COUNT, s.SENDING_COUNT, s.TOTAL_COUNT
     HAVING SUM(r.STATUS = 'sent') <> s.SENT_COUNT OR SUM(r.STATUS = 'failed') <> s.FAILED_COUNT
         OR SUM(r.STATUS = 'unknown') <> s.UNKNOWN_COUNT OR SUM(r.STATUS = 'skipped') <> s.SKIPPED_COUNT
         OR SUM(r.STATUS = 'sending') <> s.SENDING_COUNT OR COUNT(*) <> s.TOTAL_COUNT`,
    [sendIds],
  );
  return rows.map(({ id }) => `send ${id}: counters and ledger differed at a commit`);
}
