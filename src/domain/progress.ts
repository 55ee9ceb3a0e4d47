import { lastsMs } from './limit-use.js';
import { pendingOf, type Send, type ShownStatus } from './send.js';
import { plural } from './text.js';
import { ahead, type Snapshot, secondsUntil, type Waiting, waitingOf } from './waiting.js';

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

/** Of a send that has ended with recipients of whom it is not known whether they got it: what settles that. */
export const unknownHint = (id: number, status: string, unknown: number): string | null =>
  unknown > 0 && (status === 'completed' || status === 'cancelled')
    ? `${plural(unknown, 'recipient is', 'recipients are')} unknown: \`campaign resolve ${id} --from-maillog <log>\` asks the relay's log, \`--as sent\` or \`--as failed\` decides`
    : null;
