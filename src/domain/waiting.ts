import { hasKeyFor } from './dkim.js';
import { durationInWords } from './duration.js';
import { isProbeDue } from './hold.js';
import { ALIVE_SECONDS, holderOf, STALE_CLAIM_SECONDS } from './lease.js';
import { slowestOf } from './limit-use.js';
import { formatRate, readRates } from './rates.js';
import type { Hold, Relay } from './relay.js';
import { pendingOf, type Send } from './send.js';

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

/** Whether a time is still to come. */
export const ahead = (time: Date | null, now: Date): time is Date => time !== null && time > now;

/** 0 for a time that has gone by. */
export const secondsUntil = (time: Date, now: Date): number =>
  Math.max(0, Math.ceil((time.getTime() - now.getTime()) / 1000));

/** Why nothing of a send is sent now; null when something is, or nothing is left to wait for. */
export function waitingOf(snapshot: Snapshot): Waiting | null {
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

const inWords = (time: Date, now: Date): string => durationInWords(secondsUntil(time, now));
