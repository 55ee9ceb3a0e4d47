import { linesOf } from '../domain/lines.js';
import { MailLogReader } from '../domain/mail-log.js';
import { genuineIn, parseMessageId } from '../domain/message-id.js';
import type { ResolvedFromLog } from '../domain/settled.js';
import { plural } from '../domain/text.js';
import { CampaignError } from '../errors.js';
import { readMessage } from '../store/messages.js';
import type { Database } from '../store/mysql/database.js';
import {
  type Attempt,
  attemptRange,
  listSelected,
  listUnknownBetween,
} from '../store/recipients/selection.js';
import { type Decision, type Settle, settleRows } from '../store/recipients/settle.js';
import { readProgress } from './progress.js';
import { requireResolvable } from './resolve.js';
import { noSuchSend, wrongState } from './send-errors.js';
import type { Workspace } from './workspace.js';

/** A mail log of Postfix or Exim, and what is to be made of it. */
export interface LogResolution {
  id: number;
  log: AsyncIterable<Uint8Array | string>;
  /** How messages call the log. */
  name: string;
  /** What recipients are to be whom the log covers and does not name; left out, they stay unknown. */
  absent?: 'pending' | undefined;
  /** Asked before any is tried again, with how many; what it throws leaves all as they are. */
  confirm?(recipients: number): Promise<void>;
}

const CHUNK_ROWS = 500;
const PAGE = 5000;

/** What a whole log says about a send. */
interface Findings {
  /** Unknown rows that the relay accepted. */
  accepted: Decision[];
  /** Unknown rows that the log names, accepted or not. */
  seen: Set<number>;
  /** The send's first and last sent rows that the log shows as accepted; between them it covers the send. */
  covered: { first: Attempt; last: Attempt } | undefined;
}

/**
 * Settles a send's unknown rows by the relay's own log. The log is read as a stream: what is held in memory grows
 * with the unknown rows alone.
 * @throws CampaignError NO_SUCH_SEND, BAD_FILE, or WRONG_STATE when the log settles nothing; nothing is changed then
 */
export async function resolveFromLog(
  workspace: Workspace,
  { id, name, log, absent: absentAre, confirm }: LogResolution,
): Promise<ResolvedFromLog> {
  const database = await workspace.database();
  await requireResolvable(database, id, absentAre !== undefined);
  const unknown = await readUnknown(database, id);
  if (unknown.size === 0) {
    throw new CampaignError(
      'WRONG_STATE',
      `send ${id} has no unknown recipients that could be resolved now`,
      'rows that a running batch holds can be resolved when it has ended',
    );
  }
  const findings = await readLog(workspace, database, unknown, {
    id,
    name,
    log,
    absent: absentAre,
  });
  const absent = absentAre ? await findAbsent(database, id, findings) : [];
  if (findings.accepted.length + absent.length === 0) {
    throw new CampaignError(
      'WRONG_STATE',
      `${name} settles nothing of send ${id}, which has ${plural(unknown.size, 'unknown recipient')}`,
      'give the log of the relay that this send went to, from before the attempt to after it',
    );
  }
  if (absent.length > 0) await confirm?.(absent.length);
  const base = { from: 'unknown', event: 'resolved', actor: workspace.actor } as const;
  const sent = await settleAll(database, id, { ...base, to: 'sent' }, findings.accepted);
  const pending = await settleAll(database, id, { ...base, to: 'pending' }, absent);
  return {
    changed: sent + pending > 0,
    sent,
    pending,
    unknown: unknown.size - sent - pending,
    progress: await readProgress(database, id),
  };
}

/** SEQs of the unknown rows that no claim holds. */
async function readUnknown(database: Database, id: number): Promise<Set<number>> {
  const unknown = new Set<number>();
  for (let after = 0; ; ) {
    const page = await listSelected(database, id, { from: 'unknown' }, after, PAGE);
    for (const seq of page) unknown.add(seq);
    if (page.length < PAGE) return unknown;
    after = page.at(-1) ?? after;
  }
}

async function readLog(
  { actor }: Workspace,
  database: Database,
  unknown: ReadonlySet<number>,
  { id, log, name, absent }: LogResolution,
): Promise<Findings> {
  const message = await readMessage(database, id);
  if (!message) throw noSuchSend(id);
  const wantsCoverage = absent !== undefined;
  const isGenuine = genuineIn(id, message.secret);
  const reader = new MailLogReader((text) => {
    const parts = parseMessageId(text);
    if (!parts || !(wantsCoverage || unknown.has(parts.seq))) return null;
    return isGenuine(parts) ? parts.seq : null;
  });
  const accepted = new Map<number, Decision>();
  const seen = new Set<number>();
  const coverage = new Coverage(database, id);
  for await (const lines of linesOf(log)) {
    for (const line of lines) {
      const fact = reader.read(line);
      if (!fact) continue;
      if (unknown.has(fact.seq)) {
        seen.add(fact.seq);
        if (fact.kind === 'accepted') {
          const text = `resolved as sent by ${actor} from the mail log: accepted as ${fact.queueId}`;
          accepted.set(fact.seq, { seq: fact.seq, text });
        }
      } else if (fact.kind === 'accepted') coverage.add(fact.seq);
    }
    await coverage.flush(PAGE);
  }
  await coverage.flush(1);
  if (reader.recognised === 0) {
    throw new CampaignError(
      'BAD_FILE',
      `${name} is no mail log of Postfix or Exim`,
      'a compressed log can be piped: `zcat mail.log.gz | campaign resolve <id> --from-maillog -`',
    );
  }
  return { accepted: [...accepted.values()], seen, covered: coverage.range };
}

/** Finds out between which attempts of a send a log holds its messages, a few thousand of them at a time. */
class Coverage {
  range: Findings['covered'];
  private waiting: number[] = [];

  constructor(
    private readonly database: Database,
    private readonly sendId: number,
  ) {}

  add(seq: number): void {
    this.waiting.push(seq);
  }

  /** Looks the rows up once there are so many. */
  async flush(atLeast: number): Promise<void> {
    while (this.waiting.length >= atLeast) {
      const found = await attemptRange(this.database, this.sendId, this.waiting.splice(0, PAGE));
      if (!found) continue;
      this.range = {
        first: earlier(this.range?.first ?? found.first, found.first),
        last: later(this.range?.last ?? found.last, found.last),
      };
    }
  }
}

const isEarlier = (a: Attempt, b: Attempt): boolean =>
  a.claimNumber < b.claimNumber || (a.claimNumber === b.claimNumber && a.seq < b.seq);
const earlier = (a: Attempt, b: Attempt): Attempt => (isEarlier(a, b) ? a : b);
const later = (a: Attempt, b: Attempt): Attempt => (isEarlier(a, b) ? b : a);

/** Unknown rows that the relay never saw, as far as the log covers their attempts. */
async function findAbsent(
  database: Database,
  id: number,
  { seen, covered }: Findings,
): Promise<Decision[]> {
  if (!covered) return [];
  const absent: Decision[] = [];
  for (let after = 0; ; ) {
    const page = await listUnknownBetween(database, id, covered.first, covered.last, after, PAGE);
    absent.push(...page.filter((seq) => !seen.has(seq)).map((seq) => ({ seq })));
    if (page.length < PAGE) return absent;
    after = page.at(-1) ?? after;
  }
}

async function settleAll(
  database: Database,
  id: number,
  settle: Settle,
  decisions: readonly Decision[],
): Promise<number> {
  const inOrder = [...decisions].sort((a, b) => a.seq - b.seq);
  let changed = 0;
  for (let start = 0; start < inOrder.length; start += CHUNK_ROWS) {
    const chunk = inOrder.slice(start, start + CHUNK_ROWS);
    const settled = await settleRows(database, id, settle, chunk);
    if (!settled) throw noSuchSend(id);
    if ('refused' in settled) throw wrongState(id, settled.refused, 'sent to again');
    changed += settled.changed;
  }
  return changed;
}
