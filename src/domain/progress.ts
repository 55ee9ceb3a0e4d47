import { type DkimMode, hasKeyFor } from './dkim.js';
import { durationInWords } from './duration.js';
import { isProbeDue } from './hold.js';
import { ALIVE_SECONDS, holderOf, STALE_CLAIM_SECONDS } from './lease.js';
import { lastsMs, slowestOf } from './limit-use.js';
import { formatRate, readRates } from './rates.js';
import type { Hold, Relay } from './relay.js';
import { SEND_STATUSES, type SendStatus } from './states.js';
import { plural } from './text.js';

/** A running send whose START_AT is ahead is shown as `scheduled`. */
export type ShownStatus = SendStatus | 'scheduled';

export const SHOWN_STATUSES: readonly ShownStatus[] = [...SEND_STATUSES, 'scheduled'];

/** A send's own row. */
export interface Send {
  id: number;
  name: string;
  key: string | null;
  /** What it is about, for a no to that alone; empty: nothing in particular. */
  topic: string;
  /** Whether its messages are signed. */
  dkim: DkimMode;
  /** Domain of From, as A-labels; empty for sends from before. */
  fromDomain: string;
  status: SendStatus;
  reason: string | null;
  batchSize: number;
  delayMs: number;
  cooldownSeconds: number;
  maxAttempts: number;
  total: number;
  sent: number;
  failed: number;
  unknown: number;
  skipped: number;
  sending: number;
  lastBatchAt: Date | null;
  startAt: Date | null;
  claimedBy: string | null;
  claimedAt: Date | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  cursorSeq: number;
  lastSeq: number;
  /** What became of the list's lines that are not in the ledger; null until the import has ended, or where it was not counted. */
  rejected: number | null;
  duplicates: number | null;
  blank: number | null;
  filtered: number | null;
  /** Of those skipped the ones whom the list itself said not to write to. */
  declined: number | null;
  /** Those for whom a cell that their message prints is empty, and of these the ones that were skipped for it. */
  missing: number | null;
  missingSkipped: number;
  /** Of its message: 1 as it was queued, one more with each change. */
  version: number;
  /** Of test mails: the send whose message they show, or 0 where that was never queued; null for a send of a list. */
  testOf: number | null;
}

/** A scheduler seen alive lately. */
interface LiveWorker {
  worker: string;
  /** Null when it does not back off from the SMTP server. */
  backingOffUntil: Date | null;
  backingOffReason: string | null;
  /** Those that it has DKIM keys of, separated by commas. */
  dkimDomains: string;
}

/** Everything that progress is computed from. All times are by the database's clock. */
export interface Snapshot {
  now: Date;
  send: Send;
  /** Messages accepted within the last minute among the rows the send came to last, and the oldest of them. */
  recent: { count: number; since: Date | null };
  /** When the first row given back or deferred is due. */
  nextRetryAt: Date | null;
  workers: readonly LiveWorker[];
  /** What it goes through; null when there is no such relay. */
  relay: Relay | null;
  /** What is left of each send under way, where the relay has a rate. */
  underWay: readonly number[];
  /** When the worker that holds the claim was last seen; null when nobody holds it, or the worker has left. */
  holderSeenAt: Date | null;
}

export interface Waiting {
  for:
    | 'cooldown'
    | 'start'
    | 'retry'
    | 'server'
    | 'scheduler'
    | 'paused'
    | 'takeover'
    /** It is to be signed, and no scheduler has a key of its domain. */
    | 'dkim'
    /** The relay: it has taken what it takes in hours or a day, or its operator holds it. */
    | 'quota'
    /** The same of seconds or minutes. */
    | 'rate';
  until: Date | null;
  /** One line for people; may hold a server's words. */
  text: string;
}

export interface Progress {
  send: Send;
  /** When this was read, by the database's clock. */
  now: Date;
  status: ShownStatus;
  pending: number;
  /** Null when nothing was accepted lately, or the send does not run. */
  ratePerSecond: number | null;
  /** Null when the send does not run. */
  etaSeconds: number | null;
  /** Why nothing is sent now; null when something is, or nothing is left to wait for. */
  waiting: Waiting | null;
}

/** How a send stands after an operation on it. */
export interface ProgressAfter {
  /** False where nothing was to be changed. */
  changed: boolean;
  progress: Progress;
}

/** Whether nothing follows. */
export const hasEnded = ({ status }: Progress): boolean =>
  status === 'completed' || status === 'cancelled';

export const pendingOf = (send: Send): number =>
  send.total - send.sent - send.failed - send.unknown - send.skipped - send.sending;

const ahead = (time: Date | null, now: Date): time is Date => time !== null && time > now;

const secondsUntil = (time: Date, now: Date): number =>
  Math.max(0, Math.ceil((time.getTime() - now.getTime()) / 1000));

/** What may last for any time, or leaves what was counted to somebody who has not begun yet. */
const WITHOUT_ETA: ReadonlySet<Waiting['for']> = new Set([
  'scheduler',
  'server',
  'takeover',
  'dkim',
]);

export function progressOf(snapshot: Snapshot): Progress {
  const { send, now } = snapshot;
  const scheduled = send.status === 'running' && ahead(send.startAt, now);
  const waiting = waitingOf(snapshot);
  return {
    send,
    now,
    status: scheduled ? 'scheduled' : send.status,
    pending: pendingOf(send),
    ratePerSecond: rateOf(snapshot),
    etaSeconds:
      (waiting && WITHOUT_ETA.has(waiting.for)) || isLimited(snapshot) ? null : etaOf(snapshot),
    waiting,
  };
}

/** Whether the relay says that it takes no more: only its next probe tells whether it does again. */
const isLimited = ({ send, relay }: Snapshot): boolean =>
  send.status === 'running' && relay?.hold != null && relay.hold.kind !== 'operator';

/** Messages per second since the oldest of the recent ones, cooldowns included. */
function rateOf({ send, now, recent }: Snapshot): number | null {
  if (send.status !== 'running' || recent.count === 0 || recent.since === null) return null;
  const seconds = Math.max((now.getTime() - recent.since.getTime()) / 1000, 0.001);
  // One message is a point in time and no rate.
  return recent.count === 1 && seconds < 1
    ? null
    : Math.round((recent.count / seconds) * 100) / 100;
}

/** Seconds to the end at the rate of late or, without one, at the fastest that the pacing allows. */
function etaOf(snapshot: Snapshot): number | null {
  const { send, now, nextRetryAt, relay } = snapshot;
  if (send.status !== 'running') return null;
  const left = pendingOf(send) + send.sending;
  const rate = rateOf(snapshot);
  const batches = Math.max(0, Math.ceil(left / send.batchSize) - 1);
  const paced =
    rate === null ? batches * send.cooldownSeconds + (left * send.delayMs) / 1000 : left / rate;
  const limitedMs = lastsMs(relay?.limits ?? [], messagesBefore(snapshot, left));
  const seconds = Math.max(paced, limitedMs / 1000);
  const starts = [send.startAt, relay?.hold?.until ?? null].filter((time) => ahead(time, now));
  const untilStart = Math.max(0, ...starts.map((time) => secondsUntil(time as Date, now)));
  const untilRetry = nextRetryAt === null ? 0 : secondsUntil(nextRetryAt, now);
  return Math.ceil(Math.max(untilStart + seconds, untilRetry));
}

/** Messages that go out until so many of this send have: each send under way has an even part of the relay's rate. */
const messagesBefore = ({ underWay }: Snapshot, left: number): number =>
  Math.max(
    left,
    underWay.reduce((sum, other) => sum + Math.min(other, left), 0),
  );

function waitingOf(snapshot: Snapshot): Waiting | null {
  const { send, now, nextRetryAt, workers } = snapshot;
  if (send.status === 'paused') {
    return { for: 'paused', until: null, text: `paused: ${send.reason ?? 'no reason given'}` };
  }
  if (send.status !== 'running') return null;
  if (ahead(send.startAt, now)) {
    return { for: 'start', until: send.startAt, text: `starts in ${inWords(send.startAt, now)}` };
  }
  const takeover = deadClaim(snapshot);
  const held = relayHeld(snapshot);
  if (workers.length === 0) {
    const text = 'no scheduler is running: start `campaign run-scheduler`';
    const also = takeover ?? held;
    return { for: 'scheduler', until: null, text: also ? `${text}; ${also.text}` : text };
  }
  if (takeover) return takeover;
  const unsignable = keyMissing(snapshot);
  if (unsignable) return unsignable;
  if (held) return held;
  const limited = rateUsedUp(snapshot);
  if (limited) return limited;
  const server = serverTrouble(workers, now);
  if (server) return server;
  if (send.claimedBy !== null) return null;
  const untouchedLeft = send.cursorSeq < send.lastSeq;
  if (!untouchedLeft && ahead(nextRetryAt, now)) {
    return {
      for: 'retry',
      until: nextRetryAt,
      text: `only deferred recipients are left, the next is tried in ${inWords(nextRetryAt, now)}`,
    };
  }
  const due =
    send.lastBatchAt && new Date(send.lastBatchAt.getTime() + send.cooldownSeconds * 1000);
  if (ahead(due, now)) {
    return { for: 'cooldown', until: due, text: `cooling down ${inWords(due, now)}` };
  }
  return null;
}

/** No scheduler that runs may claim it. */
function keyMissing({ send, workers }: Snapshot): Waiting | null {
  const { dkim, fromDomain, claimedBy } = send;
  if (dkim !== 'required' || claimedBy !== null) return null;
  const isClaimable = workers.some(
    ({ dkimDomains }) => dkimDomains !== '' && hasKeyFor(dkimDomains.split(','), fromDomain),
  );
  return isClaimable ? null : { for: 'dkim', until: null, text: keyMissingText(fromDomain) };
}

const keyMissingText = (domain: string): string =>
  `no scheduler has a DKIM key of ${domain}, which it is to be signed with: \`campaign help dkim\``;

/** Shorter waits for a rate are none. */
const MOMENT_MS = 2_000;

const rateUsedUp = ({ send, now, relay }: Snapshot): Waiting | null =>
  relay && pendingOf(send) + send.sending > 0 ? usedUp(relay, now) : null;

/** What the relay's rates let be sent is used up for now, or cannot be told. */
export function usedUp(relay: Relay, now: Date): Waiting | null {
  if (!relay.rates) return null;
  const read = readRates(relay.rates);
  if ('wanted' in read) {
    const text = `the relay's rate cannot be read; \`campaign relay ${relay.name} --rate\` takes ${read.wanted}`;
    return { for: 'rate', until: null, text };
  }
  const limit = slowestOf(relay.limits);
  if (!limit || limit.opensInMs < MOMENT_MS) return null;
  const until = new Date(now.getTime() + limit.opensInMs);
  const text = `the relay's rate of ${formatRate(limit)} is used up until ${clockTime(until, now)} (in ${inWords(until, now)})`;
  return { for: 'rate', until, text };
}

/** The relay's hold, unless nothing would be tried before its end anyway. */
function relayHeld({ send, now, nextRetryAt, relay }: Snapshot): Waiting | null {
  if (!relay?.hold) return null;
  const { kind, until } = relay.hold;
  const onlyDeferredLeft = send.cursorSeq >= send.lastSeq;
  if (onlyDeferredLeft && nextRetryAt !== null && nextRetryAt > until) return null;
  return { for: kind === 'rate' ? 'rate' : 'quota', until, text: holdText(relay.hold, now) };
}

/** `the relay's limit is reached: 452 daily quota exceeded; tried again at 14:05 UTC (in 40 min)`. */
export function holdText(
  hold: Pick<Hold, 'kind' | 'reason' | 'until'> & Partial<Pick<Hold, 'probeBy'>>,
  now: Date,
): string {
  const { kind, reason, until, probeBy } = hold;
  const when = `at ${clockTime(until, now)} (in ${inWords(until, now)})`;
  if (kind === 'operator') return `the relay is held until ${when.slice(3)}: ${reason}`;
  const again = probeBy ? `tried now, or again ${when}` : `tried again ${when}`;
  const next = isProbeDue(hold, now) ? 'tried again now' : again;
  return `the relay's limit is reached: ${reason}; ${next}`;
}

const DAY_MS = 86_400_000;

/** `14:05 UTC`, with its day where that is not within the next 24 hours. */
function clockTime(time: Date, now: Date): string {
  const [day, clock = ''] = time.toISOString().split('T');
  const soon = Math.abs(time.getTime() - now.getTime()) < DAY_MS;
  return `${soon ? '' : `${day} `}${clock.slice(0, 5)} UTC`;
}

/** A claim whose worker shows no sign of life stands until it is stale, for it may still have messages on the wire. */
function deadClaim({ send, now, holderSeenAt }: Snapshot): Waiting | null {
  const { claimedBy, claimedAt } = send;
  if (claimedBy === null || claimedAt === null) return null;
  const silentMs = now.getTime() - (holderSeenAt ?? claimedAt).getTime();
  if (holderSeenAt !== null && silentMs < ALIVE_SECONDS * 1000) return null;
  const until = new Date(claimedAt.getTime() + STALE_CLAIM_SECONDS * 1000);
  return { for: 'takeover', until, text: heldText(claimedBy, silentMs, until, now) };
}

/** `held by vm:24300, not seen for 40 s; taken over in 4 min`. */
export function heldText(claimedBy: string, silentMs: number, until: Date, now: Date): string {
  const silent = durationInWords(Math.max(0, silentMs) / 1000);
  const next = ahead(until, now) ? `in ${inWords(until, now)}` : 'now';
  return `held by ${holderOf(claimedBy)}, not seen for ${silent}; taken over ${next}`;
}

/** The SMTP server is the reason only when no scheduler could send. */
function serverTrouble(workers: readonly LiveWorker[], now: Date): Waiting | null {
  const [first] = workers
    .filter((worker) => ahead(worker.backingOffUntil, now))
    .sort((a, b) => Number(a.backingOffUntil) - Number(b.backingOffUntil));
  const all = workers.every((worker) => ahead(worker.backingOffUntil, now));
  if (!first?.backingOffUntil || !all) return null;
  const reason = first.backingOffReason ? `: ${first.backingOffReason}` : '';
  return {
    for: 'server',
    until: first.backingOffUntil,
    text: `server backing off ${inWords(first.backingOffUntil, now)}${reason}`,
  };
}

/** Of a send that has ended with recipients of whom it is not known whether they got it: what settles that. */
export const unknownHint = (id: number, status: string, unknown: number): string | null =>
  unknown > 0 && (status === 'completed' || status === 'cancelled')
    ? `${plural(unknown, 'recipient is', 'recipients are')} unknown: \`campaign resolve ${id} --from-maillog <log>\` asks the relay's log, \`--as sent\` or \`--as failed\` decides`
    : null;

const inWords = (time: Date, now: Date): string => durationInWords(secondsUntil(time, now));
