import type { Progress } from '../domain/progress.js';
import { time, timeOrNull } from './time.js';

/** How a send stands. */
export function progressJson({ send, ...progress }: Progress) {
  const { waiting } = progress;
  return {
    id: send.id,
    name: send.name,
    status: progress.status,
    reason: send.reason,
    total: send.total,
    sent: send.sent,
    failed: send.failed,
    unknown: send.unknown,
    skipped: send.skipped,
    pending: progress.pending,
    sending: send.sending,
    batchSize: send.batchSize,
    delayMs: send.delayMs,
    cooldownSeconds: send.cooldownSeconds,
    lastBatchAt: timeOrNull(send.lastBatchAt),
    claimedBy: send.claimedBy,
    claimedAt: timeOrNull(send.claimedAt),
    ratePerSecond: progress.ratePerSecond,
    etaSeconds: progress.etaSeconds,
    waiting: waiting && {
      for: waiting.for,
      until: timeOrNull(waiting.until),
      text: waiting.text,
    },
    createdAt: time(send.createdAt),
    startAt: timeOrNull(send.startAt),
    startedAt: timeOrNull(send.startedAt),
    finishedAt: timeOrNull(send.finishedAt),
    topic: send.topic,
    dkim: send.dkim,
    declined: send.declined,
    rejected: send.rejected,
    duplicates: send.duplicates,
    filtered: send.filtered,
    blank: send.blank,
    version: send.version,
    testOf: send.testOf,
  };
}
